package cpu

import "gangpu/engine/program"

// shallow is the number of channels below which a tap of one pixel is too short a run to read by itself, and fills too
// little of a tile as its columns.
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
		return newPatchConv(g, l).kernel(x, func() []float32 { return filter }, e, y, l)
	}
	c := directConv2D(g)
	if c.thin() {
		return c.thinKernel(x, filter, false, e, y, l)
	}
	return c.kernel(x, filter, false, e, y, l)
}
