package cpu

import "gangpu/engine/program"

func newConv2DTranspose(op program.Conv2DTranspose, x, filter, bias, y []float32, ws *workspace) kernel {
	l := &layout{workspace: ws}
	return transposeGather(op.Geometry).kernel(func() []float32 { return x }, filter, true, bias, y, op.Activation, l)
}
