package program

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

func validateConv(g Geometry, e Epilogue) error {
	if err := g.Validate(); err != nil {
		return err
	}
	return e.validate()
}
