package expr

import "math"

// Lower rewrites functions by the primitive operations that every device has: the arithmetic ones,
// comparisons, select, abs, neg, floor, ceil, sqrt, and from OpFMA on. Each of these is rounded correctly
// in float32 everywhere, so that a code gives the same bits on all devices. Results are within 2 units in
// the last place of the functions' values (pow 3), subnormal ones included. A product that is of use in a sum
// alone is rounded with it, as OpFMA.
func (c Code) Lower() (Code, error) {
	results, err := c.Exprs()
	if err != nil {
		return "", err
	}
	uses := usesOf(results)
	done := map[*node]Expr{}
	var visit func(n *node) Expr
	visit = func(n *node) Expr {
		if e, ok := done[n]; ok {
			return e
		}
		e := Expr{n}
		if product, rest := productIn(n, uses); product != nil {
			e = fma(visit(product.args[0]), visit(product.args[1]), visit(rest))
		} else if arity := n.op.Arity(); arity > 0 {
			args := make([]Expr, 3)
			for i := range arity {
				args[i] = visit(n.args[i])
			}
			e = lowered(n.op, args[0], args[1], args[:arity])
		}
		done[n] = e
		return e
	}
	for i, r := range results {
		results[i] = visit(r.node)
	}
	return Compile(results...), nil
}

// usesOf are how often nodes are operands, or results.
func usesOf(results []Expr) map[*node]int {
	uses := map[*node]int{}
	var count func(n *node)
	count = func(n *node) {
		if uses[n]++; uses[n] == 1 {
			for _, a := range n.args[:n.op.Arity()] {
				count(a)
			}
		}
	}
	for _, r := range results {
		count(r.node)
	}
	return uses
}

// productIn is a product that is of use in the sum n alone, and what is added to it; nil if there is none.
func productIn(n *node, uses map[*node]int) (product, rest *node) {
	if n.op != OpAdd {
		return nil, nil
	}
	for i, a := range n.args[:2] {
		if a.op == OpMul && uses[a] == 1 {
			return a, n.args[1-i]
		}
	}
	return nil, nil
}

func lowered(op Op, a, b Expr, args []Expr) Expr {
	switch op {
	case OpSign:
		return Const(0).Less(a).Select(Const(1), a.Less(Const(0)).Select(Const(-1), Const(0)))
	case OpRsqrt:
		return Const(1).Div(a.Sqrt())
	case OpExp:
		return lowerExp(a)
	case OpExpm1:
		return lowerExpm1(a)
	case OpLog:
		return lowerLog(a)
	case OpLog1p:
		return lowerLog1p(a)
	case OpPow:
		return lowerPow(a, b)
	case OpTanh:
		return lowerTanh(a)
	case OpSigmoid:
		return lowerSigmoid(a)
	case OpSoftplus:
		return lowerSoftplus(a)
	case OpErf:
		return lowerErf(a)
	case OpSin:
		return lowerSin(a, false)
	case OpCos:
		return lowerSin(a, true)
	}
	return apply(op, args...)
}

func fma(a, b, c Expr) Expr { return apply(OpFMA, a, b, c) }

// horner is the polynomial with these coefficients, the lowest power first.
func horner(x Expr, coefficients ...float64) Expr {
	last := len(coefficients) - 1
	p := Const(coefficients[last])
	for i := last - 1; i >= 0; i-- {
		p = fma(p, x, Const(coefficients[i]))
	}
	return p
}

// ln 2 in two parts, of which the first one times a whole number of up to 8 bits is exact.
const (
	ln2High = 0x1.62e4p-1
	ln2Low  = math.Ln2 - ln2High
)

// reduced is n, the whole number nearest to x/ln 2, and the rest r = x - n*ln 2, for |x| up to 110.
func reduced(x Expr) (n, r Expr) {
	n = apply(OpRint, x.Mul(Const(math.Log2E)))
	return n, fma(n, Const(-ln2Low), fma(n, Const(-ln2High), x))
}

// expm1Of is exp(r)-1 for |r| up to ln(2)/2: r + r^2*q(r), with the polynomial q of the least largest error.
func expm1Of(r Expr) Expr { return fma(r.Mul(r), expTail(r), r) }

func expTail(r Expr) Expr {
	return horner(r, 0.5, 0.1666666716337204, 0.04166648909449577, 0.008333207108080387, 0.00139326648786664,
		0.00019945111125707626)
}

// lowerExp is 2^n * exp(r). 2^n is two factors, since alone it may leave the range of floats. NaN goes
// through min and max as their second operand.
func lowerExp(x Expr) Expr {
	x = Const(89).Min(Const(-104).Max(x))
	n, r := reduced(x)
	half := n.Mul(Const(0.5)).Floor()
	w := r.Add(Const(1))
	lost := r.Sub(w.Sub(Const(1)))
	y := w.Add(fma(r.Mul(r), expTail(r), lost)).Mul(apply(OpPow2, half))
	return y.Mul(apply(OpPow2, n.Sub(half)))
}

