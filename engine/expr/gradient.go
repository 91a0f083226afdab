package expr

import "math"

// Gradient returns the derivatives of e with respect to each of its inputs 0 to n-1, by reverse
// accumulation (Griewank and Walther, 2008, chapter 3), as expressions on the same inputs. Where e itself
// is a part of them, they read it as input n: exp, tanh and sigmoid, of which the result is at hand,
// need not be computed again.
//
// Comparisons, sign, floor and ceil have the derivative 0. At the kinks of abs, min and max the
// derivative is one of those beside: 0 for abs, the second operand's for min and max.
func Gradient(e Expr, n int) []Expr {
	result := Input(n)
	grads := map[*node]Expr{e.node: Const(1)}
	order := []*node{}
	seen := map[*node]bool{}
	var visit func(n *node)
	visit = func(n *node) {
		if seen[n] {
			return
		}
		seen[n] = true
		for _, a := range n.args[:n.op.Arity()] {
			visit(a)
		}
		order = append(order, n)
	}
	visit(e.node)
	all := make([]Expr, n)
	for i := range all {
		all[i] = Const(0)
	}
	for i := len(order) - 1; i >= 0; i-- {
		x := order[i]
		dx, ok := grads[x]
		if !ok || dx.IsConst(0) {
			continue
		}
		if x.op == OpInput {
			if x.index < n {
				all[x.index] = all[x.index].Add(dx)
			}
			continue
		}
		y := Expr{x}
		if x == e.node {
			y = result
		}
		for j, d := range derivatives(x, y, dx) {
			if arg := x.args[j]; d.node != nil {
				if sum, ok := grads[arg]; ok {
					d = sum.Add(d)
				}
				grads[arg] = d
			}
		}
	}
	return all
}

// derivatives of a node with the value y, times dy, with respect to its operands; the zero Expr for one
// that is 0 everywhere.
func derivatives(n *node, y, dy Expr) [3]Expr {
	a, b := Expr{n.args[0]}, Expr{n.args[1]}
	zero, one := Const(0), Const(1)
	switch n.op {
	case OpAdd:
		return [3]Expr{dy, dy}
	case OpSub:
		return [3]Expr{dy, dy.Neg()}
	case OpMul:
		return [3]Expr{dy.Mul(b), dy.Mul(a)}
	case OpDiv:
		da := dy.Div(b)
		return [3]Expr{da, da.Mul(y).Neg()}
	case OpMin:
		first := a.Less(b)
		return [3]Expr{first.Select(dy, zero), first.Select(zero, dy)}
	case OpMax:
		first := b.Less(a)
		return [3]Expr{first.Select(dy, zero), first.Select(zero, dy)}
	case OpPow:
		da := dy.Mul(b).Mul(a.Pow(b.Sub(one)))
		if _, ok := b.constant(); ok {
			return [3]Expr{da}
		}
		return [3]Expr{da, zero.Less(a).Select(dy.Mul(y).Mul(a.Log()), zero)}
	case OpSelect:
		return [3]Expr{{}, a.Select(dy, zero), a.Select(zero, dy)}
	case OpNeg:
		return [3]Expr{dy.Neg()}
	case OpAbs:
		return [3]Expr{dy.Mul(a.Sign())}
	case OpExp:
		return [3]Expr{dy.Mul(y)}
	case OpLog:
		return [3]Expr{dy.Div(a)}
	case OpLog1p:
		return [3]Expr{dy.Div(a.Add(one))}
	case OpExpm1:
		return [3]Expr{dy.Mul(y.Add(one))}
	case OpSqrt:
		return [3]Expr{dy.Mul(Const(0.5)).Div(y)}
	case OpRsqrt:
		return [3]Expr{dy.Mul(Const(-0.5)).Mul(y).Mul(y).Mul(y)}
	case OpErf:
		return [3]Expr{dy.Mul(Const(2 / math.SqrtPi)).Mul(a.Mul(a).Neg().Exp())}
	case OpTanh:
		return [3]Expr{dy.Mul(one.Sub(y.Mul(y)))}
	case OpSigmoid:
		return [3]Expr{dy.Mul(y).Mul(one.Sub(y))}
	case OpSoftplus:
		return [3]Expr{dy.Mul(a.Sigmoid())}
	case OpSin:
		return [3]Expr{dy.Mul(a.Cos())}
	case OpCos:
		return [3]Expr{dy.Mul(a.Sin()).Neg()}
	}
	return [3]Expr{} // comparisons, sign, floor, ceil
}
