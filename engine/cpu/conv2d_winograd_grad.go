package cpu

import "gangpu/engine/program"

// winogradGroup is about how many elements the tiles have, transformed, that are multiplied at a time: what a
// third-level cache holds. Only a test changes it.
var winogradGroup = 1 << 19

// winogradSteps is how many tiles a tile of the gradient sums over in registers, as filterGradSteps. Such sums are
// added up: one long sum would lose too much to rounding, which Gᵀ magnifies.
const winogradSteps = 192

// winogradSums is the most elements that the sums may have, to bound memory.
const winogradSums = 1 << 24

// winogradFilterGrad is the filter's gradient of the convolution g, if there is an algorithm for it and it pays. It is
// the adjoint of the convolution's, in the filter:
//
//	dg = Gᵀ [sum over tiles of (Bᵀ d B) * (A dY Aᵀ)] G
func winogradFilterGrad(g program.Geometry) (c winograd, pays bool) {
	c, ok := winogradShape(g)
	return c, ok && c.gradPays()
}

// gradPays is pays for the filter's gradient.
func (c *winograd) gradPays() bool {
	const image, gradient, lanes = 1.7, 0.8, 16
	rows, cols := c.tiles()
	tiles, elements := c.batch*rows*cols, c.products()*c.depth()*c.out
	filter := 0.7
	if elements > winogradNear {
		filter = 1.1
	}
	width := float64(unit.outerCols / 2)
	direct := float64(c.batch*c.outH*c.outW*c.r*c.r*c.depth()*roundUp(c.out, unit.outerCols/2)) / width
	products := float64(tiles*c.products()*c.depth()*roundUp(c.out, unit.outerCols/2)) / width
	perTile := image*float64(c.depth()) + gradient*float64(c.out)
	transforms := float64(tiles*c.products())*perTile + filter*float64(elements)
	return c.in >= 16 && c.out >= 16 && elements <= winogradSums && c.roundoff(gradSteps(tiles)) <= winogradError &&
		products+transforms*lanes/width < winogradGain*direct
}

// gradSteps is how long the sums over tiles are, for their rounding: one in registers, then one of such sums.
func gradSteps(tiles int) int { return min(tiles, winogradSteps) + ceilDiv(tiles, winogradSteps) }

// filterGrad binds the gradient to its arrays.
func (c winograd) filterGrad(x, dy, dfilter []float32, l *layout) kernel {
	var (
		n          = c.winogradMatrices.in()
		rows, cols = c.tiles()
		total      = c.batch * rows * cols
		depth      = c.depth()
		group      = min(total, max(winogradSteps, winogradGroup/(c.products()*(depth+c.out))))
		images     = l.shared(c.products() * group * depth)
		gradients  = l.shared(c.products() * group * c.out)
		sums       = l.shared(c.products() * depth * c.out)
		scratch    = c.newScratch(c.m*c.m*c.out, n*max(c.m, c.r)*c.out, l)
		parts      = l.perWorker(unit.outerRows * unit.outerCols)
		pairs      = make([]pair, winogradSteps)
		outers     = make([]outer, l.workspace.threads)
		k          kernel
	)
	for i := range pairs {
		pairs[i] = pair{a: 4 * i * depth, b: 4 * i * c.out}
	}
	for begin := 0; begin < total; begin += group {
		tiles := min(group, total-begin)
		k = append(k, blocks(tiles, 8, func(first, end, worker int) {
			for i := first; i < end; i++ {
				c.transformImage(x, begin+i, scratch, worker, images.floats()[i*depth:], tiles*depth)
				c.transformGradient(dy, begin+i, scratch, worker, gradients.floats()[i*c.out:], tiles*c.out)
			}
		}))
		blocksOfRows := ceilDiv(depth, 8*unit.outerRows)
		k = append(k, phase{tasks: c.products() * blocksOfRows, run: func(task, worker int) {
			product, firstRow := task/blocksOfRows, task%blocksOfRows*8*unit.outerRows
			v, z := images.floats()[product*tiles*depth:], gradients.floats()[product*tiles*c.out:]
			sum := sums.floats()[product*depth*c.out:]
			o := &outers[worker]
			*o = outer{pairs: &pairs[0], images: 1}
			for tile := 0; tile < tiles; tile += winogradSteps {
				o.steps = min(winogradSteps, tiles-tile)
				for row := firstRow; row < min(firstRow+8*unit.outerRows, depth); row += unit.outerRows {
					o.rows = min(unit.outerRows, depth-row)
					for r := range unit.outerRows {
						o.rowOffsets[r] = 4 * min(r, o.rows-1)
					}
					o.a = &v[tile*depth+row]
					for col := 0; col < c.out; col += unit.outerCols {
						o.cols = min(unit.outerCols, c.out-col)
						o.b, o.c, o.cStride = &z[tile*c.out+col], &sum[row*c.out+col], 4*c.out
						if begin+tile == 0 {
							unit.outer(o)
							continue
						}
						part := parts.worker(worker)
						o.c, o.cStride = &part[0], 4*unit.outerCols
						unit.outer(o)
						for r := range o.rows {
							unit.axpy(1, part[r*unit.outerCols:][:o.cols], sum[(row+r)*c.out+col:])
						}
					}
				}
			}
		}})
	}
	return append(k, blocks(depth, 8, func(first, end, worker int) {
		for row := first; row < end; row++ {
			c.gradOfFilters(sums.floats(), row, scratch.halves.worker(worker), dfilter)
		}
	}))
}

// transformGradient sets out, whose products are stride elements apart, to A dY Aᵀ of a tile of the result's gradient.
func (c *winograd) transformGradient(dy []float32, tile int, scratch *winogradScratch, worker int, out []float32, stride int) {
	patch, half := scratch.patches.worker(worker), scratch.halves.worker(worker)
	image, y, x := c.place(tile)
	n := c.winogradMatrices.in()
	rowLen := c.m * c.out
	part, partStride := dy[((image*c.outH+y)*c.outW+x)*c.out:], c.outW*c.out
	if y+c.m > c.outH || x+c.m > c.outW {
		clear(patch[:c.m*rowLen])
		for row := range min(c.m, c.outH-y) {
			copy(patch[row*rowLen:][:min(c.m, c.outW-x)*c.out], part[row*partStride:])
		}
		part, partStride = patch, rowLen
	}
	c.aT.times(part, partStride, half, rowLen, rowLen)
	for u := range n {
		c.aT.times(half[u*rowLen:], c.out, out[u*n*stride:], stride, c.out)
	}
}

// gradOfFilters sets the gradients of the filters of an input channel, in a phase, to Gᵀ S G.
func (c *winograd) gradOfFilters(sums []float32, row int, half, dfilter []float32) {
	n, s, length := c.winogradMatrices.in(), c.stride, c.depth()*c.out
	size, phase, i := c.r*s, row/c.in, row%c.in
	for v := range n {
		c.gT.times(sums[v*length+row*c.out:], n*length, half[v*c.out:], n*c.out, c.out)
	}
	for a := range c.r {
		tap := (a*s+phase/s)*size + phase%s
		c.gT.times(half[a*n*c.out:], c.out, dfilter[(tap*c.in+i)*c.out:], s*c.in*c.out, c.out)
	}
}
