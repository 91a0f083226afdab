package cpu

import "gangpu/engine/program"

// Winograd's algorithm F(4x4, 3x3) makes tiles of 4x4 results by 36 multiply-adds a channel where the definition takes 144
// (Lavin and Gray, 2016, "Fast algorithms for convolutional neural networks"):
//
//	Y = Aᵀ [(G g Gᵀ) * (Bᵀ d B)] A
//
// for a filter g of 3x3 and an image d of 6x6, multiplied element by element; summed over channels, these are 36 products of
// matrices. The matrices are those for the points 0, 1, -1, 2, -2 and infinity.
var (
	winogradB = matrixOf([][]float64{
		{4, 0, -5, 0, 1, 0},
		{0, -4, -4, 1, 1, 0},
		{0, 4, -4, -1, 1, 0},
		{0, -2, -1, 2, 1, 0},
		{0, 2, -1, -2, 1, 0},
		{0, 4, 0, -5, 0, 1},
	})
	winogradG = matrixOf([][]float64{
		{1. / 4, 0, 0},
		{-1. / 6, -1. / 6, -1. / 6},
		{-1. / 6, 1. / 6, -1. / 6},
		{1. / 24, 1. / 12, 1. / 6},
		{1. / 24, -1. / 12, 1. / 6},
		{0, 0, 1},
	})
	winogradA = matrixOf([][]float64{
		{1, 1, 1, 1, 1, 0},
		{0, 1, -1, 2, -2, 0},
		{0, 1, 1, 4, 4, 0},
		{0, 1, -1, 8, -8, 1},
	})
)

func matrixOf(rows [][]float64) smallMatrix {
	return newSmallMatrix(len(rows), len(rows[0]), func(row, col int) float64 { return rows[row][col] })
}

const (
	winogradOut = 4 // results of a tile, in a direction
	winogradIn  = 6 // what they read
	// winogradCache is about how many elements the tiles of a task may have, transformed: a second-level cache. There are no
	// fewer than winogradLeast tiles, if there are so many, by which the filters are multiplied when they have been read.
	winogradCache = 1 << 18
	winogradLeast = 24
	// winogradTasks is how many tasks there should be.
	winogradTasks = 8
	// winogradWeights is the most elements that the transformed filters may have: what a third-level cache holds.
	winogradWeights = 1 << 22
)

// A winograd is a convolution by 3x3 of stride 1, from images [inH, inW, in] to images [outH, outW, out].
type winograd struct {
	batch      int
	inH, inW   int
	outH, outW int
	in, out    int
	top, left  int  // zeros before the image
	flipped    bool // the filter is that of a transposed convolution: [3, 3, out, in], turned by 180 degrees
}

// winogradConv2D is the convolution g.
func winogradConv2D(g program.Geometry) winograd {
	return winograd{batch: g.Batch, inH: g.InH, inW: g.InW, outH: g.OutH(), outW: g.OutW(), in: g.InC, out: g.OutC,
		top: g.PadTop(), left: g.PadLeft()}
}

// winogradTranspose is the transposed convolution of g, from its output to its input.
func winogradTranspose(g program.Geometry) winograd {
	return winograd{batch: g.Batch, inH: g.OutH(), inW: g.OutW(), outH: g.InH, outW: g.InW, in: g.OutC, out: g.InC,
		top: 2 - g.PadTop(), left: 2 - g.PadLeft(), flipped: true}
}

func winogradFits(g program.Geometry) bool {
	return g.FilterH == 3 && g.FilterW == 3 && g.StrideH == 1 && g.StrideW == 1
}

// tiles are the rows and columns of tiles of an image.
func (c winograd) tiles() (rows, cols int) {
	return ceilDiv(c.outH, winogradOut), ceilDiv(c.outW, winogradOut)
}

const winogradProducts = winogradIn * winogradIn

// pays reports whether the algorithm takes less time than the direct one, by what either was measured to take for a
// multiply-add of whole vectors (1), for a transformed element of an image, and for one of a filter.
func (c winograd) pays() bool {
	rows, cols := c.tiles()
	tiles := c.batch * rows * cols
	out := roundUp(c.out, unit.tileCols/2)
	lanes := unit.tileCols / 2
	direct := 9 * c.batch * c.outH * c.outW * c.in * out / lanes
	products := winogradProducts * roundUp(tiles, unit.tileRows) * c.in * out / lanes
	transforms := tiles*(38*c.in+19*c.out)*16/lanes + 4*c.in*c.out*16/lanes
	return c.in >= 16 && c.out >= 16 && winogradProducts*c.in*c.out <= winogradWeights && 5*(products+transforms) < 4*direct
}

