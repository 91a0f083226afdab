package engine

import (
	"gorgonia.org/gorgonia"

	"gangpu/engine/program"
)

// Dropout multiplies x by a mask of the same shape, as program.DropoutMask draws it: no element is
// negative. The mask is an input of the graph, so that running the graph twice is computing the same
// twice. It has no gradient.
func Dropout(x, mask *gorgonia.Node) (*gorgonia.Node, error) {
	const op = "dropout"
	if err := checkSameShape(op, input{"x", x, -1}, input{"mask", mask, -1}); err != nil {
		return nil, err
	}
	return dropout(label{layer: layerOf(mask)}.orElse(x, op), x, mask)
}

func dropout(l label, x, mask *gorgonia.Node) (*gorgonia.Node, error) {
	shape := x.Shape()
	op := program.NewMap(shape, product, shape, shape)
	return apply(op, shape, l, pullback{
		wrt: []bool{true, false},
		grad: func(in gorgonia.Nodes, _, dy *gorgonia.Node) (gorgonia.Nodes, error) {
			dx, err := dropout(l.grad("grad"), dy, in[1])
			return gorgonia.Nodes{dx, nil}, err
		}}, x, mask)
}
