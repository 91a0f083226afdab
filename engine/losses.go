package engine

import (
	"errors"
	"math"

	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"gangpu/engine/expr"
)

// The losses here are means over all elements, scalars. Inputs must have the same shape: broadcast to each other,
// scores [n] and labels [n, 1] would make n*n losses.

// mean is the mean of an expression of inputs.
func mean(op string, f func(x ...expr.Expr) expr.Expr, inputs ...*gorgonia.Node) (*gorgonia.Node, error) {
	var of []input
	for _, n := range inputs {
		of = append(of, input{"input", n, -1})
	}
	if err := checkInputs(op, of...); err != nil {
		return nil, err
	}
	for _, in := range of[1:] {
		if err := checkSameShape(op, of[0], in); err != nil {
			return nil, err
		}
	}
	return meanOf(after(inputs[0], op), f, inputs...)
}

// L1 is the mean of |a-b|.
func L1(a, b *gorgonia.Node) (*gorgonia.Node, error) {
	return mean("l1", func(x ...expr.Expr) expr.Expr { return x[0].Sub(x[1]).Abs() }, a, b)
}

// L2 is the mean of (a-b)^2.
func L2(a, b *gorgonia.Node) (*gorgonia.Node, error) {
	return mean("l2", SquaredError, a, b)
}

// SquaredError is what [L2] takes the mean of.
func SquaredError(x ...expr.Expr) expr.Expr { d := x[0].Sub(x[1]); return d.Mul(d) }

// Huber is the mean of d^2/2 where |d| = |a-b| is at most delta, else of delta*(|d|-delta/2) (Huber, 1964).
func Huber(a, b *gorgonia.Node, delta float64) (*gorgonia.Node, error) {
	return mean("huber", func(x ...expr.Expr) expr.Expr {
		d := x[0].Sub(x[1])
		size := d.Abs()
		return size.LessEqual(expr.Const(delta)).Select(d.Mul(d).Mul(expr.Const(0.5)),
			size.Sub(expr.Const(delta/2)).Mul(expr.Const(delta)))
	}, a, b)
}

// Hinge is the mean of max(0, 1-label*score), for labels of 1 and -1 (Lim and Ye, 2017).
func Hinge(scores, labels *gorgonia.Node) (*gorgonia.Node, error) {
	return mean("hinge", HingeOf, scores, labels)
}

// HingeOf is what [Hinge] takes the mean of.
func HingeOf(x ...expr.Expr) expr.Expr { return expr.Const(1).Sub(x[0].Mul(x[1])).Max(expr.Const(0)) }

// Linear is the mean of -label*score: with labels of 1 and -1 a difference of means (Arjovsky et al., 2017).
func Linear(scores, labels *gorgonia.Node) (*gorgonia.Node, error) {
	return mean("linear", LinearOf, scores, labels)
}

// LinearOf is what [Linear] takes the mean of.
func LinearOf(x ...expr.Expr) expr.Expr { return x[0].Mul(x[1]).Neg() }

// BCEWithLogits is the mean binary cross-entropy of logits z against labels t in [0, 1]:
//
//	-t*log(s(z)) - (1-t)*log(1-s(z)) = log(1+exp(z)) - t*z
//
// with s the logistic function; it does not overflow.
func BCEWithLogits(logits, labels *gorgonia.Node) (*gorgonia.Node, error) {
	return mean("bce", BCE, logits, labels)
}

// BCE is what [BCEWithLogits] takes the mean of.
func BCE(x ...expr.Expr) expr.Expr { return x[0].Softplus().Sub(x[0].Mul(x[1])) }

