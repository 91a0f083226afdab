package cpu

import "gangpu/engine/program"

func newConv2DTranspose(op program.Conv2DTranspose, x, filter, bias, y []float32, ws *workspace) kernel {
	if useSpectral(op.Geometry) {
		return newSpectralConv2DTranspose(op, x, filter, bias, y, ws)
	}
	c := transposeGather(op.Geometry)
	l := &layout{workspace: ws}
	if c.thin() {
		return c.thinKernel(x, filter, true, bias, y, op.Activation, l)
	}
	return c.kernel(func() []float32 { return x }, filter, true, bias, y, op.Activation, l)
}
