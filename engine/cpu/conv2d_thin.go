package cpu

// thinProducts is the most elements that the products of an image may have.
const thinProducts = 1 << 20

// thin reports whether c has so few destination channels that it is cheaper to multiply every
// source pixel with the weights of all taps, as rows of one product, and to add the results up:
// the columns of a tile that the channels leave empty are worth more than what strides and borders
// then throw away.
func (c *directConv) thin() bool {
	taps, direct := 0, 0
	for i := range c.classes {
		class := &c.classes[i]
		taps += len(class.taps)
		direct += class.rows * class.cols * len(class.taps) * roundUp(c.dstC, unit.tileCols/2)
	}
	products := c.srcH * roundUp(c.srcW, unit.tileCols/2) * roundUp(taps*c.dstC, unit.tileRows)
	return c.dstC < shallow && taps*c.dstC*c.thinPlane().len() <= thinProducts && 2*products < direct
}

// A thinPlane is an image of one channel with columns of zeros on both sides, as far as taps reach.
type thinPlane struct{ rows, left, width int }

func (p thinPlane) len() int { return p.rows * p.width }

func (c *directConv) thinPlane() thinPlane {
	first, last := 0, c.srcW-1
	for i := range c.classes {
		class := &c.classes[i]
		for _, j := range []int{0, class.tapCols - 1} {
			x := class.x + j*class.tapStep
			first, last = min(first, x), max(last, x+(class.cols-1)*class.dx)
		}
	}
	return thinPlane{rows: c.srcH, left: -first, width: last + 1 - first}
}

// thinKernel is kernel for a convolution that is thin:
//
//	z[t, c, p] = sum over s of src[p, s] * weight[t, s, c]
//	dst[p, c]  = epilogue(sum over taps t of p of z[t, c, p moved by t])
//
// Pixels are the columns of the product, so that what is added up are whole planes, each moved by its tap.
func (c directConv) thinKernel(src, filter []float32, transposed bool, e epilogue, dst []float32, l *layout) kernel {
	var (
		weights  = len(filter) / c.srcC // of a source channel
		aStride  = c.srcC + rowPad
		rows     = l.shared(weights * aStride)
		panels   = l.perWorker(c.srcC * unit.tileCols)
		plane    = c.thinPlane()
		products = l.perWorker(weights * plane.len())
		sumRows  = 0
		workers  = make([]tileWorker, l.workspace.threads)
	)
	for _, class := range c.classes {
		sumRows = max(sumRows, (class.rows-1)*class.dy+1)
	}
	sums := l.perWorker(sumRows * plane.width)
	pack := phase{tasks: 1, run: func(int, int) {
		a := rows.floats()
		for n := range weights {
			tap, channel := n/c.dstC, n%c.dstC
			row := a[n*aStride:][:c.srcC]
			if transposed {
				copy(row, filter[n*c.srcC:])
				continue
			}
			for s := range row {
				row[s] = filter[(tap*c.srcC+s)*c.dstC+channel]
			}
		}
	}}
	multiply := phase{tasks: c.batch, run: func(image, worker int) {
		a, panel, z := rows.floats(), panels.worker(worker), products.worker(worker)
		clear(z)
		s, t := &workers[worker].segment, &workers[worker].tile
		*t = tile{zeros: &a[0], table: s, segments: 1, depth: c.srcC, b: &panel[0], alpha: 1}
		for y := range c.srcH {
			for x := 0; x < c.srcW; x += unit.tileCols {
				t.cols = min(unit.tileCols, c.srcW-x)
				packPanel(panel, src[((image*c.srcH+y)*c.srcW+x)*c.srcC:], c.srcC, true, c.srcC, t.cols)
				for n := 0; n < weights; n += unit.tileRows {
					t.rows = min(unit.tileRows, weights-n)
					for r := range unit.tileRows {
						row := min(r, t.rows-1)
						s.a[r], t.cOffsets[r] = 4*row*aStride, 4*row*plane.len()
					}
					t.a, t.c = &a[n*aStride], &z[n*plane.len()+y*plane.width+plane.left+x]
					unit.tile(t)
				}
			}
		}
		out := dst[image*c.dstLen:][:c.dstLen]
		for i := range c.classes {
			for channel := range c.dstC {
				bias := float32(0)
				if e.bias != nil {
					bias = e.bias[channel]
				}
				c.addProducts(&c.classes[i], channel, z, plane, bias, sums.worker(worker), out)
			}
		}
		e.finish(out, image*c.dstLen)
	}}
	return kernel{pack, multiply}
}

// addProducts sets a channel of the pixels of a class in an image to the sum of bias and products. The sums are made
// for all pixels of the source between the first and the last of the class, whatever its stride.
func (c *directConv) addProducts(class *directClass, channel int, z []float32, plane thinPlane, bias float32, sums, dst []float32) {
	height, width := (class.rows-1)*class.dy+1, (class.cols-1)*class.dx+1
	sums = sums[:(height-1)*plane.width+width]
	for i := range sums {
		sums[i] = bias
	}
	for i := range class.tapRows {
		y := class.y + i*class.tapStep
		first, end := max(0, -y), min(height, c.srcH-y)
		if first >= end {
			continue
		}
		for j := range class.tapCols {
			x := class.x + j*class.tapStep
			products := z[(class.taps[i*class.tapCols+j]*c.dstC+channel)*plane.len():][:plane.len()]
			run := sums[first*plane.width:][:(end-first-1)*plane.width+width]
			unit.axpy(1, products[(y+first)*plane.width+plane.left+x:][:len(run)], run)
		}
	}
	for u := range class.rows {
		row := sums[u*class.dy*plane.width:][:width]
		out := dst[class.first+u*class.rowStep+channel:]
		if class.colStep == 1 && class.dx == 1 {
			copy(out, row)
			continue
		}
		for v := range class.cols {
			out[v*class.colStep] = row[v*class.dx]
		}
	}
}