// SoftmaxCrossEntropy is the cross-entropy of logits z [rows, classes] against labels t of the same shape, whose
// rows are distributions over the classes: the mean over the rows of -sum over c of t[c]*log(softmax(z)[c]).
func SoftmaxCrossEntropy(logits, labels *gorgonia.Node) (*gorgonia.Node, error) {
	const op = "softmax_cross_entropy"
	if err := checkSameShape(op, input{"logits", logits, 2}, input{"labels", labels, 2}); err != nil {
		return nil, err
	}
	log, err := LogSoftmax(logits)
	if err != nil {
		return nil, err
	}
	rows := expr.Const(-1 / float64(logits.Shape()[0]))
	return sumOf(after(logits, op), func(x ...expr.Expr) expr.Expr { return x[0].Mul(x[1]).Mul(rows) }, log, labels)
}

// GradientPenalty is the mean over the batch of (|g[b]| - 1)^2, for g [batch, ...] (Gulrajani et al., 2017,
// equation 3), where |g[b]| is the root of the sum of the squares. Where g is made by [VJP], the gradient goes
// through that. A gradient of zeros has no direction: its own gradient is 0.
func GradientPenalty(g *gorgonia.Node) (*gorgonia.Node, error) {
	const op = "gradient_penalty"
	if err := checkInputs(op, input{"g", g, -1}); err != nil {
		return nil, err
	}
	s := g.Shape()
	if s.Dims() < 1 {
		return nil, opError(op, errors.New("a scalar has no batch"), g)
	}
	l := after(g, op)
	squares, err := mapOf(l, func(x ...expr.Expr) expr.Expr { return x[0].Mul(x[0]) }, g)
	if err != nil {
		return nil, err
	}
	if s.Dims() > 1 {
		if squares, err = Sum(squares, count(s.Dims())[1:]...); err != nil {
			return nil, err
		}
	}
	return meanOf(l, func(x ...expr.Expr) expr.Expr {
		zero, one := expr.Const(0), expr.Const(1)
		some := zero.Less(x[0])
		length := some.Select(some.Select(x[0], one).Sqrt(), zero) // the root's slope at 0 would be infinite
		d := length.Sub(one)
		return d.Mul(d)
	}, squares)
}

// BinaryAccuracy is the share of logits on the labels' side: of those with (logit > 0) == (label > 0.5).
func BinaryAccuracy(logits, labels *gorgonia.Node) (*gorgonia.Node, error) {
	const op = "binary_accuracy"
	if err := checkSameShape(op, input{"logits", logits, -1}, input{"labels", labels, -1}); err != nil {
		return nil, err
	}
	l, n := after(logits, op), expr.Const(float64(logits.Shape().TotalSize()))
	right, err := sumOf(l, Right, logits, labels)
	if err != nil {
		return nil, err
	}
	return mapOf(l, func(x ...expr.Expr) expr.Expr { return x[0].Div(n) }, right)
}

// Right is what [BinaryAccuracy] takes the mean of.
func Right(x ...expr.Expr) expr.Expr {
	return expr.Const(0).Less(x[0]).Equal(expr.Const(0.5).Less(x[1]))
}

// CategoricalAccuracy is the share of rows of logits [rows, classes] whose largest element is where the row of
// labels has its largest. Where several are largest, the row counts as the chance that one of them, drawn, is
// right.
func CategoricalAccuracy(logits, labels *gorgonia.Node) (*gorgonia.Node, error) {
	const op = "categorical_accuracy"
	if err := checkSameShape(op, input{"logits", logits, 2}, input{"labels", labels, 2}); err != nil {
		return nil, err
	}
	l := after(logits, op)
	largest, err := Maximum(logits, 1)
	if err != nil {
		return nil, err
	}
	class, err := Maximum(labels, 1)
	if err != nil {
		return nil, err
	}
	isLargest, err := mapOf(l, func(x ...expr.Expr) expr.Expr { return x[0].Equal(x[1]) }, logits, largest)
	if err != nil {
		return nil, err
	}
	equals, err := Sum(isLargest, 1)
	if err != nil {
		return nil, err
	}
	chance, err := mapOf(l, func(x ...expr.Expr) expr.Expr { return x[0].Equal(x[1]).Mul(x[2]) }, labels, class, isLargest)
	if err != nil {
		return nil, err
	}
	right, err := Sum(chance, 1)
	if err != nil {
		return nil, err
	}
	sum, err := sumOf(l, quotient, right, equals)
	if err != nil {
		return nil, err
	}
	n := expr.Const(float64(logits.Shape()[0]))
	return mapOf(l, func(x ...expr.Expr) expr.Expr { return x[0].Div(n) }, sum)
}

