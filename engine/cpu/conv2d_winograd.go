package cpu

import "gangpu/engine/program"

const (
	// winogradCache is about how many elements the tiles of a task may have, transformed: a second-level cache. There are
	// no fewer than winogradLeast tiles, if there are so many, by which the filters are multiplied when they have been
	// read.
	winogradCache = 1 << 18
	winogradLeast = 24
	// winogradTasks is how many tasks there should be.
	winogradTasks = 8
	// winogradWeights is the most elements that the transformed filters may have: what a third-level cache holds. Those of
	// more than winogradNear are written to it slowly.
	winogradWeights = 1 << 22
	winogradNear    = 1 << 20
)

// A winograd is a convolution, or a transposed one, by Winograd's algorithm: filters of 3x3 of stride 1 by F(4x4, 3x3),
// 36 multiply-adds for 4x4 results where the definition has 144, and filters of 4x4 of stride 2 by F(3x3, 2x2), 16 of
// 36.
//
// Stride 2 makes four phases of pixels, those of even and odd rows and columns. A convolution is the sum over phases
// of its image of convolutions by 2x2; a transposed one makes a phase of its result by each of four.
//
//	V = Bᵀ d B for the part d of an image that a tile of results reads, in each phase
//	U = G g Gᵀ for each filter g of a phase
//	M = sum over channels, and over the image's phases, of U * V, element by element: products of matrices
//	Y = Aᵀ M A
type winograd struct {
	*winogradMatrices
	stride       int
	transposed   bool
	batch        int
	inH, inW, in int // of the image that is read
	outH, outW   int
	out          int
	padH, padW   int // of the convolution, before the image
	// Tiles cover a grid of results: the result's pixels or, if transposed, rows v of which pixel stride*v + phase - pad
	// is one of the result in some phase, and such columns.
	gridTop, gridLeft, gridRows, gridCols int
}

// winogradOf has the algorithm for the filter and stride of g, or none.
func winogradOf(g program.Geometry) (*winogradMatrices, bool) {
	switch {
	case g.FilterH != g.FilterW || g.StrideH != g.StrideW:
	case g.FilterH == 3 && g.StrideH == 1:
		return &winograd4x3, true
	case g.FilterH == 4 && g.StrideH == 2:
		return &winograd3x2, true
	}
	return nil, false
}

// winogradShape is the convolution g, if there is an algorithm for it.
func winogradShape(g program.Geometry) (winograd, bool) {
	matrices, ok := winogradOf(g)
	return winograd{winogradMatrices: matrices, stride: g.StrideH, batch: g.Batch,
		inH: g.InH, inW: g.InW, in: g.InC, outH: g.OutH(), outW: g.OutW(), out: g.OutC,
		padH: g.PadTop(), padW: g.PadLeft(), gridRows: g.OutH(), gridCols: g.OutW()}, ok
}

// winogradConv2D is the convolution g, if there is an algorithm for it and it pays.
func winogradConv2D(g program.Geometry) (c winograd, pays bool) {
	c, ok := winogradShape(g)
	return c, ok && c.pays()
}

// winogradTranspose is the transposed convolution of g, from its output to its input.
func winogradTranspose(g program.Geometry) (c winograd, pays bool) {
	matrices, ok := winogradOf(g)
	if !ok {
		return c, false
	}
	c = winograd{winogradMatrices: matrices, stride: g.StrideH, transposed: true, batch: g.Batch,
		inH: g.OutH(), inW: g.OutW(), in: g.OutC, outH: g.InH, outW: g.InW, out: g.InC,
		padH: g.PadTop(), padW: g.PadLeft()}
	c.gridTop, c.gridLeft = c.padH/c.stride, c.padW/c.stride
	c.gridRows = (c.outH-1+c.padH)/c.stride - c.gridTop + 1
	c.gridCols = (c.outW-1+c.padW)/c.stride - c.gridLeft + 1
	return c, c.pays()
}

// tiles are the rows and columns of tiles of an image.
func (c *winograd) tiles() (rows, cols int) {
	return ceilDiv(c.gridRows, c.m), ceilDiv(c.gridCols, c.m)
}

// products is the number of products of matrices, one an element of a transformed tile.
func (c *winograd) products() int { return c.winogradMatrices.in() * c.winogradMatrices.in() }

// depth is what is summed over in a product, and phases how many phases the result has.
func (c *winograd) depth() int {
	if c.transposed {
		return c.in
	}
	return c.stride * c.stride * c.in
}

func (c *winograd) phases() int {
	if c.transposed {
		return c.stride * c.stride
	}
	return 1
}

