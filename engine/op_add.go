package engine

import (
	"gorgonia.org/gorgonia"

	"gangpu/engine/program"
)

// Add is a + b, of the same shape.
func Add(a, b *gorgonia.Node) (*gorgonia.Node, error) {
	const op = "add"
	if err := checkSameShape(op, input{"a", a, -1}, input{"b", b, -1}); err != nil {
		return nil, err
	}
	return apply(program.Add{N: a.Shape().TotalSize()}, a.Shape(), after(a, op), pullback{
		wrt: []bool{true, true},
		grad: func(_ gorgonia.Nodes, _, dy *gorgonia.Node) (gorgonia.Nodes, error) {
			return gorgonia.Nodes{dy, dy}, nil
		}}, a, b)
}
