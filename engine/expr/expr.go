// Package expr holds scalar expressions: what a map or a reduction of the engine computes of each
// element. An expression is built by methods, differentiated by [Gradient] to expressions again, and
// written down as a [Code], the list of instructions that devices run.
//
//	x, y := expr.Input(0), expr.Input(1)
//	e := x.Mul(y).Add(expr.Const(1)).Tanh()
package expr

import (
	"fmt"
	"math"
)

// Op is what an instruction does to its operands.
type Op uint8

// The operations, with the words by which a Code calls them. Comparisons are 1 where they hold and 0
// elsewhere, also for NaN. Select takes its second operand where the first is not 0, else its third.
// Maximum and Minimum take the second operand where the comparison does not hold, so that they give
// their second operand if either one is NaN, as the machines' instructions do.
const (
	OpInput Op = iota // an element of an input
	OpConst

	OpAdd // a + b
	OpSub
	OpMul
	OpDiv
	OpMin // a < b ? a : b
	OpMax // a > b ? a : b
	OpPow // a to the power of b
	OpLess
	OpLessEqual
	OpEqual
	OpSelect // a != 0 ? b : c

	OpNeg
	OpAbs
	OpSign // -1, 0 or 1; of NaN 0
	OpFloor
	OpCeil
	OpExp
	OpLog
	OpLog1p // log(1+a)
	OpExpm1 // exp(a)-1
	OpSqrt
	OpRsqrt    // 1/sqrt(a)
	OpErf      // 2/sqrt(pi) * integral from 0 to a of exp(-t^2)
	OpTanh     //
	OpSigmoid  // 1/(1+exp(-a))
	OpSoftplus // log(1+exp(a))
	OpSin
	OpCos

	// Primitive operations, of which [Code.Lower] makes the functions above. No expression has them.
	OpFMA       // a*b + c, rounded once
	OpRint      // the nearest whole number, of two the even one
	OpPow2      // 2 to the power of a whole number from -126 to 127
	OpExponent  // floor(log2(|a|)) of a normal number
	OpMantissa  // |a| / 2^exponent(a), in [1, 2), of a normal number
	OpQuadrant  // n mod 4, with n the whole number nearest to a/(pi/2): 0, 1, 2 or 3
	OpRemainder // a - n*pi/2, with the same n, rounded once

	opCount
)

// names are the words of the operations, and their numbers of operands.
var names = [opCount]struct {
	word  string
	arity int
}{
	OpInput: {"in", 0}, OpConst: {"const", 0},
	OpAdd: {"add", 2}, OpSub: {"sub", 2}, OpMul: {"mul", 2}, OpDiv: {"div", 2}, OpMin: {"min", 2}, OpMax: {"max", 2},
	OpPow: {"pow", 2}, OpLess: {"lt", 2}, OpLessEqual: {"le", 2}, OpEqual: {"eq", 2}, OpSelect: {"select", 3},
	OpNeg: {"neg", 1}, OpAbs: {"abs", 1}, OpSign: {"sign", 1}, OpFloor: {"floor", 1}, OpCeil: {"ceil", 1},
	OpExp: {"exp", 1}, OpLog: {"log", 1}, OpLog1p: {"log1p", 1}, OpExpm1: {"expm1", 1}, OpSqrt: {"sqrt", 1},
	OpRsqrt: {"rsqrt", 1}, OpErf: {"erf", 1}, OpTanh: {"tanh", 1}, OpSigmoid: {"sigmoid", 1},
	OpSoftplus: {"softplus", 1}, OpSin: {"sin", 1}, OpCos: {"cos", 1},
	OpFMA: {"fma", 3}, OpRint: {"rint", 1}, OpPow2: {"pow2", 1}, OpExponent: {"exponent", 1}, OpMantissa: {"mantissa", 1},
	OpQuadrant: {"quadrant", 1}, OpRemainder: {"remainder", 1},
}

// String is the operation's word.
func (o Op) String() string {
	if o < opCount {
		return names[o].word
	}
	return fmt.Sprintf("Op(%d)", uint8(o))
}

// Arity is the number of operands of the operation.
func (o Op) Arity() int { return names[o].arity }

// Ops lists the operations that have operands, but for the primitive ones.
func Ops() []Op {
	var all []Op
	for o := OpAdd; o < OpFMA; o++ {
		all = append(all, o)
	}
	return all
}

// Expr is an expression on the elements that its inputs have at one place. Expressions may share parts,
// which are computed once. The zero value is no expression.
type Expr struct{ *node }

type node struct {
	op    Op
	args  [3]*node
	index int     // of an input
	value float64 // of a constant
}

// Input is the element of input i.
func Input(i int) Expr { return Expr{&node{op: OpInput, index: i}} }

// Inputs are the elements of n inputs.
func Inputs(n int) []Expr {
	all := make([]Expr, n)
	for i := range all {
		all[i] = Input(i)
	}
	return all
}

// Const is a constant. Devices round it to float32.
func Const(v float64) Expr { return Expr{&node{op: OpConst, value: v}} }

// constant is the value of a constant.
func (e Expr) constant() (float64, bool) {
	if e.op == OpConst {
		return e.value, true
	}
	return 0, false
}

// IsConst reports whether e is the constant v.
func (e Expr) IsConst(v float64) bool {
	c, ok := e.constant()
	return ok && c == v
}

