package engine

import (
	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"gangpu/engine/program"
)

// biasGrad sums dy over all but its last axis.
func biasGrad(l label, dy *gorgonia.Node) (*gorgonia.Node, error) {
	s := dy.Shape()
	channels := s[len(s)-1]
	return apply(program.BiasGrad{Rows: s.TotalSize() / channels, Channels: channels},
		tensor.Shape{channels}, l, pullback{}, dy)
}

// applyWithBias applies op, which is linear in a and in b, to them and bias, which may be nil.
// product gives the gradients of a and b.
func applyWithBias(op program.Op, shape tensor.Shape, l label,
	product func(in gorgonia.Nodes, dout *gorgonia.Node) (da, db *gorgonia.Node, err error),
	a, b, bias *gorgonia.Node) (*gorgonia.Node, error) {
	inputs, wrt := gorgonia.Nodes{a, b}, []bool{true, true}
	if bias != nil {
		inputs, wrt = append(inputs, bias), append(wrt, true)
	}
	grad := func(in gorgonia.Nodes, _, dout *gorgonia.Node) (gorgonia.Nodes, error) {
		da, db, err := product(in, dout)
		if err != nil || bias == nil {
			return gorgonia.Nodes{da, db}, err
		}
		dbias, err := biasGrad(l.grad("bias_grad"), dout)
		return gorgonia.Nodes{da, db, dbias}, err
	}
	return apply(op, shape, l, pullback{wrt, grad}, inputs...)
}
