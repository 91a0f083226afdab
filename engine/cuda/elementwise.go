package cuda

import (
	"gangpu/engine/program"
	"gangpu/kernels"
)

// Operations of one launch.

var _ = runs(func(p *planner, op program.LeakyReLU) error {
	return p.elementwise(op.N, "leaky_relu", p.args[0], p.args[1], op.N, op.Alpha)
})

var _ = runs(func(p *planner, op program.LeakyReLUGrad) error {
	return p.elementwise(op.N, "leaky_relu_grad", p.args[0], p.args[1], p.args[2], op.N, op.Alpha)
})

var _ = runs(func(p *planner, op program.Fill) error {
	return p.elementwise(op.N, "fill", p.args[0], op.N, op.Value)
})

var _ = runs(func(p *planner, op program.Uniform) error {
	return p.draw(op.Draw, op.N, "uniform", op.Low, op.High)
})

var _ = runs(func(p *planner, op program.Normal) error {
	return p.draw(op.Draw, op.N, "normal", op.Mean, op.Stddev)
})

var _ = runs(func(p *planner, op program.DropoutMask) error {
	return p.draw(op.Draw, op.N, "dropout_mask", op.Rate)
})

var _ = runs(func(p *planner, op program.Indices) error {
	return p.draw(op.Draw, op.N, "indices", op.Limit)
})

var _ = runs(func(p *planner, op program.Images) error {
	return p.launch("images", kernels.ImagesGrid(op.Batch, op.Pixels), p.args[0], p.args[1], p.args[2], op.Pixels)
})

var _ = runs(func(p *planner, op program.Adam) error {
	return p.elementwise(op.N, "adam", p.args[0], p.args[1], p.args[2], p.args[3], p.args[4], p.args[5],
		op.N, op.Beta1, op.Beta2, op.Epsilon)
})

var _ = runs(func(p *planner, op program.EMA) error {
	return p.elementwise(op.N, "ema", p.args[0], p.args[1], p.args[2], op.N, op.Decay)
})

var _ = runs(func(p *planner, op program.Increment) error {
	return p.elementwise(op.N, "increment", p.args[0], op.N, op.Delta)
})

func (p *planner) elementwise(n int, kernel string, args ...any) error {
	return p.launch(kernel, kernels.ElementwiseGrid(n), args...)
}

// draw plans a kernel of random numbers, of which the first is number First%4 of a block of four.
func (p *planner) draw(d program.Draw, n int, kernel string, args ...any) error {
	drawn := []any{p.args[0], p.args[1], n, d.Seed, d.Stream, d.First / 4, d.First % 4}
	return p.elementwise(n, kernel, append(drawn, args...)...)
}
