package engine

import (
	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"gangpu/engine/program"
)

// BCEWithLogits is the binary cross-entropy of logits against labels in [0, 1] of the same shape,
// a scalar: the mean over all elements; see [program.BCEWithLogits]. Labels have no gradient.
func BCEWithLogits(logits, labels *gorgonia.Node) (*gorgonia.Node, error) {
	const op = "bce"
	if err := checkSameShape(op, input{"logits", logits, -1}, input{"labels", labels, -1}); err != nil {
		return nil, err
	}
	n, l := logits.Shape().TotalSize(), after(logits, op)
	return apply(program.BCEWithLogits{N: n}, tensor.ScalarShape(), l, pullback{
		wrt: []bool{true, false},
		grad: func(in gorgonia.Nodes, _, dloss *gorgonia.Node) (gorgonia.Nodes, error) {
			dlogits, err := apply(program.BCEWithLogitsGrad{N: n}, in[0].Shape(), l.grad("grad"), pullback{},
				in[0], in[1], dloss)
			return gorgonia.Nodes{dlogits, nil}, err
		}}, logits, labels)
}
