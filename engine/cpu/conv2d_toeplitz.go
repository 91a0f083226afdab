package cpu

import "gangpu/engine/program"

// A toeplitz is a convolution of stride 1 with large filters and few output channels, as products
// of whole rows of pixels. The row ky of the filter takes a row of the input to one of the output
// by a matrix whose element depends on ix-ox alone, for the width a Toeplitz matrix:
//
//	t[ky][(ix,i), (ox,o)] = filter[ky, ix-ox+PadLeft, i, o], zero outside the filter
//	y[b,oy]  = sum over ky of x[b,iy] t[ky],   iy = oy+ky-PadTop inside the image
//	dx[b,iy] = sum over ky of dy[b,oy] t[ky]^T
//	dfilter[ky,kx,i,o] = sum over ix-ox+PadLeft = kx of (sum over b, oy of x[b,iy]^T dy[b,oy])[(ix,i), (ox,o)]
//
// with a row of pixels a vector. The rows of a tile are images.
type toeplitz struct {
	program.Geometry
	inRow, outRow int // elements of a row of pixels
}

// toeplitzElements is the most elements that all the matrices may have.
const toeplitzElements = 1 << 22

// newToeplitz returns g as products of rows, and whether that is cheaper than products of patches:
// whether the zeros in the matrices cost less than the columns that few channels leave empty.
func newToeplitz(g program.Geometry) (toeplitz, bool) {
	t := toeplitz{Geometry: g, inRow: g.InW * g.InC, outRow: g.OutW() * g.OutC}
	stride1 := g.StrideH == 1 && g.StrideW == 1
	fits := g.FilterH*roundUp(t.inRow, unit.tileCols)*roundUp(t.outRow, unit.tileCols) <= toeplitzElements
	patches := g.FilterW * g.InC * g.OutW() * roundUp(g.OutC, unit.tileCols)
	return t, stride1 && fits && g.InC >= shallow && t.inRow*roundUp(t.outRow, unit.tileCols) < patches
}

// rows are the rows of the filter that connect some input row with output row oy.
func (t toeplitz) rows(oy int) (first, end int) {
	return max(0, t.PadTop()-oy), min(t.FilterH, t.InH+t.PadTop()-oy)
}

// fill sets row (ix,i) of t[ky], from column first on.
func (t toeplitz) fill(row, filter []float32, ky, ix, i, first int) {
	for j := range row {
		ox, o := (first+j)/t.OutC, (first+j)%t.OutC
		row[j] = 0
		if kx := ix - ox + t.PadLeft(); kx >= 0 && kx < t.FilterW && ox < t.OutW() {
			row[j] = filter[((ky*t.FilterW+kx)*t.InC+i)*t.OutC+o]
		}
	}
}

// repeated is a bias for each pixel of a row, as tiles add it; nil for no bias.
func repeated(l *layout, bias []float32, n int) (region, phase) {
	if bias == nil {
		return region{}, phase{}
	}
	r := l.shared(n)
	return r, phase{tasks: 1, run: func(int, int) {
		for row := r.floats(); len(row) > 0; row = row[len(bias):] {
			copy(row, bias)
		}
	}}
}

