package engine

import (
	"errors"

	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"gangpu/engine/program"
)

// GradientPenalty is the mean over the batch of (||g[b]|| - 1)^2, a scalar, for g [batch, ...]; see
// [program.GradientPenalty]. Where g is made by [VJP], its gradient goes through that.
func GradientPenalty(g *gorgonia.Node) (*gorgonia.Node, error) {
	const op = "gradient_penalty"
	if err := checkInputs(op, input{"g", g, -1}); err != nil {
		return nil, err
	}
	s := g.Shape()
	if s.Dims() < 1 {
		return nil, opError(op, errors.New("a scalar has no batch"), g)
	}
	rows, columns, l := s[0], s.TotalSize()/s[0], after(g, op)
	return apply(program.GradientPenalty{Rows: rows, Columns: columns}, tensor.ScalarShape(), l, pullback{
		wrt: []bool{true},
		grad: func(in gorgonia.Nodes, _, dpenalty *gorgonia.Node) (gorgonia.Nodes, error) {
			dg, err := apply(program.GradientPenaltyGrad{Rows: rows, Columns: columns}, in[0].Shape(), l.grad("grad"), pullback{},
				in[0], dpenalty)
			return gorgonia.Nodes{dg}, err
		}}, g)
}
