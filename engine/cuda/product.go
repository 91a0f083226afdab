package cuda

import (
	"gangpu/engine/program"
	"gangpu/kernels"
)

// Products of matrices and convolutions: kernels that cut their sums into parts where the result
// alone has too few tiles to fill a GPU.

var (
	_ = runs((*planner).matmul)
	_ = runs((*planner).conv2d)
	_ = runs((*planner).conv2dTranspose)
	_ = runs((*planner).conv2dInputGrad)
	_ = runs((*planner).conv2dFilterGrad)
)

func (p *planner) matmul(op program.MatMul) error {
	a, b, e, c := p.operands(op.Epilogue)
	aStride, bStride := op.Strides()
	plan := kernels.MatMul(op.TransA, op.TransB, op.Products(), op.M, op.N, op.K)
	return p.product(plan, op.Products()*op.M*op.N, op.N, e, c, func(e epilogue, c uint64) []any {
		return []any{a, b, e.bias, e.mask, e.gate, c, op.M, op.N, op.K, aStride, bStride, uint32(e.activation.Kind), e.activation.Alpha}
	})
}

func (p *planner) conv2d(op program.Conv2D) error {
	x, filter, e, y := p.operands(op.Epilogue)
	g := op.Geometry
	if fft(g) {
		return p.conv2dFFT(g, x, filter, e, y)
	}
	pixels := g.Batch * g.OutH() * g.OutW()
	plan, geometry := kernels.Conv2D(pixels, g.OutC), geometryArgs(g)
	if large(g) {
		plan, geometry = kernels.Conv2DLarge(g.Batch, g.InH, g.InW, g.InC, g.OutH(), g.OutW()), largeGeometryArgs(g)
	}
	return p.product(plan, g.OutLen(), g.OutC, e, y, func(e epilogue, y uint64) []any {
		args := append([]any{x, filter, e.bias, e.mask, e.gate, y}, geometry...)
		return append(args, uint32(e.activation.Kind), e.activation.Alpha)
	})
}

func (p *planner) conv2dTranspose(op program.Conv2DTranspose) error {
	x, filter, e, y := p.operands(op.Epilogue)
	g := op.Geometry
	if fft(g) {
		return p.conv2dFFTInputGrad(g, x, filter, e, y)
	}
	if large(g) && !op.Bias && op.Activation.Kind == program.Identity {
		plan := kernels.Conv2DLargeInputGrad(g.Batch, g.InH, g.InW, g.InC)
		args := append([]any{x, filter, e.mask, e.gate, y}, largeGeometryArgs(g)...)
		return p.launch(plan.Kernel, plan.Grid, append(args, e.activation.Alpha)...)
	}
	plan := kernels.Conv2DTranspose(g.Batch, g.InH, g.InW, g.InC, g.StrideH, g.StrideW)
	return p.product(plan, g.InLen(), g.InC, e, y, func(e epilogue, y uint64) []any {
		args := append([]any{x, filter, e.bias, e.mask, e.gate, y}, geometryArgs(g)...)
		return append(args, uint32(e.activation.Kind), e.activation.Alpha)
	})
}

// conv2dInputGrad is the same sum as a transposed convolution.
func (p *planner) conv2dInputGrad(op program.Conv2DInputGrad) error {
	return p.conv2dTranspose(program.Conv2DTranspose(op))
}

func (p *planner) conv2dFilterGrad(op program.Conv2DFilterGrad) error {
	x, dy, dfilter := p.args[0], p.args[1], p.args[2]
	g := op.Geometry
	if fft(g) {
		return p.conv2dFFTFilterGrad(g, x, dy, dfilter)
	}
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

// operands are those of a convolution or product.
func (p *planner) operands(op program.Epilogue) (a, b uint64, e epilogue, y uint64) {
	rest := p.args[2:]
	take := func(there bool) (address uint64) {
		if there {
			address, rest = rest[0], rest[1:]
		}
		return address
	}
	e = epilogue{take(op.Bias), take(op.Mask), take(op.Gate), op.Activation}
	return p.args[0], p.args[1], e, take(true)
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
