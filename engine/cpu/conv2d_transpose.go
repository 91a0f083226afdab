package cpu

import "gangpu/engine/program"

func newConv2DTranspose(op program.Conv2DTranspose, x, filter, bias, y []float32, ws *workspace) kernel {
	return transposeGather(op.Geometry).kernel(x, filter, true, bias, y, op.Activation, ws)
}
