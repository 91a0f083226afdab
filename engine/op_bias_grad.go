package engine

import (
	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"gangpu/engine/expr"
	"gangpu/engine/program"
)

// biasGrad sums dy over all but its last axis.
func biasGrad(l label, dy *gorgonia.Node) (*gorgonia.Node, error) {
	s := dy.Shape()
	last := len(s) - 1
	along := make([]int, len(s)) // the dimension of the sum that each axis moves along
	for t := range along {
		along[t] = 1 + t
	}
	along[last] = 0
	return sumSources(l, expr.Input(0), tensor.Shape{s[last]}, s[:last], []source{{dy, axes(dy, along, len(s))}})
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
