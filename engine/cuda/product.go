package cuda

import (
	"gangpu/engine/program"
	"gangpu/kernels"
)

// Products of matrices and convolutions: kernels that cut their sums into parts where the result
// alone has too few tiles to fill a GPU.

// The kernels can also multiply by a dropout mask and by the gradient of LeakyReLU at a gate, which
// programs do in steps of their own.
const noMask, noGate = uint64(0), uint64(0)

func (p *planner) matmul(op program.MatMul) error {
	a, b, bias, c := p.operands(op.Bias)
	plan := kernels.MatMul(op.TransA, op.TransB, op.M, op.N, op.K)
	return p.product(plan, op.M*op.N, op.N, epilogue{bias, op.Activation}, c, func(e epilogue, c uint64) []any {
		return []any{a, b, e.bias, noMask, noGate, c, op.M, op.N, op.K, uint32(e.activation.Kind), e.activation.Alpha}
	})
}

func (p *planner) conv2d(op program.Conv2D) error {
	x, filter, bias, y := p.operands(op.Bias)
	g := op.Geometry
	pixels := g.Batch * g.OutH() * g.OutW()
	plan, geometry := kernels.Conv2D(pixels, g.OutC), geometryArgs(g)
	if large(g) {
		plan, geometry = kernels.Conv2DLarge(g.Batch, g.InH, g.InW, g.InC, g.OutH(), g.OutW()), largeGeometryArgs(g)
	}
	return p.product(plan, g.OutLen(), g.OutC, epilogue{bias, op.Activation}, y, func(e epilogue, y uint64) []any {
		args := append([]any{x, filter, e.bias, noMask, noGate, y}, geometry...)
		return append(args, uint32(e.activation.Kind), e.activation.Alpha)
	})
}

func (p *planner) conv2dTranspose(op program.Conv2DTranspose) error {
	x, filter, bias, y := p.operands(op.Bias)
	g := op.Geometry
	if large(g) && bias == 0 && op.Activation.Kind == program.Identity {
		plan := kernels.Conv2DLargeInputGrad(g.Batch, g.InH, g.InW, g.InC)
		const alpha = float32(1)
		return p.launch(plan.Kernel, plan.Grid, append(append([]any{x, filter, noMask, noGate, y}, largeGeometryArgs(g)...), alpha)...)
	}
	plan := kernels.Conv2DTranspose(g.Batch, g.InH, g.InW, g.InC, g.StrideH, g.StrideW)
	return p.product(plan, g.InLen(), g.InC, epilogue{bias, op.Activation}, y, func(e epilogue, y uint64) []any {
		args := append([]any{x, filter, e.bias, noMask, noGate, y}, geometryArgs(g)...)
		return append(args, uint32(e.activation.Kind), e.activation.Alpha)
	})
}

func (p *planner) conv2dFilterGrad(op program.Conv2DFilterGrad) error {
	x, dy, dfilter := p.args[0], p.args[1], p.args[2]
	g := op.Geometry
	weights := g.FilterH * g.FilterW * g.InC
	plan := kernels.Conv2DFilterGrad(weights, g.OutC, g.Batch*g.OutH()*g.OutW())
	geometry := geometryArgs(g)
	if large(g) {
		plan = kernels.Conv2DLargeFilterGrad(g.Batch, g.InH, g.InW, g.InC, g.FilterH, g.FilterW)
		geometry = largeGeometryArgs(g)
	}
	return p.product(plan, g.FilterLen(), g.OutC, noEpilogue, dfilter, func(_ epilogue, dfilter uint64) []any {
		return append([]any{x, dy, dfilter}, geometry...)
	})
}

// product plans a kernel with n results in rows of so many columns. With more than one split, args
// gets the workspace for the result, and the epilogue goes to the kernel that adds the parts.
func (p *planner) product(plan kernels.Plan, n, columns int, e epilogue, y uint64, args func(e epilogue, y uint64) []any) error {
	if plan.Splits == 1 {
		return p.launch(plan.Kernel, plan.Grid, args(e, y)...)
	}
	if err := p.launch(plan.Kernel, plan.Grid, args(noEpilogue, p.parts(plan.Splits, n))...); err != nil {
		return err
	}
	return p.splitSum(plan.Splits, n, columns, e, y)
}

// operands are two operands, the bias or 0, and the result.
func (p *planner) operands(hasBias bool) (a, b, bias, y uint64) {
	if hasBias {
		return p.args[0], p.args[1], p.args[2], p.args[3]
	}
	return p.args[0], p.args[1], 0, p.args[2]
}

func large(g program.Geometry) bool {
	return kernels.Large(g.Batch, g.FilterH, g.FilterW, g.InC, g.OutC, g.StrideH, g.StrideW)
}

func geometryArgs(g program.Geometry) []any {
	return []any{g.Batch, g.InH, g.InW, g.InC, g.OutH(), g.OutW(), g.OutC,
		g.FilterH, g.FilterW, g.StrideH, g.StrideW, g.PadTop(), g.PadLeft()}
}

func largeGeometryArgs(g program.Geometry) []any {
	return []any{g.Batch, g.InH, g.InW, g.InC, g.OutH(), g.OutW(), g.FilterH, g.FilterW, g.PadTop(), g.PadLeft()}
}