// lowerExpm1 is 2^n*p + 2^n - 1 with p = exp(r)-1, computed as twice its half, since 2^n may leave the
// range of floats.
func lowerExpm1(x Expr) Expr {
	n, r := reduced(Const(89).Min(Const(-18).Max(x)))
	q := apply(OpPow2, n.Sub(Const(1)))
	y := fma(expm1Of(r), q, q.Sub(Const(0.5))).Mul(Const(2))
	return x.Equal(Const(0)).Select(x, y) // for its sign
}

// split writes a positive x as 2^e * (1+f) with f from sqrt(1/2)-1 to sqrt(2)-1.
func split(x Expr) (e, f Expr) {
	small := x.Less(Const(0x1p-126))
	x = small.Select(x.Mul(Const(0x1p24)), x)
	m := apply(OpMantissa, x)
	e = apply(OpExponent, x).Sub(small.Select(Const(24), Const(0)))
	high := Const(math.Sqrt2).Less(m)
	return e.Add(high), high.Select(m.Mul(Const(0.5)), m).Sub(Const(1))
}

// logTail is (log(1+f) - 2s)/s^3 with s = f/(2+f), as a polynomial of z = s^2.
func logTail(z Expr) Expr {
	return horner(z, 0.6666666269302368, 0.40000972151756287, 0.2849876880645752, 0.24279877543449402)
}

// logOf is log(x) + low for a positive x and a small low. With s = f/(2+f), log(1+f) is
// f - f^2/2 + s*(f^2/2 + z*logTail(z)), in which the rounding of s counts little.
func logOf(x, low Expr) Expr {
	e, f := split(x)
	s := f.Div(f.Add(Const(2)))
	z := s.Mul(s)
	half := f.Mul(f).Mul(Const(0.5))
	tail := fma(e, Const(ln2Low), low)
	tail = fma(s, fma(z, logTail(z), half), tail)
	return fma(e, Const(ln2High), f.Sub(half.Sub(tail)))
}

// positive is y for positive finite x, and what a logarithm is elsewhere.
func positive(x, y Expr) Expr {
	finite := x.Less(Const(math.Inf(1))).Select(y, x)
	return Const(0).Less(x).Select(finite, x.Equal(Const(0)).Select(Const(math.Inf(-1)), Const(math.NaN())))
}

func lowerLog(x Expr) Expr { return positive(x, logOf(x, Const(0))) }

// lowerLog1p is log(u) for u = 1+x, and what the rounding of u lost: (x-(u-1))/u.
func lowerLog1p(x Expr) Expr {
	u := x.Add(Const(1))
	lost := x.Sub(u.Sub(Const(1))).Div(u)
	return u.Equal(Const(1)).Select(x, positive(u, logOf(u, lost)))
}

// lowerSoftplus is max(x,0) + log(1+e) with e = exp(-|x|).
func lowerSoftplus(x Expr) Expr {
	e := lowerExp(x.Abs().Neg())
	u := e.Add(Const(1))
	log := u.Equal(Const(1)).Select(e, logOf(u, e.Sub(u.Sub(Const(1))).Div(u)))
	return Const(0).Max(x).Add(log)
}

// lowerSigmoid is e/(1+e) for negative x, else 1/(1+e), with e = exp(-|x|). What rounding the sum d and the
// quotient y lost is added: y is off by (rest - y*lost)/d, and 1/d is 1-y or y.
func lowerSigmoid(x Expr) Expr {
	e := lowerExp(x.Abs().Neg())
	negative := x.Less(Const(0))
	above := negative.Select(e, Const(1))
	d := e.Add(Const(1))
	lost := e.Sub(d.Sub(Const(1)))
	y := above.Div(d)
	rest := fma(y.Neg(), d, above).Sub(y.Mul(lost))
	return fma(rest, negative.Select(Const(1).Sub(y), y), y)
}

// lowerTanh is a polynomial near 0, and elsewhere 1 - 2/(e+1) with e = exp(2|x|), and the sign of x. From 10 on
// it is 1.
func lowerTanh(x Expr) Expr {
	z := x.Mul(x)
	near := fma(x.Mul(z), horner(z, -0.3333333134651184, 0.1333322525024414, -0.05394906923174858, 0.02171298675239086,
		-0.00820735190063715, 0.0021702435333281755), x)
	e := lowerExp(Const(20).Min(x.Abs().Mul(Const(2))))
	far := Const(1).Sub(Const(2).Div(e.Add(Const(1))))
	far = x.Less(Const(0)).Select(far.Neg(), far)
	return x.Abs().Less(Const(0.62)).Select(near, far)
}

