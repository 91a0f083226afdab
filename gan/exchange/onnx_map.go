package exchange

import (
	"fmt"
	"slices"

	"gangpu/engine/expr"
)

// onnxInstructions are the operators that do what an instruction does.
var onnxInstructions = map[expr.Op]string{
	expr.OpAdd: "Add", expr.OpSub: "Sub", expr.OpMul: "Mul", expr.OpDiv: "Div", expr.OpMin: "Min", expr.OpMax: "Max",
	expr.OpPow: "Pow", expr.OpNeg: "Neg", expr.OpAbs: "Abs", expr.OpSign: "Sign", expr.OpFloor: "Floor",
	expr.OpCeil: "Ceil", expr.OpExp: "Exp", expr.OpLog: "Log", expr.OpSqrt: "Sqrt", expr.OpErf: "Erf",
	expr.OpTanh: "Tanh", expr.OpSigmoid: "Sigmoid", expr.OpSoftplus: "Softplus", expr.OpSin: "Sin", expr.OpCos: "Cos",
}

// onnxComparisons are those whose results are truths.
var onnxComparisons = map[expr.Op]string{expr.OpLess: "Less", expr.OpLessEqual: "LessOrEqual", expr.OpEqual: "Equal"}

// compute writes an expression of operands down, which are broadcast to each other, an operator for each instruction.
func (g *onnxUse) compute(code expr.Code, in ...*operand) (*operand, error) {
	instructions, results, err := code.Parse()
	if err != nil {
		return nil, err
	}
	if len(results) != 1 {
		return nil, fmt.Errorf("an expression of %d results", len(results))
	}
	first := imagesFirst(in...)
	numbers := make([]string, len(instructions))
	truths := make([]string, len(instructions)) // of comparisons
	number := func(i int) string {
		if numbers[i] == "" {
			numbers[i] = g.node("Cast", []string{truths[i]}, onnxInt("to", onnxFloat32))
		}
		return numbers[i]
	}
	truth := func(i int) string {
		if truths[i] == "" {
			truths[i] = g.node("Cast", []string{numbers[i]}, onnxInt("to", onnxBool))
		}
		return truths[i]
	}
	for i, n := range instructions {
		switch n.Op {
		case expr.OpInput:
			if n.Index >= len(in) {
				return nil, fmt.Errorf("input %d of %d is read", n.Index, len(in))
			}
			numbers[i] = g.as(in[n.Index], first)
			continue
		case expr.OpConst:
			numbers[i] = g.number(n.Value)
			continue
		case expr.OpSelect:
			numbers[i] = g.node("Where", []string{truth(n.A), number(n.B), number(n.C)})
			continue
		}
		var args []string
		for _, a := range n.Args() {
			args = append(args, number(a))
		}
		if operator, ok := onnxComparisons[n.Op]; ok {
			truths[i] = g.node(operator, args)
		} else if numbers[i], err = g.instruction(n.Op, args); err != nil {
			return nil, err
		}
	}
	y := g.spread(number(results[0]), first, code.Inputs(), in)
	return made(y, first, broadcastShape(in...)), nil
}

// instruction writes one that is no comparison.
func (g *onnxUse) instruction(op expr.Op, x []string) (string, error) {
	if operator, ok := onnxInstructions[op]; ok {
		return g.node(operator, x), nil
	}
	switch op {
	case expr.OpRsqrt:
		return g.node("Reciprocal", []string{g.node("Sqrt", x)}), nil
	case expr.OpExpm1: // tanh(x/2) * (exp(x)+1), which is exact near 0 and does not overflow before exp(x) does
		half := g.node("Tanh", []string{g.node("Mul", []string{x[0], g.number(0.5)})})
		return g.node("Mul", []string{half, g.node("Add", []string{g.node("Exp", x), g.number(1)})}), nil
	case expr.OpLog1p:
		// log(u)*x/(u-1) with u = 1+x: the rounding of u is in both factors (Goldberg, 1991, theorem 4).
		one := g.number(1)
		u := g.node("Add", []string{x[0], one})
		y := g.node("Mul", []string{g.node("Log", []string{u}), g.node("Div", []string{x[0], g.node("Sub", []string{u, one})})})
		return g.node("Where", []string{g.node("Equal", []string{u, one}), x[0], y}), nil
	}
	return "", fmt.Errorf("the instruction %s cannot be written as ONNX", op)
}

// spread broadcasts a result to operands that its expression does not read, but that count for its shape.
func (g *onnxUse) spread(y string, first bool, read []int, in []*operand) string {
	var some []*operand
	for i, v := range in {
		if slices.Contains(read, i) {
			some = append(some, v)
		}
	}
	for i, v := range in {
		if !slices.Contains(read, i) && !slices.Equal(broadcastShape(append(some, v)...), broadcastShape(some...)) {
			y = g.node("Expand", []string{y, g.node("Shape", []string{g.as(v, first)})})
		}
	}
	return y
}

// broadcastShape is the shape that operands have together.
func broadcastShape(in ...*operand) []int {
	var shape []int
	for _, v := range in {
		for len(shape) < len(v.shape) {
			shape = append([]int{1}, shape...)
		}
		for i, n := range v.shape {
			if d := len(shape) - len(v.shape) + i; n != 1 {
				shape[d] = n
			}
		}
	}
	return shape
}

// mapOf is compute of what f makes of the operands' elements.
func (g *onnxUse) mapOf(f func(x ...expr.Expr) expr.Expr, in ...*operand) (*operand, error) {
	return g.compute(expr.Compile(f(expr.Inputs(len(in))...)), in...)
}
