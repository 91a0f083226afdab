package program

import "math/rand/v2"

var _ = known(Conv2D{}, Conv2DTranspose{}, Conv2DInputGrad{}, Conv2DFilterGrad{})

// Conv2D is the convolution of [Geometry], as networks mean it (a cross-correlation):
//
//	y[b,oy,ox,o] = epilogue(sum over ky, kx, i of x[b, oy*StrideH+ky-PadTop, ox*StrideW+kx-PadLeft, i] * filter[ky,kx,i,o])
//
// Arguments: x [InLen], filter [FilterLen], those of the [Epilogue] (OutC channels), y [OutLen]
// written.
type Conv2D struct {
	Geometry
	Epilogue
}

func (Conv2D) Name() string      { return "conv2d" }
func (Conv2D) Elementwise() bool { return false }
func (o Conv2D) Validate() error { return validateConv(o.Geometry, o.Epilogue) }

func (o Conv2D) Operands() []Operand {
	return o.operands(o.OutC, f32("x", o.InLen(), Read), f32("filter", o.FilterLen(), Read),
		f32("y", o.OutLen(), Write))
}

func (o Conv2D) Reference(a Arguments) error {
	return either(o, a, conv2DLoops[float32], conv2DLoops[float64])
}
func (o Conv2D) FLOPs() float64                   { return 2 * float64(o.MACs()) }
func (Conv2D) Tolerance(precision string) float64 { return productTolerance(precision) }
func (Conv2D) Error(c Comparison) float64         { return productError(c) }

func (Conv2D) Random(rng *rand.Rand, limit int) Op {
	return Conv2D{randomGeometry(rng, limit), randomEpilogue(rng)}
}

func (o Conv2D) Extend(f func(e *Epilogue) bool) (Op, bool) {
	ok := f(&o.Epilogue)
	return o, ok
}

func conv2DLoops[E Float](op Conv2D, a arrays[E]) {
	g, x, filter := op.Geometry, a.float(0), a.float(1)
	bias, mask, gate, y := a.epilogue(op.Epilogue)
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
	finish(op.Epilogue, mask, gate, y)
}

// Conv2DTranspose is the transposed convolution (Zeiler et al., 2010; Keras's Conv2DTranspose)
// from Out to In of its Geometry:
//
//	y[b,iy,ix,i] = epilogue(sum over oy, ox, o of x[b,oy,ox,o] * filter[iy-oy*StrideH+PadTop, ix-ox*StrideW+PadLeft, i, o])
//
// with the filter zero outside itself. Arguments: x [OutLen], filter [FilterLen], those of the
// [Epilogue] (InC channels), y [InLen] written.
//
// It is the gradient of Conv2D with respect to its input, where the same sum is called
// Conv2DInputGrad: devices share the kernel.
type Conv2DTranspose struct {
	Geometry
	Epilogue
}

func (Conv2DTranspose) Name() string      { return "conv2d_transpose" }
func (Conv2DTranspose) Elementwise() bool { return false }
func (o Conv2DTranspose) Validate() error { return validateConv(o.Geometry, o.Epilogue) }

func (o Conv2DTranspose) Operands() []Operand {
	return o.operands(o.InC, f32("x", o.OutLen(), Read), f32("filter", o.FilterLen(), Read),
		f32("y", o.InLen(), Write))
}

func (o Conv2DTranspose) Reference(a Arguments) error      { return Conv2DInputGrad(o).Reference(a) }
func (o Conv2DTranspose) FLOPs() float64                   { return 2 * float64(o.MACs()) }
func (Conv2DTranspose) Tolerance(precision string) float64 { return productTolerance(precision) }
func (Conv2DTranspose) Error(c Comparison) float64         { return productError(c) }

func (Conv2DTranspose) Random(rng *rand.Rand, limit int) Op {
	return Conv2DTranspose{randomGeometry(rng, limit), randomEpilogue(rng)}
}

func (o Conv2DTranspose) Extend(f func(e *Epilogue) bool) (Op, bool) {
	ok := f(&o.Epilogue)
	return o, ok
}

// Conv2DInputGrad is the gradient of a loss with respect to the input of Conv2D:
//
//	dx[b,iy,ix,i] = epilogue(sum over oy, ox, o of dy[b,oy,ox,o] * filter[iy-oy*StrideH+PadTop, ix-ox*StrideW+PadLeft, i, o])
//
// Arguments: dy [OutLen], filter [FilterLen], those of the [Epilogue] (InC channels), dx [InLen]
// written.
type Conv2DInputGrad struct {
	Geometry
	Epilogue
}

func (Conv2DInputGrad) Name() string      { return "conv2d_input_grad" }
func (Conv2DInputGrad) Elementwise() bool { return false }
func (o Conv2DInputGrad) Validate() error { return validateConv(o.Geometry, o.Epilogue) }

func (o Conv2DInputGrad) Operands() []Operand {
	return o.operands(o.InC, f32("dy", o.OutLen(), Read), f32("filter", o.FilterLen(), Read),
		f32("dx", o.InLen(), Write))
}