// apply makes a node, or the constant that it comes to. The product with a constant 0 is taken for 0,
// also of what may be infinite: derivatives are full of them.
func apply(op Op, args ...Expr) Expr {
	n := &node{op: op}
	values := make([]float64, 0, 3)
	for i, a := range args {
		n.args[i] = a.node
		if v, ok := a.constant(); ok {
			values = append(values, v)
		}
	}
	if len(values) == len(args) {
		values = values[:3:3]
		return Const(compute(op, values[0], values[1], values[2]))
	}
	a := args[0]
	var b Expr
	if len(args) > 1 {
		b = args[1]
	}
	switch op {
	case OpAdd:
		if a.IsConst(0) {
			return b
		}
		if b.IsConst(0) {
			return a
		}
		if b.op == OpNeg {
			return apply(OpSub, a, Expr{b.args[0]})
		}
	case OpSub:
		if b.IsConst(0) {
			return a
		}
		if a.IsConst(0) {
			return b.Neg()
		}
	case OpMul:
		switch {
		case a.IsConst(0), b.IsConst(0):
			return Const(0)
		case a.IsConst(1):
			return b
		case b.IsConst(1):
			return a
		case a.IsConst(-1):
			return b.Neg()
		case b.IsConst(-1):
			return a.Neg()
		}
	case OpDiv:
		if a.IsConst(0) {
			return Const(0)
		}
		if v, ok := b.constant(); ok {
			if frac, _ := math.Frexp(v); math.Abs(frac) == 0.5 { // its reciprocal is exact
				return a.Mul(Const(1 / v))
			}
		}
	case OpNeg:
		if a.op == OpNeg {
			return Expr{a.args[0]}
		}
	case OpSelect:
		if v, ok := a.constant(); ok {
			if v != 0 {
				return b
			}
			return args[2]
		}
		if x, ok := b.constant(); ok && args[2].IsConst(x) {
			return b
		}
	}
	return Expr{n}
}

func (e Expr) Add(b Expr) Expr { return apply(OpAdd, e, b) }
func (e Expr) Sub(b Expr) Expr { return apply(OpSub, e, b) }
func (e Expr) Mul(b Expr) Expr { return apply(OpMul, e, b) }
func (e Expr) Div(b Expr) Expr { return apply(OpDiv, e, b) }

// Min is the smaller of e and b, Max the larger. Where they are equal the gradient is b's.
func (e Expr) Min(b Expr) Expr { return apply(OpMin, e, b) }
func (e Expr) Max(b Expr) Expr { return apply(OpMax, e, b) }

// Pow is e to the power of b, for e >= 0, or any e and a constant whole number b.
func (e Expr) Pow(b Expr) Expr {
	switch v, _ := b.constant(); {
	case b.IsConst(0):
		return Const(1)
	case b.IsConst(1):
		return e
	case b.IsConst(2):
		return e.Mul(e)
	case b.IsConst(3):
		return e.Mul(e).Mul(e)
	case b.IsConst(0.5):
		return e.Sqrt()
	case b.IsConst(-0.5):
		return e.Rsqrt()
	case b.IsConst(-1):
		return Const(1).Div(e)
	case b.IsConst(-2):
		return Const(1).Div(e.Mul(e))
	case b.op == OpConst && v == math.Trunc(v) && math.Abs(v) <= 64:
		half := e.Pow(Const(math.Trunc(v / 2)))
		return half.Mul(half).Mul(e.Pow(Const(v - 2*math.Trunc(v/2))))
	}
	return apply(OpPow, e, b)
}

// Less, LessEqual and Equal are 1 where the comparison holds, else 0. Their gradient is 0.
func (e Expr) Less(b Expr) Expr      { return apply(OpLess, e, b) }
func (e Expr) LessEqual(b Expr) Expr { return apply(OpLessEqual, e, b) }
func (e Expr) Equal(b Expr) Expr     { return apply(OpEqual, e, b) }

// Select is yes where e is not 0, else no: only the chosen one counts, also where the other one is NaN
// or infinite.
func (e Expr) Select(yes, no Expr) Expr { return apply(OpSelect, e, yes, no) }

func (e Expr) Neg() Expr { return apply(OpNeg, e) }
func (e Expr) Abs() Expr { return apply(OpAbs, e) }

// Sign, Floor and Ceil have a gradient of 0.
func (e Expr) Sign() Expr  { return apply(OpSign, e) }
func (e Expr) Floor() Expr { return apply(OpFloor, e) }
func (e Expr) Ceil() Expr  { return apply(OpCeil, e) }

func (e Expr) Exp() Expr      { return apply(OpExp, e) }
func (e Expr) Log() Expr      { return apply(OpLog, e) }
func (e Expr) Log1p() Expr    { return apply(OpLog1p, e) }
func (e Expr) Expm1() Expr    { return apply(OpExpm1, e) }
func (e Expr) Sqrt() Expr     { return apply(OpSqrt, e) }
func (e Expr) Rsqrt() Expr    { return apply(OpRsqrt, e) }
func (e Expr) Erf() Expr      { return apply(OpErf, e) }
func (e Expr) Tanh() Expr     { return apply(OpTanh, e) }
func (e Expr) Sigmoid() Expr  { return apply(OpSigmoid, e) }
func (e Expr) Softplus() Expr { return apply(OpSoftplus, e) }
func (e Expr) Sin() Expr      { return apply(OpSin, e) }
func (e Expr) Cos() Expr      { return apply(OpCos, e) }

// Replace is e with another expression in the place of every input.
func (e Expr) Replace(with func(input int) Expr) Expr {
	done := map[*node]Expr{}
	var visit func(n *node) Expr
	visit = func(n *node) Expr {
		if r, ok := done[n]; ok {
			return r
		}
		var r Expr
		switch n.op {
		case OpInput:
			r = with(n.index)
		case OpConst:
			r = Expr{n}
		default:
			args := make([]Expr, n.op.Arity())
			for i := range args {
				args[i] = visit(n.args[i])
			}
			r = apply(n.op, args...)
		}
		done[n] = r
		return r
	}
	return visit(e.node)
}