// forward is Conv2D. A task takes the images of a tile; one row of the filter at a time serves all
// their rows of pixels, from the second-level cache.
func (t toeplitz) forward(x, filter, bias, y []float32, act program.Activation, ws *workspace) kernel {
	var (
		l        = &layout{workspace: ws}
		width    = unit.tileCols
		panels   = ceilDiv(t.outRow, width)
		panelLen = t.inRow * width
		packed   = l.shared(t.FilterH * panels * panelLen)
		tiles    = make([]tile, ws.threads)
		segments = make([]segment, ws.threads)
		inLen    = t.InH * t.inRow
		outLen   = t.OutH() * t.outRow
	)
	biasRow, repeat := repeated(l, bias, t.outRow)
	pack := phase{tasks: t.FilterH * panels, run: func(task, _ int) {
		ky, first := task/panels, task%panels*width
		panel := packed.floats()[task*panelLen:]
		for k := range t.inRow {
			t.fill(panel[k*width:][:width], filter, ky, k/t.InC, k%t.InC, first)
		}
	}}
	return kernel{repeat, pack, blocks(t.Batch, unit.tileRows, func(image, end, worker int) {
		s, c := &segments[worker], &tiles[worker]
		*c = tile{zeros: &x[0], table: s, segments: 1, depth: t.inRow, rows: end - image}
		for r := range unit.tileRows {
			row := min(r, c.rows-1)
			s.a[r], c.cOffsets[r] = 4*row*inLen, 4*row*outLen
		}
		for ky := range t.FilterH {
			for oy := range t.OutH() {
				first, last := t.rows(oy)
				if ky < first || ky >= last {
					continue
				}
				c.a = &x[image*inLen+(oy+ky-t.PadTop())*t.inRow]
				c.accumulate = ky > first
				c.alpha, c.bias = 1, nil
				if ky == last-1 {
					c.alpha = slope(act)
				}
				for p := range panels {
					c.b = &packed.floats()[(ky*panels+p)*panelLen]
					c.c = &y[image*outLen+oy*t.outRow+p*width]
					c.cols = min(width, t.outRow-p*width)
					if bias != nil && ky == last-1 {
						c.bias = &biasRow.floats()[p*width]
					}
					unit.tile(c)
				}
			}
		}
		if act.Kind == program.SigmoidActivation {
			activate(act, y[image*outLen:end*outLen])
		}
	})}
}

// transposed is Conv2DTranspose and Conv2DInputGrad. A panel of all the matrices serves all rows of
// a tile's images.
func (t toeplitz) transposed(dy, filter, bias, dx []float32, act program.Activation, ws *workspace) kernel {
	var (
		l        = &layout{workspace: ws}
		width    = unit.tileCols
		panels   = ceilDiv(t.inRow, width)
		panelLen = t.outRow * width
		packed   = l.shared(panels * t.FilterH * panelLen)
		tiles    = make([]tile, ws.threads)
		segments = make([]segment, ws.threads*t.FilterH)
		inLen    = t.InH * t.inRow
		outLen   = t.OutH() * t.outRow
	)
	biasRow, repeat := repeated(l, bias, t.inRow)
	pack := phase{tasks: panels * t.FilterH, run: func(task, _ int) {
		first, ky := task/t.FilterH*width, task%t.FilterH
		panel := packed.floats()[task*panelLen:][:panelLen]
		clear(panel)
		for j := range min(width, t.inRow-first) {
			ix, i := (first+j)/t.InC, (first+j)%t.InC
			for k := range t.outRow {
				ox, o := k/t.OutC, k%t.OutC
				if kx := ix - ox + t.PadLeft(); kx >= 0 && kx < t.FilterW {
					panel[k*width+j] = filter[((ky*t.FilterW+kx)*t.InC+i)*t.OutC+o]
				}
			}
		}
	}}
	return kernel{repeat, pack, blocks(t.Batch, unit.tileRows, func(image, end, worker int) {
		table, c := segments[worker*t.FilterH:][:t.FilterH], &tiles[worker]
		*c = tile{a: &dy[image*outLen], zeros: &dy[0], table: &table[0], depth: t.outRow, b: &packed.floats()[0],
			rows: end - image, alpha: slope(act)}
		for r := range unit.tileRows {
			c.cOffsets[r] = 4 * min(r, c.rows-1) * inLen
		}
		for p := range panels {
			c.cols = min(width, t.inRow-p*width)
			if bias != nil {
				c.bias = &biasRow.floats()[p*width]
			}
			for iy := range t.InH {
				c.segments = 0
				for ky := range t.FilterH {
					oy := iy - ky + t.PadTop()
					if oy < 0 || oy >= t.OutH() {
						continue
					}
					s := &table[c.segments]
					c.segments++
					s.b = 4 * (p*t.FilterH + ky) * panelLen
					for r := range unit.tileRows {
						s.a[r] = 4 * (min(r, c.rows-1)*outLen + oy*t.outRow)
					}
				}
				c.c = &dx[image*inLen+iy*t.inRow+p*width]
				unit.tile(c)
			}
		}
		if act.Kind == program.SigmoidActivation {
			activate(act, dx[image*inLen:end*inLen])
		}
	})}
}

