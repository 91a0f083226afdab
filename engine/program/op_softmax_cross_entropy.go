package program

import "errors"

// SoftmaxCrossEntropy is the mean cross-entropy of rows of logits z against rows of labels t, each
// a distribution over the classes (one 1 among zeros, or smoothed; their sum is 1):
//
//	loss = mean over rows of sum over c of t[c] * log(sum over k of exp(z[k]-z[c]))
//
// which is -sum t*log(softmax(z)), computed from the row's largest logit without overflow.
// Arguments: logits [Rows*Classes], labels [Rows*Classes], loss [1] written.
type SoftmaxCrossEntropy struct{ Rows, Classes int }

func (SoftmaxCrossEntropy) Name() string          { return "softmax_cross_entropy" }
func (SoftmaxCrossEntropy) Elementwise() bool     { return false }
func (o SoftmaxCrossEntropy) Validate() error     { return rowsOfClasses(o.Rows, o.Classes) }
func (o SoftmaxCrossEntropy) Operands() []Operand { return scored(o.Rows*o.Classes, "loss") }

// SoftmaxCrossEntropyGrad is the gradient of SoftmaxCrossEntropy with respect to the logits, times
// the gradient of what follows it: dlogits = dloss*(softmax(z)-t)/Rows.
// Arguments: logits [Rows*Classes], labels [Rows*Classes], dloss [1], dlogits [Rows*Classes] written.
type SoftmaxCrossEntropyGrad struct{ Rows, Classes int }

func (SoftmaxCrossEntropyGrad) Name() string      { return "softmax_cross_entropy_grad" }
func (SoftmaxCrossEntropyGrad) Elementwise() bool { return false }
func (o SoftmaxCrossEntropyGrad) Validate() error { return rowsOfClasses(o.Rows, o.Classes) }

func (o SoftmaxCrossEntropyGrad) Operands() []Operand {
	n := o.Rows * o.Classes
	return []Operand{f32("logits", n, Read), f32("labels", n, Read), f32("dloss", 1, Read), f32("dlogits", n, Write)}
}

// CategoricalAccuracy is the share of rows whose largest logit is where the largest label is; the
// first of equals counts as the largest.
// Arguments: logits [Rows*Classes], labels [Rows*Classes], accuracy [1] written.
type CategoricalAccuracy struct{ Rows, Classes int }

func (CategoricalAccuracy) Name() string      { return "categorical_accuracy" }
func (CategoricalAccuracy) Elementwise() bool { return false }
func (o CategoricalAccuracy) Validate() error { return rowsOfClasses(o.Rows, o.Classes) }

func (o CategoricalAccuracy) Operands() []Operand {
	return scored(o.Rows*o.Classes, "accuracy")
}

func rowsOfClasses(rows, classes int) error {
	return errors.Join(positive("rows", rows), positive("classes", classes))
}
