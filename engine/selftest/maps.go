package selftest

import (
	"math"
	"math/rand/v2"
	"slices"

	"gangpu/engine/expr"
	"gangpu/engine/program"
)

// mapOperations are the families of maps and reductions, of random expressions over random indices.
var mapOperations = []operation{
	{"map", func(rng *rand.Rand, limit int) program.Op {
		shape := iteration(rng, limit)
		in := sources(rng, shape)
		results := make([]expr.Expr, pick(rng, 1, 1, 1, 2, 3))
		for k := range results {
			results[k] = expression(rng, len(in))
		}
		return program.Map{Shape: shape, In: in, Code: expr.Compile(results...)}
	}},
	{"sum", func(rng *rand.Rand, limit int) program.Op {
		o := reduction(rng, limit)
		o.Kind = program.Sum
		results := make([]expr.Expr, pick(rng, 1, 1, 1, 2, 4))
		for k := range results {
			results[k] = expression(rng, len(o.In))
		}
		o.Code = expr.Compile(results...)
		return o
	}},
	{"maximum", func(rng *rand.Rand, limit int) program.Op {
		o := reduction(rng, limit)
		o.Kind, o.Code = program.Maximum, expr.Compile(expression(rng, len(o.In)))
		return o
	}},
	{"moments", func(rng *rand.Rand, limit int) program.Op {
		o := reduction(rng, limit)
		o.Kind, o.Code = program.Moments, expr.Compile(expression(rng, len(o.In)))
		return o
	}},
}

// iteration draws a shape of at most limit points.
func iteration(rng *rand.Rand, limit int) []int {
	shape := make([]int, rng.IntN(5))
	for d := range shape {
		shape[len(shape)-1-d] = 1
		if rng.IntN(5) > 0 {
			shape[len(shape)-1-d] = size(rng, max(int(math.Pow(float64(limit), 0.7)), 1))
		}
		limit = max(limit/shape[len(shape)-1-d], 1)
	}
	return shape
}

// reduction draws the points of one, and its operands.
func reduction(rng *rand.Rand, limit int) program.Reduce {
	shape := iteration(rng, limit)
	kept := rng.IntN(len(shape) + 1)
	o := program.Reduce{Kept: shape[:kept], Reduced: shape[kept:]}
	o.In = sources(rng, shape)
	// Either part may be the one that lies together in memory.
	if order := rng.Perm(len(shape)); coin(rng) {
		permuted := make([]int, len(shape))
		for i, d := range order {
			permuted[i] = shape[d]
		}
		for i := range o.In {
			o.In[i].Index = o.In[i].Permute(order)
		}
		o.Kept, o.Reduced = permuted[:kept], permuted[kept:]
	}
	return o
}

// sources draws operands over the points of a shape: dense ones, broadcast ones, and such as slices, flips,
// padding, dilation and transposes make.
func sources(rng *rand.Rand, shape []int) []program.Source {
	in := make([]program.Source, pick(rng, 1, 1, 2, 2, 3, 5))
	for i := range in {
		var x program.Index
		n := 1
		switch rng.IntN(4) {
		case 0, 1:
			x = program.Dense(shape)
			for _, d := range shape {
				n *= d
			}
		case 2:
			of := slices.Clone(shape)
			for d := range of {
				if coin(rng) {
					of[d] = 1
				}
				n *= of[d]
			}
			x = program.Broadcast(shape, of)
		case 3:
			x, n = moved(rng, shape)
		}
		in[i] = program.Source{Len: n, Index: x}
	}
	return in
}

// moved draws an index of which each axis moves along a dimension by steps, forwards or back, from before the
// array's first element on or beyond its last.
func moved(rng *rand.Rand, shape []int) (x program.Index, n int) {
	n = 1
	for _, d := range rng.Perm(len(shape)) {
		a := program.Axis{Stride: n, Coef: make([]int, len(shape)), Div: pick(rng, 1, 1, 1, 2, 3)}
		step := pick(rng, 0, 1, 1, 1, 2, -1, -1, -2)
		a.Coef[d] = step
		reach := (shape[d] - 1) * step // of the numerator
		a.Size = max(max(reach, -reach)/a.Div+pick(rng, 1, 1, 2, -2), 1)
		a.Offset = pick(rng, 0, 0, 1, -1, -3)
		if step < 0 {
			a.Offset -= reach
		}
		if rng.IntN(8) == 0 && n*a.Size > 1<<22 {
			a.Size = 1
		}
		n *= a.Size
		x.Axes = append(x.Axes, a)
	}
	if rng.IntN(3) == 0 && len(shape) > 0 { // a condition
		d := rng.IntN(len(shape))
		a := program.Axis{Size: 1 + rng.IntN(shape[d]), Coef: make([]int, len(shape)), Div: 1, Offset: -rng.IntN(shape[d])}
		a.Coef[d] = 1
		x.Axes = append(x.Axes, a)
	}
	x.Base = pick(rng, 0, 0, 5)
	return x, n + x.Base + pick(rng, 0, 0, 3)
}

