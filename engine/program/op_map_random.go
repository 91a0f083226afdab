package program

import (
	"math"
	"math/rand/v2"
	"slices"

	"gangpu/engine/expr"
)

// Random is of random expressions over random indices.
func (Map) Random(rng *rand.Rand, limit int) Op {
	shape := randomIteration(rng, limit)
	in := randomSources(rng, shape)
	results := make([]expr.Expr, pick(rng, 1, 1, 1, 2, 3))
	for k := range results {
		results[k] = randomExpression(rng, len(in))
	}
	return Map{Shape: shape, In: in, Code: expr.Compile(results...)}
}

// Random is of random expressions over random indices.
func (o Reduce) Random(rng *rand.Rand, limit int) Op {
	r := randomReduction(rng, limit)
	r.Kind = o.Kind
	results := make([]expr.Expr, 1)
	if o.Kind == Sum {
		results = make([]expr.Expr, pick(rng, 1, 1, 1, 2, 4))
	}
	for k := range results {
		results[k] = randomExpression(rng, len(r.In))
	}
	r.Code = expr.Compile(results...)
	return r
}

// randomIteration draws a shape of at most limit points.
func randomIteration(rng *rand.Rand, limit int) []int {
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

// randomReduction draws the points of one, and its operands.
func randomReduction(rng *rand.Rand, limit int) Reduce {
	shape := randomIteration(rng, limit)
	kept := rng.IntN(len(shape) + 1)
	o := Reduce{Kept: shape[:kept], Reduced: shape[kept:]}
	o.In = randomSources(rng, shape)
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

// randomSources draws operands over the points of a shape: dense ones, broadcast ones, and such as slices, flips,
// padding, dilation and transposes make.
func randomSources(rng *rand.Rand, shape []int) []Source {
	in := make([]Source, pick(rng, 1, 1, 2, 2, 3, 5))
	for i := range in {
		var x Index
		n := 1
		switch rng.IntN(4) {
		case 0, 1:
			x = Dense(shape)
			n = points(shape)
		case 2:
			of := slices.Clone(shape)
			for d := range of {
				if coin(rng) {
					of[d] = 1
				}
				n *= of[d]
			}
			x = Broadcast(shape, of)
		case 3:
			x, n = randomIndex(rng, shape)
		}
		in[i] = Source{Len: n, Index: x}
	}
	return in
}

// randomIndex draws an index of which each axis moves along a dimension by steps, forwards or back, from before the
// array's first element on or beyond its last.
func randomIndex(rng *rand.Rand, shape []int) (x Index, n int) {
	n = 1
	for _, d := range rng.Perm(len(shape)) {
		a := Axis{Stride: n, Coef: make([]int, len(shape)), Div: pick(rng, 1, 1, 1, 2, 3)}
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
		a := Axis{Size: 1 + rng.IntN(shape[d]), Coef: make([]int, len(shape)), Div: 1, Offset: -rng.IntN(shape[d])}
		a.Coef[d] = 1
		x.Axes = append(x.Axes, a)
	}
	x.Base = pick(rng, 0, 0, 5)
	return x, n + x.Base + pick(rng, 0, 0, 3)
}

// randomExpression draws one of so many inputs, whose values and intermediate values stay of moderate size where
// the inputs do.
func randomExpression(rng *rand.Rand, inputs int) expr.Expr {
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
