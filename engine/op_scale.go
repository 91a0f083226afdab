package engine

import (
	"gorgonia.org/gorgonia"

	"gangpu/engine/program"
)

// Scale is factor*x.
func Scale(x *gorgonia.Node, factor float32) (*gorgonia.Node, error) {
	const op = "scale"
	if err := checkInputs(op, input{"x", x, -1}); err != nil {
		return nil, err
	}
	return scale(after(x, op), x, factor)
}

func scale(l label, x *gorgonia.Node, factor float32) (*gorgonia.Node, error) {
	return apply(program.Scale{N: x.Shape().TotalSize(), Factor: factor}, x.Shape(), l, pullback{
		wrt: []bool{true},
		grad: func(_ gorgonia.Nodes, _, dy *gorgonia.Node) (gorgonia.Nodes, error) {
			dx, err := scale(l.grad("grad"), dy, factor)
			return gorgonia.Nodes{dx}, err
		}}, x)
}
