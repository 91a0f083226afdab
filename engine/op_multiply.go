package engine

import (
	"gorgonia.org/gorgonia"

	"gangpu/engine/program"
)

// Multiply is a*b, element by element, of the same shape. Devices compute it as they do Dropout.
func Multiply(a, b *gorgonia.Node) (*gorgonia.Node, error) {
	const op = "multiply"
	if err := checkSameShape(op, input{"a", a, -1}, input{"b", b, -1}); err != nil {
		return nil, err
	}
	return multiply(after(a, op), a, b)
}

func multiply(l label, a, b *gorgonia.Node) (*gorgonia.Node, error) {
	return apply(program.Dropout{N: a.Shape().TotalSize()}, a.Shape(), l, pullback{
		wrt: []bool{true, true},
		grad: func(in gorgonia.Nodes, _, dy *gorgonia.Node) (gorgonia.Nodes, error) {
			da, err := multiply(l.grad("grad"), dy, in[1])
			if err != nil {
				return nil, err
			}
			db, err := multiply(l.grad("grad"), dy, in[0])
			return gorgonia.Nodes{da, db}, err
		}}, a, b)
}
