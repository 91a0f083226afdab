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
	n, l := x.Shape().TotalSize(), after(x, op)
	return apply(program.Sigmoid{N: n}, x.Shape(), l, pullback{
		wrt: []bool{true},
		grad: func(_ gorgonia.Nodes, y, dy *gorgonia.Node) (gorgonia.Nodes, error) {
			dx, err := apply(program.SigmoidGrad{N: n}, y.Shape(), l.grad("grad"), pullback{}, y, dy)
			return gorgonia.Nodes{dx}, err
		}}, x)
}