// kernel binds the convolution to its arrays.
func (c winograd) kernel(src, filter []float32, e epilogue, dst []float32, l *layout) kernel {
	var (
		rows, cols = c.tiles()
		total      = c.batch * rows * cols
		perTask    = max(winogradCache/(winogradProducts*(c.in+c.out)), winogradLeast)
		panels     = ceilDiv(c.out, unit.tileCols)
		panelLen   = c.in * unit.tileCols
		filters    = l.shared(winogradProducts * c.filtersLen())
		workers    = make([]tileWorker, l.workspace.threads)
		bias       = e
		k          kernel
	)
	perTask = roundUp(min(perTask, ceilDiv(total, winogradTasks)), unit.tileRows)
	e.bias = nil
	source := func() []float32 { return filter }
	if c.flipped {
		turned := l.shared(len(filter))
		source = turned.floats
		k = append(k, phase{tasks: 9, run: func(tap, _ int) {
			n := c.in * c.out
			transpose(turned.floats()[(8-tap)*n:], c.out, filter[tap*n:], c.in, c.in, c.out)
		}})
	}
	halves := l.perWorker(winogradIn * 3 * c.out)
	k = append(k, blocks(c.in, 8, func(first, end, worker int) {
		c.transformFilters(source(), first, end, halves.worker(worker), filters.floats())
	}))
	images, products := l.perWorker(perTask*winogradProducts*c.in), l.perWorker(perTask*winogradProducts*c.out)
	patches, patchHalves := l.perWorker(winogradProducts*c.in), l.perWorker(winogradProducts*c.in)
	resultHalves, results := l.perWorker(winogradOut*winogradIn*c.out), l.perWorker(winogradOut*c.out)
	return append(k, blocks(total, perTask, func(first, end, worker int) {
		g := &workers[worker]
		v, m := images.worker(worker), products.worker(worker)
		patch, half := patches.worker(worker), patchHalves.worker(worker)
		for i := first; i < end; i++ {
			c.transformImage(src, i, patch, half, v[(i-first)*winogradProducts*c.in:])
		}
		s, t := &g.segment, &g.tile
		*t = tile{zeros: &v[0], table: s, segments: 1, depth: c.in, alpha: 1}
		for r := range s.a {
			s.a[r], t.cOffsets[r] = 4*r*winogradProducts*c.in, 4*r*winogradProducts*c.out
		}
		for product := range winogradProducts {
			for panel := range panels {
				t.cols = min(unit.tileCols, c.out-panel*unit.tileCols)
				t.b = &filters.floats()[product*c.filtersLen()+panel*panelLen]
				for row := 0; row < end-first; row += unit.tileRows {
					t.rows = min(unit.tileRows, end-first-row)
					t.a = &v[(row*winogradProducts+product)*c.in]
					t.c = &m[(row*winogradProducts+product)*c.out+panel*unit.tileCols]
					unit.tile(t)
				}
			}
		}
		resultHalf, result := resultHalves.worker(worker), results.worker(worker)
		for i := first; i < end; i++ {
			c.transformResult(m[(i-first)*winogradProducts*c.out:], i, resultHalf, result, &bias, &e, dst)
		}
	}))
}

// filtersLen is the number of elements of the transformed filters of a product, as packed panels. What is added keeps those
// of all products out of each other's way in the caches.
func (c winograd) filtersLen() int { return (ceilDiv(c.out, unit.tileCols)*c.in + 1) * unit.tileCols }

// transformFilters sets filters, packed as [36][panels][in][panel], for the input channels from first to end, to G g Gᵀ.
func (c winograd) transformFilters(filter []float32, first, end int, half, filters []float32) {
	panels, width := ceilDiv(c.out, unit.tileCols), unit.tileCols
	for i := first; i < end; i++ {
		for kx := range 3 {
			winogradG.times(filter[(kx*c.in+i)*c.out:], 3*c.in*c.out, half[kx*c.out:], 3*c.out, c.out)
		}
		for panel := range panels {
			n := min(width, c.out-panel*width)
			for row := range winogradIn {
				winogradG.times(half[row*3*c.out+panel*width:], c.out,
					filters[row*winogradIn*c.filtersLen()+(panel*c.in+i)*width:], c.filtersLen(), n)
			}
		}
	}
}

// place is the image, and the first result's row and column, of a tile.
func (c winograd) place(tile int) (image, y, x int) {
	rows, cols := c.tiles()
	return tile / (rows * cols), tile / cols % rows * winogradOut, tile % cols * winogradOut
}

// transformImage sets out [36, in] to Bᵀ d B of the part of the image that a tile reads.
func (c winograd) transformImage(src []float32, tile int, patch, half, out []float32) {
	image, y, x := c.place(tile)
	y -= c.top
	x -= c.left
	src = src[image*c.inH*c.inW*c.in:][:c.inH*c.inW*c.in]
	rowLen := winogradIn * c.in
	if y >= 0 && x >= 0 && y+winogradIn <= c.inH && x+winogradIn <= c.inW {
		winogradB.times(src[(y*c.inW+x)*c.in:], c.inW*c.in, half, rowLen, rowLen)
	} else {
		clear(patch)
		left, right := max(0, -x), min(winogradIn, c.inW-x)
		for row := max(0, -y); row < min(winogradIn, c.inH-y) && left < right; row++ {
			copy(patch[row*rowLen+left*c.in:row*rowLen+right*c.in], src[((y+row)*c.inW+x+left)*c.in:])
		}
		winogradB.times(patch, rowLen, half, rowLen, rowLen)
	}
	for row := range winogradIn {
		winogradB.times(half[row*rowLen:], c.in, out[row*rowLen:], c.in, c.in)
	}
}

// transformResult sets the results of a tile to Aᵀ m A of the products m [36, out].
func (c winograd) transformResult(m []float32, tile int, half, result []float32, bias, rest *epilogue, dst []float32) {
	image, y, x := c.place(tile)
	rowLen := winogradIn * c.out
	winogradA.times(m, rowLen, half, rowLen, rowLen)
	n := min(winogradOut, c.outW-x) * c.out
	for row := range min(winogradOut, c.outH-y) {
		first := ((image*c.outH+y+row)*c.outW + x) * c.out
		out := dst[first:][:n]
		if n == winogradOut*c.out {
			winogradA.times(half[row*rowLen:], c.out, out, c.out, c.out)
		} else {
			winogradA.times(half[row*rowLen:], c.out, result, c.out, c.out)
			copy(out, result)
		}
		bias.addBias(out)
		rest.finish(out, first)
	}
}
