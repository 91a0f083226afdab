package cpu

import "gangpu/engine/program"

func newConv2D(op program.Conv2D, x, filter, bias, y []float32, ws *workspace) kernel {
	return convGather(op.Geometry).kernel(x, filter, false, bias, y, op.Activation, ws)
}