// filterGrad is Conv2DFilterGrad: products over the images of the batch, for which x is transposed
// and dy packed first, then the sum along the diagonals. A task takes a few rows of the products
// of all rows of the filter, whose part of x stays in the second-level cache.
func (t toeplitz) filterGrad(x, dy, dfilter []float32, ws *workspace) kernel {
	const chunk = 128 // images at a time
	var (
		l        = &layout{workspace: ws}
		width    = unit.tileCols
		panels   = ceilDiv(t.outRow, width)
		stride   = roundUp(t.Batch, 16) + rowPad // of a transposed row
		inLen    = t.InH * t.inRow
		outLen   = t.OutH() * t.outRow
		across   = l.shared(inLen * stride)                      // x transposed: [InH, inRow, stride]
		packed   = l.shared(t.OutH() * panels * t.Batch * width) // dy: [OutH, panels, Batch, width]
		products = l.shared(t.FilterH * t.inRow * t.outRow)
		tiles    = make([]tile, ws.threads)
		segments = make([]segment, ws.threads*t.OutH())
	)
	turn := blocks(inLen, 256, func(first, end, _ int) {
		transpose(across.floats()[first*stride:], stride, x[first:], inLen, end-first, t.Batch)
	})
	pack := phase{tasks: t.OutH() * panels, run: func(task, _ int) {
		oy, first := task/panels, task%panels*width
		packPanel(packed.floats()[task*t.Batch*width:][:t.Batch*width], dy[oy*t.outRow+first:], outLen, false,
			t.Batch, min(width, t.outRow-first))
	}}
	multiply := blocks(t.inRow, unit.tileRows, func(row, end, worker int) {
		table, c := segments[worker*t.OutH():][:t.OutH()], &tiles[worker]
		*c = tile{zeros: &x[0], table: &table[0], rows: end - row, alpha: 1}
		for r := range unit.tileRows {
			c.cOffsets[r] = 4 * min(r, c.rows-1) * t.outRow
		}
		for image := 0; image < t.Batch; image += chunk {
			c.depth = min(chunk, t.Batch-image)
			c.accumulate = image > 0
			c.a = &across.floats()[image]
			for ky := range t.FilterH {
				for p := range panels {
					c.segments = 0
					c.b = &packed.floats()[(p*t.Batch+image)*width]
					c.c = &products.floats()[(ky*t.inRow+row)*t.outRow+p*width]
					c.cols = min(width, t.outRow-p*width)
					for oy := range t.OutH() {
						iy := oy + ky - t.PadTop()
						if iy < 0 || iy >= t.InH {
							continue
						}
						s := &table[c.segments]
						c.segments++
						s.b = 4 * oy * panels * t.Batch * width
						for r := range unit.tileRows {
							s.a[r] = 4 * (iy*t.inRow + row + min(r, c.rows-1)) * stride
						}
					}
					unit.tile(c)
				}
			}
		}
	})
	sum := phase{tasks: t.FilterH, run: func(ky, _ int) {
		tap := t.InC * t.OutC
		clear(dfilter[ky*t.FilterW*tap:][:t.FilterW*tap])
		for kx := range t.FilterW {
			d := dfilter[(ky*t.FilterW+kx)*tap:][:tap]
			for ix := range t.InW {
				ox := ix - kx + t.PadLeft()
				if ox < 0 || ox >= t.OutW() {
					continue
				}
				for i := range t.InC {
					p := products.floats()[(ky*t.inRow+ix*t.InC+i)*t.outRow+ox*t.OutC:]
					for o := range t.OutC {
						d[i*t.OutC+o] += p[o]
					}
				}
			}
		}
	}}
	return kernel{turn, pack, multiply, sum}
}
