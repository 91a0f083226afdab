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
	// winogradWeights is the most elements that transformed filters may have, of all at once: what a third-level cache
	// holds. Those of more than winogradNear are written to it slowly.
	winogradWeights = 1 << 22
	winogradNear    = 1 << 20
	// winogradGain is what of the direct algorithm's time the algorithm may take at most, by the estimates, for its larger
	// rounding errors.
	winogradGain = 0.95
)

// A winograd is a convolution, or a transposed one, by Winograd's algorithm: filters of 3x3 of stride 1 by F(4x4, 3x3),
// 36 multiply-adds for 4x4 results where the definition has 144, filters of 4x4 of stride 1 by F(3x3, 4x4), 36 of 144,
// and filters of 4x4 of stride 2 by F(3x3, 2x2), 16 of 36.
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
	case g.FilterH == 5 && g.StrideH == 1:
		return &winograd2x5, true
	case g.FilterH == 4 && g.StrideH == 1:
		return &winograd3x4, true
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

// elements is the number of elements of the transformed filters.
func (c *winograd) elements() int { return c.products() * c.depth() * c.phases() * c.out }

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

// pays reports whether the algorithm is exact enough and takes less time than the direct one, by what was measured with
// AVX-512 and AVX2 alike: the unit is a multiply-add of a whole vector, and 16 transformed elements of an image, a result
// or a filter take so many times as many as a vector has.
func (c *winograd) pays() bool {
	const image, result = 0.9, 1.0
	rows, cols := c.tiles()
	tiles := c.batch * rows * cols
	filter := 0.3
	if c.panelsPay() {
		filter *= float64(ceilDiv(tiles, winogradPanelTiles))
	}
	lanes := unit.tileCols / 2
	out := roundUp(c.out, lanes)
	taps := c.r * c.r
	if !c.transposed {
		taps *= c.stride * c.stride
	}
	direct := c.batch * c.outH * c.outW * taps * c.in * out / lanes
	products := c.products() * roundUp(tiles, unit.tileRows) * c.depth() * c.phases() * out / lanes
	perTile := image*float64(c.products()*c.depth()) + result*float64(c.products()*c.phases()*c.out)
	transforms := (float64(tiles)*perTile + filter*float64(c.elements())) * 16 / float64(lanes)
	return c.in >= 16 && c.out >= 16 && c.roundoff(c.depth()) <= winogradError && float64(products)+transforms < winogradGain*float64(direct)
}

// panelsPay reports whether it takes less time to transform the filters again for each group of tiles than to read
// transformed ones from far, or whether there are too few tiles to make tasks of.
func (c *winograd) panelsPay() bool {
	rows, cols := c.tiles()
	n, tiles := c.elements(), c.batch*rows*cols
	return n > winogradNear && tiles <= winogradPanelTiles || n > winogradWeights ||
		tiles < winogradTasks/2*unit.tileRows && c.out >= 2*unit.tileCols
}

// kernel binds the convolution to its arrays. The filter is [taps, in, out], or [taps, out, in] if transposed.
func (c winograd) kernel(src, filter []float32, e epilogue, dst []float32, l *layout) kernel {
	if c.panelsPay() {
		return c.byPanels(src, filter, e, dst, l)
	}
	return c.byTiles(src, filter, e, dst, l)
}

// byTiles transforms all filters, and then each task some tiles.
func (c *winograd) byTiles(src, filter []float32, e epilogue, dst []float32, l *layout) kernel {
	var (
		rows, cols = c.tiles()
		total      = c.batch * rows * cols
		depth      = c.depth()
		columns    = c.phases() * c.out
		imageLen   = c.products()*depth + rowPad
		resultLen  = c.products()*columns + rowPad
		perTask    = max(winogradCache/(c.products()*(depth+columns)), winogradLeast)
		panels     = ceilDiv(c.out, unit.tileCols)
		panelLen   = depth * unit.tileCols
		length     = (c.phases()*panels*depth + 1) * unit.tileCols
		filters    = l.shared(c.products() * length)
		packed     = c.newFilterScratch(l)
		workers    = make([]tileWorker, l.workspace.threads)
	)
	perTask = roundUp(min(perTask, ceilDiv(total, winogradTasks)), unit.tileRows)
	images, products := l.perWorker(perTask*imageLen), l.perWorker(perTask*resultLen)
	scratch := c.newScratch(c.m*c.out, c.m*c.winogradMatrices.in()*columns, l)
	return kernel{blocks(c.in, winogradInputs, func(first, end, worker int) {
		for phase := range c.stride * c.stride {
			row := phase*c.in + first // of the first panel that has it
			if c.transposed {
				row = phase*panels*depth + first
			}
			for panel := range panels {
				out := filters.floats()[panel*panelLen+row*unit.tileCols:]
				c.transformFilters(filter, phase, first, end-first, panel*unit.tileCols, packed.worker(worker), out, length)
			}
		}
	}), blocks(total, perTask, func(first, end, worker int) {
		v, m := images.worker(worker), products.worker(worker)
		for i := first; i < end; i++ {
			c.transformImage(src, i, scratch, worker, v[(i-first)*imageLen:], depth)
		}
		s, t := &workers[worker].segment, &workers[worker].tile
		*t = tile{zeros: &v[0], table: s, segments: 1, depth: depth, alpha: 1}
		for r := range s.a {
			s.a[r], t.cOffsets[r] = 4*r*imageLen, 4*r*resultLen
		}
		for product := range c.products() {
			for panel := range c.phases() * panels {
				column := panel % panels * unit.tileCols
				t.cols = min(unit.tileCols, c.out-column)
				t.b = &filters.floats()[product*length+panel*panelLen]
				for row := 0; row < end-first; row += unit.tileRows {
					t.rows = min(unit.tileRows, end-first-row)
					t.a = &v[row*imageLen+product*depth]
					t.c = &m[row*resultLen+product*columns+panel/panels*c.out+column]
					unit.tile(t)
				}
			}
		}
		for i := first; i < end; i++ {
			c.transformResult(m[(i-first)*resultLen:], i, 0, c.out, scratch, worker, &e, dst)
		}
	})}
}