func (o Conv2DInputGrad) Reference(a Arguments) error {
	return either(o, a, inputGradLoops[float32], inputGradLoops[float64])
}
func (o Conv2DInputGrad) FLOPs() float64                   { return 2 * float64(o.MACs()) }
func (Conv2DInputGrad) Tolerance(precision string) float64 { return productTolerance(precision) }
func (Conv2DInputGrad) Error(c Comparison) float64         { return productError(c) }

func (Conv2DInputGrad) Random(rng *rand.Rand, limit int) Op {
	return Conv2DInputGrad{randomGeometry(rng, limit), randomEpilogue(rng)}
}

func (o Conv2DInputGrad) Extend(f func(e *Epilogue) bool) (Op, bool) {
	ok := f(&o.Epilogue)
	return o, ok
}

func inputGradLoops[E Float](op Conv2DInputGrad, a arrays[E]) {
	g, dy, filter := op.Geometry, a.float(0), a.float(1)
	bias, mask, gate, dx := a.epilogue(op.Epilogue)
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
	finish(op.Epilogue, mask, gate, dx)
}

// Conv2DFilterGrad is the gradient of a loss with respect to the filter of Conv2D, summed over
// the batch:
//
//	dfilter[ky,kx,i,o] = sum over b, oy, ox of x[b, oy*StrideH+ky-PadTop, ox*StrideW+kx-PadLeft, i] * dy[b,oy,ox,o]
//
// Arguments: x [InLen], dy [OutLen], dfilter [FilterLen] written. For a transposed convolution,
// x is the gradient of its output and dy its input.
type Conv2DFilterGrad struct{ Geometry }

func (Conv2DFilterGrad) Name() string      { return "conv2d_filter_grad" }
func (Conv2DFilterGrad) Elementwise() bool { return false }

func (o Conv2DFilterGrad) Operands() []Operand {
	return []Operand{f32("x", o.InLen(), Read), f32("dy", o.OutLen(), Read), f32("dfilter", o.FilterLen(), Write)}
}

func (o Conv2DFilterGrad) Reference(a Arguments) error {
	return either(o, a, filterGradLoops[float32], filterGradLoops[float64])
}
func (o Conv2DFilterGrad) FLOPs() float64                   { return 2 * float64(o.MACs()) }
func (Conv2DFilterGrad) Tolerance(precision string) float64 { return productTolerance(precision) }
func (Conv2DFilterGrad) Error(c Comparison) float64         { return productError(c) }

func (Conv2DFilterGrad) Random(rng *rand.Rand, limit int) Op {
	return Conv2DFilterGrad{randomGeometry(rng, limit)}
}

func filterGradLoops[E Float](op Conv2DFilterGrad, a arrays[E]) {
	g, x, dy, dfilter := op.Geometry, a.float(0), a.float(1), a.float(2)
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

func validateConv(g Geometry, e Epilogue) error {
	if err := g.Validate(); err != nil {
		return err
	}
	return e.validate()
}

// randomGeometry draws a convolution.
func randomGeometry(rng *rand.Rand, limit int) Geometry {
	for {
		var g Geometry
		switch rng.IntN(3) {
		case 0: // small and odd, the filter often larger than the image
			g = Geometry{Batch: 1 + rng.IntN(3), InH: 1 + rng.IntN(8), InW: 1 + rng.IntN(8),
				InC: 1 + rng.IntN(5), OutC: 1 + rng.IntN(5), FilterH: 1 + rng.IntN(9), FilterW: 1 + rng.IntN(9),
				StrideH: 1 + rng.IntN(4), StrideW: 1 + rng.IntN(4)}
		case 1: // a layer
			filter, stride := pick(rng, 1, 3, 3, 4, 5), pick(rng, 1, 2, 2, 3)
			g = Geometry{Batch: pick(rng, 1, 2, 3, 5), InH: 4 + rng.IntN(20), InC: channels(rng), OutC: channels(rng),
				FilterH: filter, FilterW: filter, StrideH: stride, StrideW: stride}
			g.InW = pick(rng, g.InH, 4+rng.IntN(20))
		case 2: // a filter of the image's size, on one channel or to one
			g = Geometry{Batch: pick(rng, 1, 2, 3), InH: 5 + rng.IntN(25), InC: channels(rng), OutC: 1, StrideH: 1, StrideW: 1}
			g.InW = pick(rng, g.InH, 5+rng.IntN(25))
			g.FilterH, g.FilterW = pick(rng, g.InH, g.InH+1, 5+rng.IntN(25)), pick(rng, g.InW, g.InW-1, 5+rng.IntN(25))
			if rng.IntN(3) == 0 {
				g.InC, g.OutC = g.OutC, g.InC
			}
		}
		g.Padding = pick(rng, Same, Same, Valid, Valid,
			Explicit(rng.IntN(3), rng.IntN(4)-1, rng.IntN(3), rng.IntN(4)-1),
			Explicit(rng.IntN(g.FilterH), rng.IntN(g.FilterH), rng.IntN(g.FilterW), rng.IntN(g.FilterW)))
		if g.Validate() == nil && max(g.MACs(), g.InLen(), g.OutLen(), g.FilterLen()) <= max(limit, 500) {
			return g
		}
	}
}
