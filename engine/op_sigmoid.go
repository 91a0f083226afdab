package engine

import (
	"gorgonia.org/gorgonia"

	"gangpu/engine/program"
)

// Sigmoid is the logistic function 1/(1+exp(-x)) of every element.
func Sigmoid(x *gorgonia.Node) (*gorgonia.Node, error) {
	const op = "sigmoid"
	if err := checkInputs(op, input{"x", x, -1}); err != nil {
		return nil, err
	}
	l := after(x, op)
	return apply(program.Sigmoid{N: x.Shape().TotalSize()}, x.Shape(), l, pullback{
		wrt: []bool{true},
		grad: func(_ gorgonia.Nodes, y, dy *gorgonia.Node) (gorgonia.Nodes, error) {
			dx, err := sigmoidGrad(l.grad("grad"), y, dy)
			return gorgonia.Nodes{dx}, err
		}}, x)
}

// sigmoidGrad is dx = dy*y*(1-y), with gradients ddx*y*(1-y) for dy and p*(1-2*y) for y, p = dy*ddx.
func sigmoidGrad(l label, y, dy *gorgonia.Node) (*gorgonia.Node, error) {
	return apply(program.SigmoidGrad{N: y.Shape().TotalSize()}, y.Shape(), l, pullback{
		wrt: []bool{true, true},
		grad: func(in gorgonia.Nodes, _, ddx *gorgonia.Node) (gorgonia.Nodes, error) {
			ddy, err := sigmoidGrad(l.grad("grad"), in[0], ddx)
			if err != nil {
				return nil, err
			}
			p, err := multiply(l.grad("grad"), in[1], ddx)
			if err != nil {
				return nil, err
			}
			py, err := multiply(l.grad("grad"), p, in[0])
			if err != nil {
				return nil, err
			}
			if py, err = scale(l.grad("grad"), py, -2); err != nil {
				return nil, err
			}
			d, err := Add(p, py)
			return gorgonia.Nodes{d, ddy}, err
		}}, y, dy)
}
