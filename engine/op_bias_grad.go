package engine

import (
	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"gangpu/engine/program"
)

// biasGrad sums dy over all but its last axis. Its gradient is that of the sum in every row: the
// product with a column of ones.
func biasGrad(l label, dy *gorgonia.Node) (*gorgonia.Node, error) {
	s := dy.Shape()
	channels := s[len(s)-1]
	rows := s.TotalSize() / channels
	return apply(program.BiasGrad{Rows: rows, Channels: channels}, tensor.Shape{channels}, l, pullback{
		wrt: []bool{true},
		grad: func(in gorgonia.Nodes, _, ddb *gorgonia.Node) (gorgonia.Nodes, error) {
			l := l.grad("grad")
			row, err := reshape(l, ddb, tensor.Shape{1, channels})
			if err != nil {
				return nil, err
			}
			ones := gorgonia.NewConstant(tensor.Ones(in[0].Dtype(), rows, 1))
			ddy, err := matMul(program.MatMul{M: rows, N: channels, K: 1}, l, ones, row, nil)
			if err != nil {
				return nil, err
			}
			ddy, err = reshape(l, ddy, in[0].Shape())
			return gorgonia.Nodes{ddy}, err
		}}, dy)
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