// pays reports whether the algorithm takes less time than the direct one, by what was measured: the unit is a
// multiply-add of a whole vector, and 16 transformed elements of an image, a result or a filter take so many times as
// many as a vector has.
func (c *winograd) pays() bool {
	const image, result = 1.0, 0.6
	elements := c.products() * c.depth() * c.phases() * c.out
	filter := 0.9
	if elements > winogradNear {
		filter = 3
	}
	rows, cols := c.tiles()
	tiles := c.batch * rows * cols
	lanes := unit.tileCols / 2
	out := roundUp(c.out, lanes)
	taps := c.r * c.r
	if !c.transposed {
		taps *= c.stride * c.stride
	}
	direct := c.batch * c.outH * c.outW * taps * c.in * out / lanes
	products := c.products() * roundUp(tiles, unit.tileRows) * c.depth() * c.phases() * out / lanes
	perTile := image*float64(c.products()*c.depth()) + result*float64(c.products()*c.phases()*c.out)
	transforms := (float64(tiles)*perTile + filter*float64(elements)) * 16 / float64(lanes)
	return c.in >= 16 && c.out >= 16 && elements <= winogradWeights && float64(products)+transforms < 0.8*float64(direct)
}

// kernel binds the convolution to its arrays. The filter is [taps, in, out], or [taps, out, in] if transposed.
func (c winograd) kernel(src, filter []float32, e epilogue, dst []float32, l *layout) kernel {
	var (
		n          = c.winogradMatrices.in()
		rows, cols = c.tiles()
		total      = c.batch * rows * cols
		depth      = c.depth()
		columns    = c.phases() * c.out
		perTask    = max(winogradCache/(c.products()*(depth+columns)), winogradLeast)
		panels     = ceilDiv(c.out, unit.tileCols)
		panelLen   = depth * unit.tileCols
		filters    = l.shared(c.products() * c.filtersLen())
		workers    = make([]tileWorker, l.workspace.threads)
		source     = func() []float32 { return filter }
		k          kernel
	)
	perTask = roundUp(min(perTask, ceilDiv(total, winogradTasks)), unit.tileRows)
	if c.transposed {
		turned := l.shared(len(filter))
		source = turned.floats
		k = append(k, c.turn(filter, turned))
	}
	halves := l.perWorker(n * c.r * c.stride * c.out)
	k = append(k, blocks(c.in, 8, func(first, end, worker int) {
		for i := first; i < end; i++ {
			c.transformFilters(source(), i, halves.worker(worker), filters.floats())
		}
	}))
	images, products := l.perWorker(perTask*c.products()*depth), l.perWorker(perTask*c.products()*columns)
	patchLen := n * c.stride * n * c.stride * c.in
	patches, patchHalves := l.perWorker(patchLen), l.perWorker(patchLen)
	resultHalves, results := l.perWorker(c.m*n*columns), l.perWorker(c.m*c.out)
	return append(k, blocks(total, perTask, func(first, end, worker int) {
		v, m := images.worker(worker), products.worker(worker)
		patch, half := patches.worker(worker), patchHalves.worker(worker)
		for i := first; i < end; i++ {
			c.transformImage(src, i, patch, half, v[(i-first)*c.products()*depth:], depth)
		}
		s, t := &workers[worker].segment, &workers[worker].tile
		*t = tile{zeros: &v[0], table: s, segments: 1, depth: depth, alpha: 1}
		for r := range s.a {
			s.a[r], t.cOffsets[r] = 4*r*c.products()*depth, 4*r*c.products()*columns
		}
		for product := range c.products() {
			for panel := range c.phases() * panels {
				column := panel % panels * unit.tileCols
				t.cols = min(unit.tileCols, c.out-column)
				t.b = &filters.floats()[product*c.filtersLen()+panel*panelLen]
				for row := 0; row < end-first; row += unit.tileRows {
					t.rows = min(unit.tileRows, end-first-row)
					t.a = &v[(row*c.products()+product)*depth]
					t.c = &m[(row*c.products()+product)*columns+panel/panels*c.out+column]
					unit.tile(t)
				}
			}
		}
		resultHalf, result := resultHalves.worker(worker), results.worker(worker)
		for i := first; i < end; i++ {
			c.transformResult(m[(i-first)*c.products()*columns:], i, resultHalf, result, &e, dst)
		}
	}))
}

// filtersLen is the number of elements of the transformed filters of a product: packed panels, those of a phase of the
// result together. What is added keeps the products out of each other's way in the caches.
func (c *winograd) filtersLen() int {
	return (c.phases()*ceilDiv(c.out, unit.tileCols)*c.depth() + 1) * unit.tileCols
}

