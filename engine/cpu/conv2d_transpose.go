package cpu

import "gangpu/engine/program"

var _ = runs(func(op program.Conv2DTranspose, a arguments, ws *workspace) (kernel, error) {
	e, y := a.epilogue(op.Epilogue)
	return newConv2DTranspose(op.Geometry, a.f32(0), a.f32(1), e, y, ws), nil
})

var _ = runs(func(op program.Conv2DInputGrad, a arguments, ws *workspace) (kernel, error) {
	e, dx := a.epilogue(op.Epilogue)
	return newConv2DTranspose(op.Geometry, a.f32(0), a.f32(1), e, dx, ws), nil
})

// newConv2DTranspose is also the input's gradient.
func newConv2DTranspose(g program.Geometry, x, filter []float32, e epilogue, y []float32, ws *workspace) kernel {
	if useFFT(g) {
		return newFFTConv2DTranspose(g, x, filter, e, y, ws)
	}
	c := directTranspose(g)
	l := &layout{workspace: ws}
	if c.thin() {
		return c.thinKernel(x, filter, true, e, y, l)
	}
	return c.kernel(func() []float32 { return x }, filter, true, e, y, l)
}
