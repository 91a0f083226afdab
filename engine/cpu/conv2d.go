package cpu

import "gangpu/engine/program"

// shallow is the number of input channels below which a tap of one pixel is too short a run to
// read by itself.
const shallow = 8

func newConv2D(op program.Conv2D, x, filter, bias, y []float32, ws *workspace) kernel {
	if useSpectral(op.Geometry) {
		return newSpectralConv2D(op, x, filter, bias, y, ws)
	}
	l := &layout{workspace: ws}
	if op.InC < shallow {
		p := newPaddedImages(op.Geometry, l)
		k := paddedGather(p).kernel(p.region.floats, filter, false, bias, y, op.Activation, l)
		return append(kernel{p.pad(x)}, k...)
	}
	c := convGather(op.Geometry)
	if c.thin() {
		return c.thinKernel(x, filter, false, bias, y, op.Activation, l)
	}
	return c.kernel(func() []float32 { return x }, filter, false, bias, y, op.Activation, l)
}
