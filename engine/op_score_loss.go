package engine

import (
	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"gangpu/engine/program"
)

// ScoreLoss is a loss of scores against labels of the same shape, a scalar: the mean over all
// elements; see [program.ScoreLoss]. Labels have no gradient.
func ScoreLoss(kind program.ScoreLossKind, scores, labels *gorgonia.Node) (*gorgonia.Node, error) {
	const op = "score_loss"
	if err := checkSameShape(op, input{"scores", scores, -1}, input{"labels", labels, -1}); err != nil {
		return nil, err
	}
	n, l := scores.Shape().TotalSize(), after(scores, op)
	return apply(program.ScoreLoss{N: n, Kind: kind}, tensor.ScalarShape(), l, pullback{
		wrt: []bool{true, false},
		grad: func(in gorgonia.Nodes, _, dloss *gorgonia.Node) (gorgonia.Nodes, error) {
			dscores, err := apply(program.ScoreLossGrad{N: n, Kind: kind}, in[0].Shape(), l.grad("grad"), pullback{},
				in[0], in[1], dloss)
			return gorgonia.Nodes{dscores, nil}, err
		}}, scores, labels)
}
