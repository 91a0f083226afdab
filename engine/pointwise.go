package engine

import "gangpu/engine/program"

// pointwise makes a product of a convolution by a filter of 1x1, of stride 1 and without padding: pixels are the
// rows of its matrices.
func pointwise(op program.Op) program.Op {
	rows := func(g program.Geometry) int { return g.Batch * g.InH * g.InW }
	switch o := op.(type) {
	case program.Conv2D:
		if isPointwise(o.Geometry) {
			return program.MatMul{M: rows(o.Geometry), N: o.OutC, K: o.InC, Epilogue: o.Epilogue}
		}
	case program.Conv2DTranspose:
		return pointwiseInputGrad(o.Geometry, o.Epilogue, op)
	case program.Conv2DInputGrad:
		return pointwiseInputGrad(o.Geometry, o.Epilogue, op)
	case program.Conv2DFilterGrad:
		if isPointwise(o.Geometry) {
			return program.MatMul{M: o.InC, N: o.OutC, K: rows(o.Geometry), TransA: true}
		}
	}
	return op
}

func pointwiseInputGrad(g program.Geometry, e program.Epilogue, op program.Op) program.Op {
	if !isPointwise(g) {
		return op
	}
	return program.MatMul{M: g.Batch * g.InH * g.InW, N: g.InC, K: g.OutC, TransB: true, Epilogue: e}
}

func isPointwise(g program.Geometry) bool {
	return g.FilterH == 1 && g.FilterW == 1 && g.StrideH == 1 && g.StrideW == 1 && g.OutH() == g.InH && g.OutW() == g.InW &&
		g.PadTop() == 0 && g.PadLeft() == 0
}
