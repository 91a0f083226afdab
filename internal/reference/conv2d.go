package reference

import "gangpu/engine/program"

// Conv2D is the sum of [program.Conv2D]: x [InLen], filter [FilterLen], bias [OutC] or nil,
// y [OutLen] written.
func Conv2D[E Float](g program.Geometry, x, filter, bias, y []E) {
	outH, outW, padTop, padLeft := g.OutH(), g.OutW(), g.PadTop(), g.PadLeft()
	for b := range g.Batch {
		for oy := range outH {
			for ox := range outW {
				for o := range g.OutC {
					var sum E
					if bias != nil {
						sum = bias[o]
					}
					for ky := range g.FilterH {
						iy := oy*g.StrideH + ky - padTop
						if iy < 0 || iy >= g.InH {
							continue
						}
						for kx := range g.FilterW {
							ix := ox*g.StrideW + kx - padLeft
							if ix < 0 || ix >= g.InW {
								continue
							}
							for i := range g.InC {
								sum += x[((b*g.InH+iy)*g.InW+ix)*g.InC+i] *
									filter[((ky*g.FilterW+kx)*g.InC+i)*g.OutC+o]
							}
						}
					}
					y[((b*outH+oy)*outW+ox)*g.OutC+o] = sum
				}
			}
		}
	}
}

// Conv2DInputGrad is the sum of [program.Conv2DInputGrad]: dy [OutLen], filter [FilterLen],
// bias [InC] or nil, dx [InLen] written. With a bias it is that of [program.Conv2DTranspose],
// whose x is dy here and whose y is dx.
func Conv2DInputGrad[E Float](g program.Geometry, dy, filter, bias, dx []E) {
	outH, outW, padTop, padLeft := g.OutH(), g.OutW(), g.PadTop(), g.PadLeft()
	for b := range g.Batch {
		for iy := range g.InH {
			for ix := range g.InW {
				for i := range g.InC {
					var sum E
					if bias != nil {
						sum = bias[i]
					}
					for ky := range g.FilterH {
						// The output row, times the stride, that tap ky reads row iy for.
						sy := iy + padTop - ky
						if sy < 0 || sy%g.StrideH != 0 || sy/g.StrideH >= outH {
							continue
						}
						for kx := range g.FilterW {
							sx := ix + padLeft - kx
							if sx < 0 || sx%g.StrideW != 0 || sx/g.StrideW >= outW {
								continue
							}
							oy, ox := sy/g.StrideH, sx/g.StrideW
							for o := range g.OutC {
								sum += dy[((b*outH+oy)*outW+ox)*g.OutC+o] *
									filter[((ky*g.FilterW+kx)*g.InC+i)*g.OutC+o]
							}
						}
					}
					dx[((b*g.InH+iy)*g.InW+ix)*g.InC+i] = sum
				}
			}
		}
	}
}

// Conv2DFilterGrad is the sum of [program.Conv2DFilterGrad]: x [InLen], dy [OutLen],
// dfilter [FilterLen] written.
func Conv2DFilterGrad[E Float](g program.Geometry, x, dy, dfilter []E) {
	outH, outW, padTop, padLeft := g.OutH(), g.OutW(), g.PadTop(), g.PadLeft()
	for ky := range g.FilterH {
		for kx := range g.FilterW {
			for i := range g.InC {
				for o := range g.OutC {
					var sum E
					for b := range g.Batch {
						for oy := range outH {
							iy := oy*g.StrideH + ky - padTop
							if iy < 0 || iy >= g.InH {
								continue
							}
							for ox := range outW {
								ix := ox*g.StrideW + kx - padLeft
								if ix < 0 || ix >= g.InW {
									continue
								}
								sum += x[((b*g.InH+iy)*g.InW+ix)*g.InC+i] *
									dy[((b*outH+oy)*outW+ox)*g.OutC+o]
							}
						}
					}
					dfilter[((ky*g.FilterW+kx)*g.InC+i)*g.OutC+o] = sum
				}
			}
		}
	}
}