// SoftplusLoss is the mean of log(1+exp(-label*score)), for labels of 1 and -1: the logistic loss of a GAN
// (Goodfellow et al., 2014), and its generator's that does not saturate.
func SoftplusLoss(scores *gorgonia.Node, label float64) (*gorgonia.Node, error) {
	return mean("softplus_loss", func(x ...expr.Expr) expr.Expr { return x[0].Mul(expr.Const(-label)).Softplus() }, scores)
}

// KLNormal is the Kullback-Leibler divergence of normal distributions, of these means and logarithms of
// variances [batch, ...], from the standard one, its mean over the batch (Kingma and Welling, 2013, appendix B):
//
//	-1/2 * sum of (1 + logVariance - mean^2 - exp(logVariance)) / batch
func KLNormal(mean, logVariance *gorgonia.Node) (*gorgonia.Node, error) {
	const op = "kl_normal"
	if err := checkSameShape(op, input{"mean", mean, -1}, input{"logVariance", logVariance, -1}); err != nil {
		return nil, err
	}
	batch := 1
	if s := mean.Shape(); s.Dims() > 0 {
		batch = s[0]
	}
	l := after(mean, op)
	sum, err := sumOf(l, func(x ...expr.Expr) expr.Expr {
		return expr.Const(1).Add(x[1]).Sub(x[0].Mul(x[0])).Sub(x[1].Exp())
	}, mean, logVariance)
	if err != nil {
		return nil, err
	}
	return mapOf(l, func(x ...expr.Expr) expr.Expr { return x[0].Mul(expr.Const(-0.5 / float64(batch))) }, sum)
}

// TotalVariation is the sum of |differences| of neighbouring pixels of images x [batch, height, width, channels],
// down and across, its mean over the batch (Rudin et al., 1992; as TensorFlow has it).
func TotalVariation(x *gorgonia.Node) (*gorgonia.Node, error) {
	const op = "total_variation"
	if err := checkInputs(op, input{"x", x, 4}); err != nil {
		return nil, err
	}
	s := x.Shape()
	e := expr.Const(0)
	var sources []source
	for axis := 1; axis <= 2; axis++ {
		next, here := axes(x, count(4), 4), axes(x, count(4), 4)
		next.Axes[axis].Offset = 1
		// The last pixel has no neighbour: both read 0 there.
		only := next.Axes[axis]
		only.Stride = 0
		here.Axes = append(here.Axes, only)
		e = e.Add(expr.Input(len(sources)).Sub(expr.Input(len(sources) + 1)).Abs())
		sources = append(sources, source{x, next}, source{x, here})
	}
	return sumSources(after(x, op), e.Mul(expr.Const(1/float64(s[0]))), tensor.ScalarShape(), s, sources)
}

