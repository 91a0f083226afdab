package engine

import (
	"math"
	"slices"

	"gorgonia.org/gorgonia"

	"gangpu/engine/expr"
	"gangpu/engine/program"
)

// ReLU is max(x, 0).
func ReLU(x *gorgonia.Node) (*gorgonia.Node, error) {
	return Map("relu", func(x ...expr.Expr) expr.Expr { return x[0].Max(expr.Const(0)) }, x)
}

// PReLU is x where x > 0, else alpha*x, with a learned alpha that is broadcast to x (He et al., 2015).
func PReLU(x, alpha *gorgonia.Node) (*gorgonia.Node, error) {
	return Map("prelu", func(x ...expr.Expr) expr.Expr {
		return expr.Const(0).Less(x[0]).Select(x[0], x[1].Mul(x[0]))
	}, x, alpha)
}

// GELU is x*(1+erf(x/sqrt(2)))/2 (Hendrycks and Gimpel, 2016).
func GELU(x *gorgonia.Node) (*gorgonia.Node, error) {
	return Map("gelu", func(x ...expr.Expr) expr.Expr {
		return x[0].Mul(expr.Const(0.5)).Mul(x[0].Mul(expr.Const(1 / math.Sqrt2)).Erf().Add(expr.Const(1)))
	}, x)
}

// SiLU is x*sigmoid(x) (Elfwing et al., 2017).
func SiLU(x *gorgonia.Node) (*gorgonia.Node, error) {
	return Map("silu", func(x ...expr.Expr) expr.Expr { return x[0].Mul(x[0].Sigmoid()) }, x)
}

// Sigmoid is the logistic function 1/(1+exp(-x)).
func Sigmoid(x *gorgonia.Node) (*gorgonia.Node, error) {
	return Map("sigmoid", func(x ...expr.Expr) expr.Expr { return x[0].Sigmoid() }, x)
}

// Tanh is the hyperbolic tangent.
func Tanh(x *gorgonia.Node) (*gorgonia.Node, error) {
	return Map("tanh", func(x ...expr.Expr) expr.Expr { return x[0].Tanh() }, x)
}

// Softplus is log(1+exp(x)).
func Softplus(x *gorgonia.Node) (*gorgonia.Node, error) {
	return Map("softplus", func(x ...expr.Expr) expr.Expr { return x[0].Softplus() }, x)
}

// Softmax is exp(x)/sum(exp(x)) along the last axis, computed from the row's largest element without overflow.
func Softmax(x *gorgonia.Node) (*gorgonia.Node, error) {
	const op = "softmax"
	if err := checkInputs(op, input{"x", x, -1}); err != nil {
		return nil, err
	}
	l, last := after(x, op), x.Shape().Dims()-1
	largest, err := rowMaximum(x)
	if err != nil {
		return nil, err
	}
	above := func(x ...expr.Expr) expr.Expr { return x[0].Sub(x[1]).Exp() }
	terms, err := mapOf(l, above, x, largest)
	if err != nil {
		return nil, err
	}
	sum, err := Sum(terms, last)
	if err != nil {
		return nil, err
	}
	shape := x.Shape()
	sources := []source{broadcast(x, shape), broadcast(largest, shape), broadcast(sum, shape)}
	v := expr.Inputs(3)
	y := program.Map{Shape: slices.Clone(shape), In: programSources(sources), Code: expr.Compile(above(v...).Div(v[2]))}
	return apply(y, shape, l, pullback{
		wrt: []bool{true, false, false},
		grad: func(_ gorgonia.Nodes, y, dy *gorgonia.Node) (gorgonia.Nodes, error) {
			// That of the sum is in it: dx = y*(dy - sum of dy*y).
			l := l.grad("grad")
			products, err := mapOf(l, product, dy, y)
			if err != nil {
				return nil, err
			}
			mean, err := Sum(products, last)
			if err != nil {
				return nil, err
			}
			dx, err := mapOf(l, func(x ...expr.Expr) expr.Expr { return x[0].Mul(x[1].Sub(x[2])) }, y, dy, mean)
			return gorgonia.Nodes{dx, nil, nil}, err
		}}, nodesOf(sources)...)
}

// LogSoftmax is the logarithm of [Softmax]: x - max - log(sum(exp(x-max))).
func LogSoftmax(x *gorgonia.Node) (*gorgonia.Node, error) {
	const op = "log_softmax"
	if err := checkInputs(op, input{"x", x, -1}); err != nil {
		return nil, err
	}
	l := after(x, op)
	largest, err := rowMaximum(x)
	if err != nil {
		return nil, err
	}
	above, err := mapOf(l, func(x ...expr.Expr) expr.Expr { return x[0].Sub(x[1]).Exp() }, x, largest)
	if err != nil {
		return nil, err
	}
	sum, err := Sum(above, x.Shape().Dims()-1)
	if err != nil {
		return nil, err
	}
	return mapOf(l, func(x ...expr.Expr) expr.Expr { return x[0].Sub(x[1]).Sub(x[2].Log()) }, x, largest, sum)
}

// rowMaximum is the largest element along the last axis, as a constant: what is subtracted of all elements of
// a row changes no softmax, and has no part in its gradient.
func rowMaximum(x *gorgonia.Node) (*gorgonia.Node, error) {
	if err := checkAxes("softmax", x, []int{max(x.Shape().Dims()-1, 0)}); err != nil {
		return nil, err
	}
	largest, err := Maximum(x, x.Shape().Dims()-1)
	if err != nil {
		return nil, err
	}
	return Detach(largest)
}
