package nn

import (
	"fmt"

	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"gangpu/engine"
	"gangpu/engine/expr"
)

// The losses here are means over all elements, scalars. Scores are what a discriminator says, before any sigmoid.

func meanOf(kind string, f func(x ...expr.Expr) expr.Expr, x ...*Node) *Node {
	return MeanOver(Map(kind, f, x...))
}

// Mean is the mean of all elements.
func Mean(x *Node) *Node { return MeanOver(x) }

// BCE is the mean binary cross-entropy of scores against one label in [0, 1]: log(1+exp(s)) - label*s.
func BCE(scores *Node, label float64) *Node {
	return meanOf("bce", func(x ...expr.Expr) expr.Expr {
		return x[0].Softplus().Sub(x[0].Mul(expr.Const(label)))
	}, scores)
}

// BCEWith is BCE against labels of the scores' shape, as those of attributes.
func BCEWith(scores, labels *Node) *Node {
	return same("bce", engine.BCEWithLogits, scores, labels)
}

// LeastSquares is the mean of (s-label)^2 (Mao et al., 2017).
func LeastSquares(scores *Node, label float64) *Node {
	return meanOf("least_squares", func(x ...expr.Expr) expr.Expr {
		d := x[0].Sub(expr.Const(label))
		return d.Mul(d)
	}, scores)
}

// Hinge is the mean of max(0, 1-label*s), for a label of 1 or -1 (Lim and Ye, 2017).
func Hinge(scores *Node, label float64) *Node {
	return meanOf("hinge", func(x ...expr.Expr) expr.Expr {
		return expr.Const(1).Sub(x[0].Mul(expr.Const(label))).Max(expr.Const(0))
	}, scores)
}

// L1 is the mean of |a-b|, L2 that of (a-b)^2, for nodes of one shape.
func L1(a, b *Node) *Node { return same("l1", engine.L1, a, b) }
func L2(a, b *Node) *Node { return same("l2", engine.L2, a, b) }

// SoftmaxCrossEntropy is the cross-entropy of logits [batch, classes] against one-hot classes.
func SoftmaxCrossEntropy(logits, classes *Node) *Node {
	return same("softmax_cross_entropy", engine.SoftmaxCrossEntropy, logits, classes)
}

// KLNormal is that of normal distributions from the standard one; see [engine.KLNormal].
func KLNormal(mean, logVariance *Node) *Node {
	return same("kl_normal", engine.KLNormal, mean, logVariance)
}

// TotalVariation is that of images; see [engine.TotalVariation].
func TotalVariation(x *Node) *Node { return apply(function{"total_variation"}, x) }

// Above is the share of scores above the threshold.
func Above(scores *Node, threshold float64) *Node {
	return meanOf("above", func(x ...expr.Expr) expr.Expr { return expr.Const(threshold).Less(x[0]) }, scores)
}

// Below is the share of scores that are not above the threshold.
func Below(scores *Node, threshold float64) *Node {
	return meanOf("below", func(x ...expr.Expr) expr.Expr { return x[0].LessEqual(expr.Const(threshold)) }, scores)
}

// Accuracy is the share of rows of logits whose largest element is at the row's class.
func Accuracy(logits, classes *Node) *Node {
	return same("accuracy", engine.CategoricalAccuracy, logits, classes)
}

func same(kind string, f func(a, b *gorgonia.Node) (*gorgonia.Node, error), a, b *Node) *Node {
	return Custom(kind, func(x ...*gorgonia.Node) (*gorgonia.Node, error) { return f(x[0], x[1]) }, a, b)
}

// Slope is the gradient of the sum of scores with respect to x, of x's shape. It can be differentiated again.
func Slope(scores, x *Node) *Node {
	return Custom("slope", func(n ...*gorgonia.Node) (*gorgonia.Node, error) {
		ones, err := engine.Constant(n[0].Graph(), tensor.Ones(n[0].Dtype(), n[0].Shape()...))
		if err != nil {
			return nil, err
		}
		return engine.VJP(n[0], ones, n[1])
	}, scores, x)
}

// GradientPenalty is the mean over the batch of (|slope| - 1)^2 (Gulrajani et al., 2017, equation 3).
func GradientPenalty(slope *Node) *Node {
	return Custom("gradient_penalty", func(n ...*gorgonia.Node) (*gorgonia.Node, error) { return engine.GradientPenalty(n[0]) }, slope)
}

// ZeroCentredPenalty is the mean over the batch of |slope|^2: R1 at real images (Mescheder et al., 2018, equation 9,
// without its factor of 1/2).
func ZeroCentredPenalty(slope *Node) *Node {
	return Scale(MeanOver(Square(slope)), float64(size(slope.Shape())/max(slope.Batch(), 1)))
}

// Gradients are those of a scalar with respect to nodes; nil for a node that it does not depend on.
func Gradients(loss *Node, with ...*Node) []*Node {
	all := make([]*Node, len(with))
	g := loss.graph
	for i := range all {
		all[i] = &Node{graph: g}
	}
	if g.err != nil {
		return all
	}
	if len(loss.Shape()) != 0 {
		g.fail(fmt.Errorf("the loss has shape %v, want a scalar", loss.Shape()))
		return all
	}
	var nodes []*gorgonia.Node
	for _, n := range with {
		nodes = append(nodes, n.node)
	}
	gradients, err := engine.GradIfAny(loss.node, nodes...)
	if err != nil {
		g.fail(fmt.Errorf("the gradient: %w", err))
		return all
	}
	for i, d := range gradients {
		if all[i].node = d; d == nil {
			all[i] = nil
		}
	}
	return all
}
