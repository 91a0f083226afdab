package engine

import (
	"fmt"
	"math"
	"strings"

	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"gangpu/engine/expr"
)

// binaries are Gorgonia's operations on two elements, as it prints them. Comparisons are 1 where they hold, else 0,
// whichever of its two types of result Gorgonia gives them.
var binaries = map[string]func(x ...expr.Expr) expr.Expr{
	"+":  sum,
	"-":  difference,
	"⊙":  product,
	"÷":  quotient,
	"^":  func(x ...expr.Expr) expr.Expr { return x[0].Pow(x[1]) },
	"<":  func(x ...expr.Expr) expr.Expr { return x[0].Less(x[1]) },
	">":  func(x ...expr.Expr) expr.Expr { return x[1].Less(x[0]) },
	"<=": func(x ...expr.Expr) expr.Expr { return x[0].LessEqual(x[1]) },
	">=": func(x ...expr.Expr) expr.Expr { return x[1].LessEqual(x[0]) },
	"==": func(x ...expr.Expr) expr.Expr { return x[0].Equal(x[1]) },
	"!=": func(x ...expr.Expr) expr.Expr { return expr.Const(1).Sub(x[0].Equal(x[1])) },
}

// unaries are its operations on one element.
var unaries = map[string]func(x ...expr.Expr) expr.Expr{
	"abs":      func(x ...expr.Expr) expr.Expr { return x[0].Abs() },
	"sign":     func(x ...expr.Expr) expr.Expr { return x[0].Sign() },
	"ceil":     func(x ...expr.Expr) expr.Expr { return x[0].Ceil() },
	"floor":    func(x ...expr.Expr) expr.Expr { return x[0].Floor() },
	"sin":      func(x ...expr.Expr) expr.Expr { return x[0].Sin() },
	"cos":      func(x ...expr.Expr) expr.Expr { return x[0].Cos() },
	"exp":      func(x ...expr.Expr) expr.Expr { return x[0].Exp() },
	"ln":       func(x ...expr.Expr) expr.Expr { return x[0].Log() },
	"log2":     func(x ...expr.Expr) expr.Expr { return x[0].Log().Mul(expr.Const(1 / math.Ln2)) },
	"neg":      func(x ...expr.Expr) expr.Expr { return x[0].Neg() },
	"square":   func(x ...expr.Expr) expr.Expr { return x[0].Mul(x[0]) },
	"sqrt":     func(x ...expr.Expr) expr.Expr { return x[0].Sqrt() },
	"inv":      func(x ...expr.Expr) expr.Expr { return expr.Const(1).Div(x[0]) },
	"invSqrt":  func(x ...expr.Expr) expr.Expr { return x[0].Rsqrt() },
	"cube":     func(x ...expr.Expr) expr.Expr { return x[0].Mul(x[0]).Mul(x[0]) },
	"tanh":     func(x ...expr.Expr) expr.Expr { return x[0].Tanh() },
	"sigmoid":  func(x ...expr.Expr) expr.Expr { return x[0].Sigmoid() },
	"log1p":    func(x ...expr.Expr) expr.Expr { return x[0].Log1p() },
	"expm1":    func(x ...expr.Expr) expr.Expr { return x[0].Expm1() },
	"softplus": func(x ...expr.Expr) expr.Expr { return x[0].Softplus() },
}

func binaryElements(c *call) (*gorgonia.Node, error) {
	word, _, _ := strings.Cut(c.text, " ") // an option follows: "+ false"
	f, ok := binaries[word]
	if !ok {
		return nil, fmt.Errorf("no device has %q", word)
	}
	if !strings.ContainsAny(word, "<>=") {
		return c.elementwise(word, f, c.in...)
	}
	// A comparison is differentiated through by nobody.
	var detached gorgonia.Nodes
	for _, x := range c.in {
		if !isConstant(x) {
			var err error
			if x, err = Detach(x); err != nil {
				return nil, err
			}
		}
		detached = append(detached, x)
	}
	return c.elementwise(word, f, detached...)
}

func unaryElements(c *call) (*gorgonia.Node, error) {
	f, ok := unaries[c.text]
	if !ok {
		return nil, fmt.Errorf("no device has %q", c.text)
	}
	return c.elementwise(c.text, f, c.in[0])
}

func minBetween(c *call) (*gorgonia.Node, error) {
	return c.elementwise("min_between", func(x ...expr.Expr) expr.Expr { return x[0].Min(x[1]) }, c.in...)
}

func maxBetween(c *call) (*gorgonia.Node, error) {
	return c.elementwise("max_between", func(x ...expr.Expr) expr.Expr { return x[0].Max(x[1]) }, c.in...)
}

// elementwise is a map of inputs of the size of the call's result, or of one element. Constants of equal elements
// become part of the expression.
func (c *call) elementwise(name string, f func(x ...expr.Expr) expr.Expr, inputs ...*gorgonia.Node) (*gorgonia.Node, error) {
	shape := c.node.Shape()
	args, nodes := make([]expr.Expr, len(inputs)), gorgonia.Nodes(nil)
	for i, x := range inputs {
		if v, ok := scalarConstant(x); ok && (i > 0 || len(inputs) > 1) {
			args[i] = expr.Const(v)
			continue
		}
		to := shape
		if x.Shape().TotalSize() == 1 {
			to = tensor.ScalarShape()
		}
		x, err := fit(x, to)
		if err != nil {
			return nil, err
		}
		args[i] = expr.Input(len(nodes))
		nodes = append(nodes, x)
	}
	if len(nodes) == 0 {
		args, nodes = expr.Inputs(len(inputs)), inputs
	}
	return Map(name, func(...expr.Expr) expr.Expr { return f(args...) }, nodes...)
}
