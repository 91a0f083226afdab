package cpu

import "gangpu/engine/program"

// shallow is the number of input channels below which a tap of one pixel is too short a run to
// read by itself.
const shallow = 8

var _ = runs(func(op program.Conv2D, a arguments, ws *workspace) (kernel, error) {
	e, y := a.epilogue(op.Epilogue)
	return newConv2D(op.Geometry, a.f32(0), a.f32(1), e, y, ws), nil
})

func newConv2D(g program.Geometry, x, filter []float32, e epilogue, y []float32, ws *workspace) kernel {
	if useFFT(g) {
		return newFFTConv2D(g, x, filter, e, y, ws)
	}
	l := &layout{workspace: ws}
	if g.InC < shallow {
		p := newPaddedImages(g, l)
		k := directPadded(p).kernel(p.region.floats, filter, false, e, y, l)
		return append(kernel{p.pad(x)}, k...)
	}
	c := directConv2D(g)
	if c.thin() {
		return c.thinKernel(x, filter, false, e, y, l)
	}
	return c.kernel(func() []float32 { return x }, filter, false, e, y, l)
}
