package expr

import "math"

// Bounds computes the results of the elements of the inputs, as [Evaluator.Eval], and for each how far a
// device may be off that rounds every operation to float32 within so many units in the last place:
// errors are carried on by the operations' slopes. Where a comparison, sign, floor or ceil may go either way, the
// bound counts both.
func (e *Evaluator) Bounds(out, bound, in []float64, ulps float64) {
	if e.errors == nil {
		e.errors = make([]float64, len(e.values))
	}
	v, err := e.values, e.errors
	for i, n := range e.instructions {
		switch n.Op {
		case OpInput:
			v[i], err[i] = in[n.Index], 0
			continue
		case OpConst:
			v[i], err[i] = float64(n.Value), 0
			continue
		}
		a, b, c := v[n.A], v[n.B], v[n.C]
		ea, eb, ec := err[n.A], err[n.B], err[n.C]
		v[i] = compute(n.Op, a, b, c)
		err[i] = carried(n.Op, a, b, c, ea, eb, ec, v[i])
		switch n.Op {
		case OpMin, OpMax, OpLess, OpLessEqual, OpEqual, OpSelect, OpNeg, OpAbs, OpSign, OpFloor, OpCeil: // exact
		default:
			err[i] += ulps * unit(v[i])
		}
		if err[i] != err[i] { // anything may come of it
			err[i] = math.Inf(1)
		}
	}
	for i, r := range e.results {
		out[i], bound[i] = v[r], err[r]
	}
}

// unit is the distance between floats around v.
func unit(v float64) float64 {
	_, e := math.Frexp(v)
	return math.Ldexp(1, max(e-24, -149))
}

// carried is what errors of the operands make of the result y.
func carried(op Op, a, b, c, ea, eb, ec, y float64) float64 {
	// The largest slope in reach is that at one of the ends, for the functions here.
	reach := func(f func(a float64) float64) float64 {
		if ea == 0 {
			return 0
		}
		return max(math.Abs(f(a+ea)-f(a)), math.Abs(f(a-ea)-f(a)))
	}
	jump := func(gap float64) float64 { // of a comparison
		if math.Abs(gap) <= ea+eb && ea+eb > 0 {
			return 1
		}
		return 0
	}
	switch op {
	case OpAdd, OpSub:
		return ea + eb
	case OpMul:
		return math.Abs(a)*eb + math.Abs(b)*ea + ea*eb
	case OpDiv:
		if math.Abs(b) <= eb {
			return math.Inf(1)
		}
		return (ea + math.Abs(y)*eb) / (math.Abs(b) - eb)
	case OpMin, OpMax:
		return max(ea, eb)
	case OpPow:
		worst := 0.0
		for _, da := range []float64{-ea, ea} {
			for _, db := range []float64{-eb, eb} {
				worst = max(worst, math.Abs(math.Pow(max(a+da, 0), b+db)-y))
			}
		}
		return worst
	case OpLess, OpLessEqual, OpEqual:
		return jump(a - b)
	case OpSelect:
		if ea > 0 && (a == 0 || math.Abs(a) <= ea) {
			return max(eb, ec) + math.Abs(b-c)
		}
		if a != 0 {
			return eb
		}
		return ec
	case OpNeg, OpAbs:
		return ea
	case OpSin, OpCos:
		return ea
	}
	return reach(func(a float64) float64 { return compute(op, a, 0, 0) })
}
