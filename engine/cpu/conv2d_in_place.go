package cpu

import "gangpu/engine/program"

const (
	// inPlacePixels is the most pixels of a batch, and inPlaceWeights the least weights, for which to lay the weights out
	// anew costs more than it saves.
	inPlacePixels  = 64
	inPlaceWeights = 1 << 15
	// inPlaceSteps is how many rows of a filter all pixels are multiplied by before the next are read: they stay in the
	// second-level cache, whose sets they share with all rows a power of two apart.
	inPlaceSteps = 256
	// inPlaceTasks is how many tasks there should be.
	inPlaceTasks = 16
)

// inPlace reports whether weights that so many pixels share are read where they lie.
func inPlace(pixels, weights int) bool { return pixels <= inPlacePixels && weights >= inPlaceWeights }

// newInPlaceConv2D is the convolution g for few pixels: sums of outer products of the pixels' patches, read element by
// element from padded images, and rows of the filter, read where they lie. The bias is added last, as it is for more pixels:
// what a few images round to is what they round to among many.
func newInPlaceConv2D(g program.Geometry, x, filter []float32, e epilogue, y []float32, l *layout) kernel {
	var (
		images  = newPaddedInput(g, l)
		patch   = inputPatch(g, images)
		pairs   = make([]pair, len(patch))
		pixels  = g.Batch * g.OutH() * g.OutW()
		offsets = make([]int, roundUp(pixels, unit.outerRows))
		columns = ceilDiv(g.OutC, unit.outerCols)
		perTask = roundUp(ceilDiv(pixels, ceilDiv(inPlaceTasks, columns)), unit.outerRows)
		parts   = ceilDiv(pixels, perTask)
		outers  = make([]outer, l.workspace.threads)
	)
	for k, offset := range patch {
		pairs[k] = pair{a: 4 * offset, b: 4 * k * g.OutC}
	}
	for i := range offsets {
		p := min(i, pixels-1)
		offsets[i] = 4 * (p/(g.OutH()*g.OutW())*images.len() + images.at(p/g.OutW()%g.OutH()*g.StrideH, p%g.OutW()*g.StrideW, 0))
	}
	return kernel{images.pad(x), {tasks: columns * parts, run: func(task, worker int) {
		column, first := task/parts*unit.outerCols, task%parts*perTask
		cols, end := min(unit.outerCols, g.OutC-column), min(first+perTask, pixels)
		o := &outers[worker]
		*o = outer{a: &images.region.floats()[0], b: &filter[column], images: 1, cols: cols, cStride: 4 * g.OutC}
		for step := 0; step < len(pairs); step += inPlaceSteps {
			o.pairs, o.steps, o.accumulate = &pairs[step], min(inPlaceSteps, len(pairs)-step), step > 0
			for p := first; p < end; p += unit.outerRows {
				o.rows, o.c = min(unit.outerRows, end-p), &y[p*g.OutC+column]
				copy(o.rowOffsets[:], offsets[p:p+unit.outerRows])
				unit.outer(o)
			}
		}
		for p := first; p < end; p++ {
			i := p*g.OutC + column
			e.part(y[i:i+cols], i, column)
		}
	}}}
}

// inPlaceKernel is kernel for few pixels and transposed weights:
//
//	z[t, c, p] = sum over s of weight[t, c, s] * src[p, s]
//	dst[p, c]  = epilogue(sum over taps t of p of z[t, c, p moved by t])
//
// The weights are the rows of the product, read where they lie, and the pixels of the source, laid out anew, its columns.
func (c directConv) inPlaceKernel(src, filter []float32, e epilogue, dst []float32, l *layout) kernel {
	var (
		pixels   = c.batch * c.srcH * c.srcW
		taps     = len(filter) / (c.depth * c.dstC)
		channels = min(2*unit.tileRows, c.dstC) // of a task
		panels   = ceilDiv(pixels, unit.tileCols)
		panelLen = c.depth * unit.tileCols
		packed   = l.shared(panels * panelLen)
		products = l.perWorker(taps * channels * pixels)
		turned   = l.perWorker(taps * channels * pixels)
		workers  = make([]tileWorker, l.workspace.threads)
	)
	return kernel{{tasks: panels, run: func(panel, _ int) {
		p := panel * unit.tileCols
		packPanel(packed.floats()[panel*panelLen:], src[p*c.depth:], c.depth, true, c.depth, min(unit.tileCols, pixels-p))
	}}, blocks(c.dstC, channels, func(first, end, worker int) {
		n, b, z, sums := end-first, packed.floats(), products.worker(worker), turned.worker(worker)
		s, t := &workers[worker].segment, &workers[worker].tile
		*t = tile{zeros: &b[0], table: s, segments: 1, depth: c.depth, alpha: 1}
		for row := 0; row < n; row += unit.tileRows {
			t.rows = min(unit.tileRows, n-row)
			for r := range unit.tileRows {
				i := min(r, t.rows-1)
				s.a[r], t.cOffsets[r] = 4*i*c.depth, 4*i*pixels
			}
			for tap := range taps {
				t.a = &filter[(tap*c.dstC+first+row)*c.depth]
				for panel := range panels {
					p := panel * unit.tileCols
					t.cols, t.b, t.c = min(unit.tileCols, pixels-p), &b[panel*panelLen], &z[(tap*channels+row)*pixels+p]
					unit.tile(t)
				}
			}
		}
		for tap := range taps {
			transpose(sums[tap*pixels*channels:], n, z[tap*channels*pixels:], pixels, pixels, n)
		}
		for i := range c.classes {
			c.addInPlace(&c.classes[i], sums, pixels*channels, first, n, &e, dst)
		}
	})}
}

// addInPlace sets n channels of the pixels of a class, from channel on, to sums of products. Those of a tap, [pixels, n],
// lie stride elements after those of the tap before.
func (c *directConv) addInPlace(class *directClass, products []float32, stride, channel, n int, e *epilogue, dst []float32) {
	for pixel := range c.batch * class.rows * class.cols {
		image, u, v := pixel/(class.rows*class.cols), pixel/class.cols%class.rows, pixel%class.cols
		at := image*c.dstLen + class.first + u*class.rowStep + v*class.colStep + channel
		out, begun := dst[at:][:n], false
		for i, tap := range class.taps {
			y := class.y + u*class.dy + i/class.tapCols*class.tapStep
			x := class.x + v*class.dx + i%class.tapCols*class.tapStep
			if c.outside(y, x) < 0 {
				continue
			}
			p := products[tap*stride+((image*c.srcH+y)*c.srcW+x)*n:][:n]
			if begun {
				unit.axpy(1, p, out)
			} else {
				copy(out, p)
				begun = true
			}
		}
		if !begun {
			clear(out)
		}
		e.part(out, at, channel)
	}
}