// PSNR is the peak signal-to-noise ratio of images a and b [batch, ...] in decibels, for each image, [batch]:
// 10*log10(peak^2 / mean((a-b)^2)), with peak the range of a pixel.
func PSNR(a, b *gorgonia.Node, peak float64) (*gorgonia.Node, error) {
	const op = "psnr"
	if err := checkSameShape(op, input{"a", a, -1}, input{"b", b, -1}); err != nil {
		return nil, err
	}
	s, l := a.Shape(), after(a, op)
	if err := checkAxes(op, a, count(max(s.Dims(), 1))); err != nil {
		return nil, err
	}
	square, err := mapOf(l, func(x ...expr.Expr) expr.Expr { d := x[0].Sub(x[1]); return d.Mul(d) }, a, b)
	if err != nil {
		return nil, err
	}
	sum, err := Sum(square, count(s.Dims())[1:]...)
	if err != nil {
		return nil, err
	}
	n := float64(s.TotalSize() / s[0])
	db, err := mapOf(l, func(x ...expr.Expr) expr.Expr {
		return expr.Const(peak * peak * n).Div(x[0]).Log().Mul(expr.Const(10 / math.Ln10))
	}, sum)
	if err != nil {
		return nil, err
	}
	return reshape(l, db, tensor.Shape{s[0]})
}

// SSIM is the structural similarity of images a and b [batch, height, width, channels], the mean over all windows
// and channels, for each image, [batch] (Wang et al., 2004): a Gaussian window of 11x11 pixels with a
// deviation of 1.5 that lies within the image, K1 = 0.01, K2 = 0.03, and peak the range of a pixel:
//
//	(2*ma*mb+C1)*(2*cov+C2) / ((ma^2+mb^2+C1)*(va+vb+C2)),  C1 = (K1*peak)^2,  C2 = (K2*peak)^2
//
// It is an error if images have fewer than 11 pixels a side.
func SSIM(a, b *gorgonia.Node, peak float64) (*gorgonia.Node, error) {
	const op = "ssim"
	if err := checkSameShape(op, input{"a", a, 4}, input{"b", b, 4}); err != nil {
		return nil, err
	}
	l := after(a, op)
	window := FIR{Weights: make([]float64, 11), Up: 1, Down: 1}
	for i := range window.Weights {
		d := float64(i - 5)
		window.Weights[i] = math.Exp(-d * d / (2 * 1.5 * 1.5))
	}
	if s := a.Shape(); window.Out(s[1]) < 1 || window.Out(s[2]) < 1 {
		return nil, opError(op, errors.New("images of fewer than 11 pixels a side"), a, b)
	}
	blurred := func(f func(x ...expr.Expr) expr.Expr, of ...*gorgonia.Node) (*gorgonia.Node, error) {
		y, err := mapOf(l, f, of...)
		for axis := 1; axis <= 2 && err == nil; axis++ {
			y, err = window.along(l, y, axis)
		}
		return y, err
	}
	same := func(x ...expr.Expr) expr.Expr { return x[0] }
	product := func(x ...expr.Expr) expr.Expr { return x[0].Mul(x[len(x)-1]) }
	var moments gorgonia.Nodes
	for _, m := range []struct {
		f  func(x ...expr.Expr) expr.Expr
		of gorgonia.Nodes
	}{{same, gorgonia.Nodes{a}}, {same, gorgonia.Nodes{b}}, {product, gorgonia.Nodes{a}}, {product, gorgonia.Nodes{b}}, {product, gorgonia.Nodes{a, b}}} {
		n, err := blurred(m.f, m.of...)
		if err != nil {
			return nil, err
		}
		moments = append(moments, n)
	}
	c1, c2 := expr.Const(0.01*0.01*peak*peak), expr.Const(0.03*0.03*peak*peak)
	similarity, err := mapOf(l, func(x ...expr.Expr) expr.Expr {
		ma, mb := x[0], x[1]
		means := ma.Mul(mb)
		squares := ma.Mul(ma).Add(mb.Mul(mb))
		two := expr.Const(2)
		above := means.Mul(two).Add(c1).Mul(x[4].Sub(means).Mul(two).Add(c2))
		return above.Div(squares.Add(c1).Mul(x[2].Add(x[3]).Sub(squares).Add(c2)))
	}, moments...)
	if err != nil {
		return nil, err
	}
	y, err := Mean(similarity, 1, 2, 3)
	if err != nil {
		return nil, err
	}
	return reshape(l, y, tensor.Shape{a.Shape()[0]})
}
