package cpu

// thinProducts is the most elements that the products of an image may have.
const thinProducts = 1 << 20

// thin reports whether c has so few destination channels that it is cheaper to multiply every
// source pixel with the weights of all taps, as columns of one product, and to add the results up:
// the columns of a tile that the channels leave empty are worth more than what strides and borders
// then throw away.
func (c *directConv) thin() bool {
	columns := func(n int) int { return roundUp(n, unit.tileCols/2) }
	taps, direct := 0, 0
	for i := range c.classes {
		class := &c.classes[i]
		taps += len(class.taps)
		direct += class.rows * class.cols * len(class.taps) * columns(c.dstC)
	}
	pixels := c.srcH * c.srcW
	return c.dstC < shallow && pixels*taps*c.dstC <= thinProducts && 2*pixels*columns(taps*c.dstC) < direct
}

// thinKernel is kernel for a convolution that is thin:
//
//	z[p, t, c] = sum over s of src[p, s] * weight[t, s, c]
//	dst[p, c]  = epilogue(sum over taps t of p of z[p moved by t, t, c])
func (c directConv) thinKernel(src, filter []float32, transposed bool, e epilogue, dst []float32, l *layout) kernel {
	var (
		columns  = len(filter) / c.srcC // taps and channels
		panels   = ceilDiv(columns, unit.tileCols)
		panelLen = c.srcC * unit.tileCols
		pixels   = c.srcH * c.srcW
		packed   = l.shared(panels * panelLen)
		products = l.perWorker(pixels * columns)
		workers  = make([]tileWorker, l.workspace.threads)
	)
	pack := phase{tasks: 1, run: func(int, int) {
		b := packed.floats()
		clear(b)
		for n := range columns {
			tap, channel := n/c.dstC, n%c.dstC
			column := b[n/unit.tileCols*panelLen+n%unit.tileCols:]
			for s := range c.srcC {
				i := (tap*c.srcC+s)*c.dstC + channel
				if transposed {
					i = n*c.srcC + s
				}
				column[s*unit.tileCols] = filter[i]
			}
		}
	}}
	multiply := phase{tasks: c.batch, run: func(image, worker int) {
		b, z := packed.floats(), products.worker(worker)
		s, t := &workers[worker].segment, &workers[worker].tile
		*t = tile{zeros: &b[0], table: s, segments: 1, depth: c.srcC, alpha: 1}
		for first := 0; first < pixels; first += unit.tileRows {
			t.rows = min(unit.tileRows, pixels-first)
			t.a = &src[(image*pixels+first)*c.srcC]
			for r := range unit.tileRows {
				row := min(r, t.rows-1)
				s.a[r], t.cOffsets[r] = 4*row*c.srcC, 4*row*columns
			}
			for panel := range panels {
				j := panel * unit.tileCols
				t.cols = min(unit.tileCols, columns-j)
				t.b, t.c = &b[panel*panelLen], &z[first*columns+j]
				unit.tile(t)
			}
		}
		out := dst[image*c.dstLen:][:c.dstLen]
		for i := range c.classes {
			c.addProducts(&c.classes[i], z, columns, e.bias, out)
		}
		e.finish(out, image*c.dstLen)
	}}
	return kernel{pack, multiply}
}

// addProducts sets the pixels of a class in an image to the sum of bias and products.
func (c *directConv) addProducts(class *directClass, z []float32, columns int, bias, dst []float32) {
	for u := range class.rows {
		for v := range class.cols {
			out := dst[class.first+u*class.rowStep+v*class.colStep:][:c.dstC]
			y0, x0 := class.y+u*class.dy, class.x+v*class.dx
			clear(out)
			copy(out, bias)
			for i := range class.tapRows {
				y := y0 + i*class.tapStep
				if uint(y) >= uint(c.srcH) {
					continue
				}
				for j := range class.tapCols {
					x := x0 + j*class.tapStep
					if uint(x) >= uint(c.srcW) {
						continue
					}
					products := z[(y*c.srcW+x)*columns+class.taps[i*class.tapCols+j]*c.dstC:][:len(out)]
					for k, p := range products {
						out[k] += p
					}
				}
			}
		}
	}
}
