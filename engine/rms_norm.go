package engine

import (
	"errors"

	"gorgonia.org/gorgonia"

	"gangpu/engine/expr"
)

// RMSNorm divides each row of x [..., channels] by the root of its mean square (Zhang and Sennrich, 2019,
// equation 4):
//
//	x / sqrt(mean(x^2) + epsilon) * gamma
//
// gamma has the shape [channels].
func RMSNorm(x, gamma *gorgonia.Node, epsilon float64) (*gorgonia.Node, error) {
	const op = "rms_norm"
	if err := checkInputs(op, input{"x", x, -1}, input{"gamma", gamma, 1}); err != nil {
		return nil, err
	}
	last := x.Dims() - 1
	if last < 0 {
		return nil, opError(op, errors.New("a scalar has no channels"), x, gamma)
	}
	l := after(x, op)
	square, err := mapOf(l, func(v ...expr.Expr) expr.Expr { return v[0].Mul(v[0]) }, x)
	if err != nil {
		return nil, err
	}
	mean, err := Mean(square, last) // [..., 1], which is broadcast to x again
	if err != nil {
		return nil, err
	}
	scale, err := mapOf(l, func(v ...expr.Expr) expr.Expr { return v[0].Add(expr.Const(epsilon)).Rsqrt() }, mean)
	if err != nil {
		return nil, err
	}
	return mapOf(l, func(v ...expr.Expr) expr.Expr { return v[0].Mul(v[1]).Mul(v[2]) }, x, scale, gamma)
}
