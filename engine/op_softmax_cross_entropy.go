package engine

import (
	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"gangpu/engine/program"
)

// SoftmaxCrossEntropy is the cross-entropy of logits [rows, classes] against labels of the same
// shape, whose rows are distributions over the classes: a scalar, the mean over the rows; see
// [program.SoftmaxCrossEntropy]. Labels have no gradient.
func SoftmaxCrossEntropy(logits, labels *gorgonia.Node) (*gorgonia.Node, error) {
	const op = "softmax_cross_entropy"
	if err := checkSameShape(op, input{"logits", logits, 2}, input{"labels", labels, 2}); err != nil {
		return nil, err
	}
	rows, classes, l := logits.Shape()[0], logits.Shape()[1], after(logits, op)
	return apply(program.SoftmaxCrossEntropy{Rows: rows, Classes: classes}, tensor.ScalarShape(), l, pullback{
		wrt: []bool{true, false},
		grad: func(in gorgonia.Nodes, _, dloss *gorgonia.Node) (gorgonia.Nodes, error) {
			dlogits, err := apply(program.SoftmaxCrossEntropyGrad{Rows: rows, Classes: classes}, in[0].Shape(), l.grad("grad"),
				pullback{}, in[0], in[1], dloss)
			return gorgonia.Nodes{dlogits, nil}, err
		}}, logits, labels)
}