// A winogradScratch is memory for transforms of images and results.
type winogradScratch struct{ patches, halves region }

// newScratch is for images, and for what takes so many elements.
func (c *winograd) newScratch(patches, halves int, l *layout) *winogradScratch {
	image := c.products() * c.stride * c.stride * c.in
	return &winogradScratch{patches: l.perWorker(max(image, patches)), halves: l.perWorker(max(image, halves))}
}

// winogradInputs is for how many input channels filters are transformed at a time.
const winogradInputs = 16

// newFilterScratch is memory for the transforms of a panel of filters.
func (c *winograd) newFilterScratch(l *layout) region {
	return l.perWorker((c.r + c.winogradMatrices.in()) * c.r * winogradInputs * unit.tileCols)
}

// transformFilters sets the filters of n input channels in a phase, from first on, for the panel of output channels from
// column on, to G g Gᵀ. Those of a product, [n, tileCols], lie length elements after those of the one before.
func (c *winograd) transformFilters(filter []float32, phase, first, n, column int, scratch, out []float32, length int) {
	s, t, lanes, cols := c.stride, c.winogradMatrices.in(), n*unit.tileCols, min(unit.tileCols, c.out-column)
	for a := range c.r {
		for b := range c.r {
			panel := scratch[(a*c.r+b)*lanes:]
			if c.transposed { // taps of a phase change their order
				tap := ((c.r-1-a)*s+phase/s)*c.r*s + (c.r-1-b)*s + phase%s
				packPanel(panel, filter[(tap*c.out+column)*c.in+first:], c.in, true, n, cols)
			} else {
				tap := (a*s+phase/s)*c.r*s + b*s + phase%s
				packPanel(panel, filter[(tap*c.in+first)*c.out+column:], c.out, false, n, cols)
			}
		}
	}
	half := scratch[c.r*c.r*lanes:]
	for b := range c.r {
		c.g.times(scratch[b*lanes:], c.r*lanes, half[b*lanes:], c.r*lanes, lanes)
	}
	for u := range t {
		c.g.times(half[u*c.r*lanes:], lanes, out[u*t*length:], length, lanes)
	}
}

// place is the image of a tile, and its first result's row and column.
func (c *winograd) place(tile int) (image, y, x int) {
	rows, cols := c.tiles()
	return tile / (rows * cols), tile / cols % rows * c.m, tile % cols * c.m
}

// transformImage sets out, whose products are stride elements apart, to Bᵀ d B of what a tile reads.
func (c *winograd) transformImage(src []float32, tile int, scratch *winogradScratch, worker int, out []float32, stride int) {
	patch, half := scratch.patches.worker(worker), scratch.halves.worker(worker)
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

// transformResult sets channels of the results of a tile, from column on, to Aᵀ m A of the products m
// [products, phases, cols].
func (c *winograd) transformResult(m []float32, tile, column, cols int, scratch *winogradScratch, worker int, e *epilogue, dst []float32) {
	half, result := scratch.halves.worker(worker), scratch.patches.worker(worker)
	image, y, x := c.place(tile)
	n, s, columns := c.winogradMatrices.in(), 1, c.phases()*cols
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
			first := ((image*c.outH+row)*c.outW+col)*c.out + column // of the first pixel, which may lie outside
			products := half[u*rowLen+phase*cols:]
			if s == 1 && col >= 0 && col+c.m <= c.outW {
				out := dst[first:]
				c.a.times(products, columns, out, c.out, cols)
				if cols == c.out {
					e.all(out[:c.m*cols], first)
					continue
				}
				for v := range c.m {
					e.part(out[v*c.out:][:cols], first+v*c.out, column)
				}
				continue
			}
			c.a.times(products, columns, result, cols, cols)
			for v := range c.m {
				if x := col + v*s; x >= 0 && x < c.outW {
					at := first + v*s*c.out
					out := dst[at:][:cols]
					copy(out, result[v*cols:])
					e.part(out, at, column)
				}
			}
		}
	}
}