// lowerErf is a polynomial near 0, and 1-erfc(|x|) elsewhere, whose logarithm is a polynomial. From 4 on erf
// is 1.
func lowerErf(x Expr) Expr {
	z := x.Mul(x)
	near := fma(x.Mul(z), horner(z, -0.37612631916999817, 0.11283643543720245, -0.02685602940618992, 0.005192280746996403,
		-0.0008043381385505199, 7.959776121424511e-05), Const(0))
	const twoBySqrtPi = 2 / math.SqrtPi
	high := float64(float32(twoBySqrtPi))
	near = fma(x, Const(high), fma(x, Const(twoBySqrtPi-high), near))
	a := Const(4).Min(x.Abs())
	far := Const(1).Sub(lowerExp(horner(a.Sub(Const(2)), -5.364941120147705, -4.4181599617004395, -0.9237542748451233,
		-0.01648625358939171, 0.003555524395778775, -0.0006804432487115264, 0.00021446988102979958, -2.0356475943117402e-05,
		-4.7648634790675715e-05, -2.052441777777858e-05)))
	far = x.Less(Const(0)).Select(far.Neg(), far)
	return Const(1).Less(x.Abs()).Select(far, near)
}

// lowerSin is the sine, or the cosine, by polynomials of the rest r of x after quarter turns. The cosine is
// the sine a quarter turn on.
func lowerSin(x Expr, cos bool) Expr {
	n, r := apply(OpQuadrant, x), apply(OpRemainder, x)
	z := r.Mul(r)
	s := fma(r.Mul(z), horner(z, -0.1666666716337204, 0.008333380334079266, -0.00019853511184919626, 2.837512056430569e-06), r)
	half := z.Mul(Const(0.5))
	w := Const(1).Sub(half) // and what its rounding lost
	c := w.Add(fma(z.Mul(z), horner(z, 0.04166664555668831, -0.00138873013202101, 2.4430661142105237e-05), Const(1).Sub(w).Sub(half)))
	odd := n.Equal(Const(1)).Add(n.Equal(Const(3)))
	if cos {
		y := odd.Select(s, c)
		return Const(1.5).Sub(n).Abs().Less(Const(1)).Select(y.Neg(), y) // n is 1 or 2
	}
	y := odd.Select(c, s)
	return Const(1.5).Less(n).Select(y.Neg(), y)
}

// lowerPow is exp(b*log|a|), with the logarithm and the product as a high and a low part, and the sign that
// a negative a has to the power of a whole number.
func lowerPow(a, b Expr) Expr {
	x := a.Abs()
	e, f := split(x)
	// s = f/(2+f), high and low.
	d := f.Add(Const(2))
	dLow := f.Sub(d.Sub(Const(2)))
	s := f.Div(d)
	sLow := fma(s.Neg(), d, f).Sub(s.Mul(dLow)).Div(d)
	z := s.Mul(s)
	zLow := fma(s, s, z.Neg()).Add(s.Mul(sLow).Mul(Const(2)))
	// t = z*(2/3 + ...), high and low, so that log(1+f) = s*(2 + t).
	tail := horner(z, 0.40000972151756287, 0.2849876880645752, 0.24279877543449402).Mul(z)
	const twoThirds = 0.6666666269302368
	p := Const(twoThirds).Add(tail)
	pLow := tail.Sub(p.Sub(Const(twoThirds)))
	t := z.Mul(p)
	tLow := fma(z, p, t.Neg()).Add(z.Mul(pLow)).Add(zLow.Mul(p))
	sum := t.Add(Const(2))
	sumLow := t.Sub(sum.Sub(Const(2))).Add(tLow)
	m := s.Mul(sum)
	mLow := fma(s, sum, m.Neg()).Add(s.Mul(sumLow)).Add(sLow.Mul(sum))
	// e*ln 2 + log(1+f).
	big := e.Mul(Const(ln2High))
	high := big.Add(m)
	low := m.Sub(high.Sub(big)).Add(fma(e, Const(ln2Low), mLow))
	low = e.Equal(Const(0)).Select(mLow, low)
	high = e.Equal(Const(0)).Select(m, high)
	high = positive(x, high)
	low = positive(x, low)
	product := b.Mul(high)
	rest := fma(b, high, product.Neg()).Add(b.Mul(low))
	inf := Const(math.Inf(1))
	rest = product.Abs().Less(Const(128)).Select(rest, Const(0))
	y := lowerExp(product)
	y = y.Less(inf).Select(fma(y, rest, y), y)
	one := b.Equal(Const(0)).Add(x.Equal(Const(1)))
	y = one.Select(Const(1), y)
	half := b.Mul(Const(0.5))
	isOdd := Const(1).Sub(half.Floor().Equal(half))
	fraction := x.Less(inf).Select(Const(math.NaN()), y)
	negative := b.Floor().Equal(b).Select(isOdd.Select(y.Neg(), y), fraction)
	return a.Less(Const(0)).Select(negative, y)
}
