package engine

import (
	"fmt"
	"math"

	"gorgonia.org/gorgonia"

	"gangpu/engine/program"
)

// LeakyReLU is x where x > 0, else alpha*x. A negative alpha is an error: the gradient goes by the
// sign of the result.
func LeakyReLU(x *gorgonia.Node, alpha float32) (*gorgonia.Node, error) {
	const op = "leaky_relu"
	if err := checkInputs(op, input{"x", x, -1}); err != nil {
		return nil, err
	}
	if !(alpha >= 0 && alpha <= math.MaxFloat32) {
		return nil, opError(op, fmt.Errorf("alpha is %v, want a finite number that is not negative", alpha), x)
	}
	l := after(x, op)
	return apply(program.LeakyReLU{N: x.Shape().TotalSize(), Alpha: alpha}, x.Shape(), l, pullback{
		wrt: []bool{true},
		grad: func(_ gorgonia.Nodes, y, dy *gorgonia.Node) (gorgonia.Nodes, error) {
			dx, err := leakyReLUGrad(l.grad("grad"), alpha, y, dy)
			return gorgonia.Nodes{dx}, err
		}}, x)
}

// leakyReLUGrad is linear in dy. It has a gradient for dy and none for y, where it is piecewise
// constant.
func leakyReLUGrad(l label, alpha float32, y, dy *gorgonia.Node) (*gorgonia.Node, error) {
	return apply(program.LeakyReLUGrad{N: y.Shape().TotalSize(), Alpha: alpha}, y.Shape(), l, pullback{
		wrt: []bool{false, true},
		grad: func(in gorgonia.Nodes, _, ddx *gorgonia.Node) (gorgonia.Nodes, error) {
			ddy, err := leakyReLUGrad(l.grad("grad"), alpha, in[0], ddx)
			return gorgonia.Nodes{nil, ddy}, err
		}}, y, dy)
}