// turn makes a filter [taps, in, out] of that of a transposed convolution. Taps of a phase change their order.
func (c *winograd) turn(filter []float32, turned region) phase {
	size := c.r * c.stride
	return phase{tasks: size * size, run: func(tap, _ int) {
		opposite := func(k int) int { return k%c.stride + (c.r-1-k/c.stride)*c.stride }
		n := c.in * c.out
		to := opposite(tap/size)*size + opposite(tap%size)
		transpose(turned.floats()[to*n:], c.out, filter[tap*n:], c.in, c.in, c.out)
	}}
}

// transformFilters sets the filters of input channel i, in all phases, to G g Gᵀ.
func (c *winograd) transformFilters(filter []float32, i int, half, filters []float32) {
	n, s, width := c.winogradMatrices.in(), c.stride, unit.tileCols
	size, panels, length := c.r*s, ceilDiv(c.out, width), c.filtersLen()
	for phase := range s * s {
		py, px := phase/s, phase%s
		for b := range c.r {
			tap := py*size + b*s + px
			c.g.times(filter[(tap*c.in+i)*c.out:], s*size*c.in*c.out, half[b*c.out:], c.r*c.out, c.out)
		}
		first, row := 0, phase*c.in+i // of the phase's panels, and in a panel
		if c.transposed {
			first, row = phase*panels, i
		}
		for panel := range panels {
			at := ((first+panel)*c.depth() + row) * width
			for u := range n {
				c.g.times(half[u*c.r*c.out+panel*width:], c.out, filters[u*n*length+at:], length, min(width, c.out-panel*width))
			}
		}
	}
}

// place is the image of a tile, and its first result's row and column.
func (c *winograd) place(tile int) (image, y, x int) {
	rows, cols := c.tiles()
	return tile / (rows * cols), tile / cols % rows * c.m, tile % cols * c.m
}

// transformImage sets out, whose products are stride elements apart, to Bᵀ d B of what a tile reads.
func (c *winograd) transformImage(src []float32, tile int, patch, half, out []float32, stride int) {
	image, y, x := c.place(tile)
	n, s := c.winogradMatrices.in(), 1
	if c.transposed {
		y, x = y+c.gridTop-(c.r-1), x+c.gridLeft-(c.r-1)
	} else {
		s = c.stride
		y, x = y*s-c.padH, x*s-c.padW
	}
	src = src[image*c.inH*c.inW*c.in:][:c.inH*c.inW*c.in]
	size, rowLen := n*s, n*s*c.in
	part, partStride := patch, rowLen
	if y >= 0 && x >= 0 && y+size <= c.inH && x+size <= c.inW {
		part, partStride = src[(y*c.inW+x)*c.in:], c.inW*c.in
	} else {
		clear(patch[:size*rowLen])
		left, right := max(0, -x), min(size, c.inW-x)
		for row := max(0, -y); row < min(size, c.inH-y) && left < right; row++ {
			copy(patch[row*rowLen+left*c.in:row*rowLen+right*c.in], src[((y+row)*c.inW+x+left)*c.in:])
		}
	}
	for py := range s {
		c.b.times(part[py*partStride:], s*partStride, half, rowLen, rowLen)
		for u := range n {
			for px := range s {
				c.b.times(half[u*rowLen+px*c.in:], s*c.in, out[u*n*stride+(py*s+px)*c.in:], stride, c.in)
			}
		}
	}
}

// transformResult sets the results of a tile to Aᵀ m A of the products m [products, phases, out].
func (c *winograd) transformResult(m []float32, tile int, half, result []float32, e *epilogue, dst []float32) {
	image, y, x := c.place(tile)
	n, s, columns := c.winogradMatrices.in(), 1, c.phases()*c.out
	if c.transposed {
		s = c.stride
	}
	rowLen := n * columns
	c.a.times(m, rowLen, half, rowLen, rowLen)
	for u := range min(c.m, c.gridRows-y) {
		for phase := range c.phases() {
			row, col := y+u, x // of the result
			if c.transposed {
				row, col = (c.gridTop+y+u)*s+phase/s-c.padH, (c.gridLeft+x)*s+phase%s-c.padW
			}
			if row < 0 || row >= c.outH {
				continue
			}
			first := ((image*c.outH+row)*c.outW + col) * c.out // of the first pixel, which may lie outside
			products := half[u*rowLen+phase*c.out:]
			if s == 1 && col >= 0 && col+c.m <= c.outW {
				out := dst[first:][:c.m*c.out]
				c.a.times(products, columns, out, c.out, c.out)
				e.all(out, first)
				continue
			}
			c.a.times(products, columns, result, c.out, c.out)
			for v := range c.m {
				if x := col + v*s; x >= 0 && x < c.outW {
					at := first + v*s*c.out
					out := dst[at:][:c.out]
					copy(out, result[v*c.out:])
					e.all(out, at)
				}
			}
		}
	}
}
