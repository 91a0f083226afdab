package engine

import (
	"gorgonia.org/gorgonia"

	"gangpu/engine/expr"
)

// Add is a + b, Subtract a - b, Multiply a * b and Divide a / b, element by element, broadcast to each other as
// [Map] does it.
func Add(a, b *gorgonia.Node) (*gorgonia.Node, error)      { return Map("add", sum, a, b) }
func Subtract(a, b *gorgonia.Node) (*gorgonia.Node, error) { return Map("subtract", difference, a, b) }
func Multiply(a, b *gorgonia.Node) (*gorgonia.Node, error) { return Map("multiply", product, a, b) }
func Divide(a, b *gorgonia.Node) (*gorgonia.Node, error)   { return Map("divide", quotient, a, b) }

func sum(x ...expr.Expr) expr.Expr        { return x[0].Add(x[1]) }
func difference(x ...expr.Expr) expr.Expr { return x[0].Sub(x[1]) }
func product(x ...expr.Expr) expr.Expr    { return x[0].Mul(x[1]) }
func quotient(x ...expr.Expr) expr.Expr   { return x[0].Div(x[1]) }

// Scale is factor*x.
func Scale(x *gorgonia.Node, factor float32) (*gorgonia.Node, error) {
	return Map("scale", func(x ...expr.Expr) expr.Expr { return x[0].Mul(expr.Const(float64(factor))) }, x)
}

// Interpolate is weight*a + (1-weight)*b, broadcast to each other.
func Interpolate(weight, a, b *gorgonia.Node) (*gorgonia.Node, error) {
	return Map("interpolate", func(x ...expr.Expr) expr.Expr {
		return x[0].Mul(x[1]).Add(expr.Const(1).Sub(x[0]).Mul(x[2]))
	}, weight, a, b)
}