// expression draws one of so many inputs, whose values and intermediate values stay of moderate size where
// the inputs do.
func expression(rng *rand.Rand, inputs int) expr.Expr {
	values := expr.Inputs(inputs)
	for range 1 + rng.IntN(8) {
		a, b := values[rng.IntN(len(values))], values[rng.IntN(len(values))]
		var y expr.Expr
		switch rng.IntN(24) {
		case 0, 1:
			y = a.Add(b)
		case 2:
			y = a.Sub(b)
		case 3, 4:
			y = a.Mul(b).Mul(expr.Const(0.5))
		case 5:
			y = a.Div(b.Abs().Add(expr.Const(0.5)))
		case 6:
			y = a.Min(b)
		case 7:
			y = a.Max(b)
		case 8:
			y = a.Less(b).Select(a, b.Neg())
		case 9:
			y = a.Abs().Add(expr.Const(0.25)).Pow(b.Tanh())
		case 10:
			y = a.LessEqual(expr.Const(0)).Add(a.Equal(b))
		case 11:
			y = a.Sign().Mul(b)
		case 12:
			y = a.Mul(expr.Const(3)).Floor().Add(b.Ceil())
		case 13:
			y = expr.Const(4).Min(a).Exp()
		case 14:
			y = a.Abs().Add(expr.Const(1e-3)).Log()
		case 15:
			y = a.Abs().Log1p()
		case 16:
			y = expr.Const(3).Min(a).Expm1()
		case 17:
			y = a.Mul(a).Add(expr.Const(0.1)).Sqrt()
		case 18:
			y = a.Mul(a).Add(expr.Const(0.1)).Rsqrt()
		case 19:
			y = a.Erf()
		case 20:
			y = a.Tanh()
		case 21:
			y = a.Sigmoid()
		case 22:
			y = a.Softplus()
		case 23:
			y = a.Sin().Add(b.Cos())
		}
		values = append(values, y)
	}
	return values[len(values)-1]
}

// isBounded reports whether the error of an operation is measured by boundedError.
func isBounded(op program.Op) bool {
	switch op.(type) {
	case program.Map, program.Reduce:
		return true
	}
	return false
}

// boundedError is that of what a device made of the case.
func (c *opCase) boundedError(got arrays) float64 {
	var in [][]float64
	var out [][]float32
	step := c.p.Steps[0]
	before, after := c.inputs.float64().args(step), got.args(step)
	for i, o := range c.op.Operands() {
		if o.Access == program.Read {
			in = append(in, before[i].([]float64))
		} else {
			out = append(out, after[i].([]float32))
		}
	}
	return boundedError(c.op, out, in)
}

// boundedError is the largest error of a map or reduction in units of what is allowed: 2 units in the last place
// for each operation, carried on by those that follow, and for sums some more of the sum of their terms'
// sizes.
func boundedError(op program.Op, out [][]float32, in [][]float64) float64 {
	const ulps = 2
	var shape []int
	var code expr.Code
	var of []program.Source
	kept, kind := 0, program.Sum
	switch op := op.(type) {
	case program.Map:
		shape, of, code, kept = op.Shape, op.In, op.Code, len(op.Shape)
	case program.Reduce:
		shape, of, code, kept, kind = op.Shape(), op.In, op.Code, len(op.Kept), op.Kind
	}
	eval, err := code.Evaluator()
	if err != nil {
		return math.Inf(1)
	}
	results := eval.Results()
	values, bounds, x := make([]float64, results), make([]float64, results), make([]float64, len(of))
	p := make([]int, len(shape))
	at := func(n int) {
		for d := len(shape) - 1; d >= 0; d-- {
			p[d] = n % shape[d]
			n /= shape[d]
		}
		for i, s := range of {
			x[i] = 0
			if e, ok := s.At(p); ok {
				x[i] = in[i][e]
			}
		}
		eval.Bounds(values, bounds, x, ulps)
	}
	count := func(shape []int) int {
		n := 1
		for _, d := range shape {
			n *= d
		}
		return n
	}
	reduced := count(shape[kept:])
	const eps = 1. / (1 << 24)
	worst := 0.0
	note := func(got float32, want, bound float64) {
		// A bound may be infinite, or come of one: a comparison may go either way.
		if d := difference(got, want); d > 0 && bound < math.Inf(1) {
			worst = max(worst, d/(bound+math.Ldexp(1, -149))) // NaN wins
		}
	}
	for n := range count(shape[:kept]) {
		switch _, isMap := op.(program.Map); {
		case isMap:
			at(n)
			for k := range values {
				note(out[k][n], values[k], bounds[k])
			}
		case kind == program.Sum:
			sums, allowed := make([]float64, results), make([]float64, results)
			for r := range reduced {
				at(n*reduced + r)
				for k := range values {
					sums[k] += values[k]
					allowed[k] += bounds[k] + 8*eps*math.Abs(values[k])
				}
			}
			for k := range sums {
				note(out[k][n], sums[k], allowed[k])
			}
		case kind == program.Maximum:
			largest, allowed := math.Inf(-1), 0.0
			for r := range reduced {
				at(n*reduced + r)
				largest, allowed = max(largest, values[0]), max(allowed, bounds[0])
			}
			note(out[0][n], largest, allowed)
		default:
			all, off := make([]float64, reduced), make([]float64, reduced)
			var mean, size, offset float64
			for r := range reduced {
				at(n*reduced + r)
				all[r], off[r] = values[0], bounds[0]
				mean += values[0] / float64(reduced)
				size += math.Abs(values[0]) / float64(reduced)
				offset += bounds[0] / float64(reduced)
			}
			offset += 8 * eps * size
			var m2, allowed float64
			for r := range reduced {
				d := all[r] - mean
				e := off[r] + offset + eps*math.Abs(all[r])
				m2 += d * d
				allowed += 2*math.Abs(d)*e + e*e
			}
			note(out[0][n], mean, offset)
			note(out[1][n], m2, allowed+16*eps*m2)
		}
	}
	return worst
}
