package program

import (
	"math"

	"gangpu/engine/expr"
)

// Tolerance is in units of what rounding allows: 2 units in the last place for each operation of the expression, carried
// on by those that follow, and for sums some more of the sum of their terms' sizes.
func (Map) Tolerance(string) float64    { return 1 }
func (Reduce) Tolerance(string) float64 { return 1 }

const (
	allowedUlps = 2
	eps         = 1. / (1 << 24)
)

// bounds computes an expression in float64, and how far each of its results may be off.
type bounds struct {
	shape         []int
	in            []Source
	operands      [][]float64
	got           [][]float32
	eval          *expr.Evaluator
	point         []int
	x             []float64
	value, within []float64 // of the results, after at
	worst         float64   // error so far
}

// newBounds is nil if there is no such expression.
func newBounds(c Comparison, shape []int, in []Source, code expr.Code) *bounds {
	eval, err := code.Evaluator()
	if err != nil {
		return nil
	}
	n := eval.Results()
	b := &bounds{shape: shape, in: in, eval: eval, point: make([]int, len(shape)), x: make([]float64, len(in)),
		value: make([]float64, n), within: make([]float64, n)}
	for i := range c.Before {
		if i < len(in) {
			b.operands = append(b.operands, c.Before[i].([]float64))
		} else {
			b.got = append(b.got, c.Got[i].([]float32))
		}
	}
	return b
}

// at computes point number n of the iteration.
func (b *bounds) at(n int) {
	for d := len(b.shape) - 1; d >= 0; d-- {
		b.point[d] = n % b.shape[d]
		n /= b.shape[d]
	}
	for i, s := range b.in {
		b.x[i] = 0
		if e, ok := s.At(b.point); ok {
			b.x[i] = b.operands[i][e]
		}
	}
	b.eval.Bounds(b.value, b.within, b.x, allowedUlps)
}

// note compares element n of result k with what it should be.
func (b *bounds) note(k, n int, want, within float64) {
	// A bound may be infinite, or come of one: a comparison may go either way.
	if d := Difference(b.got[k][n], want); d > 0 && within < math.Inf(1) {
		b.worst = max(b.worst, d/(within+math.Ldexp(1, -149))) // NaN wins
	}
}

// Error is that of the worst element, in units of what is allowed.
func (o Map) Error(c Comparison) float64 {
	b := newBounds(c, o.Shape, o.In, o.Code)
	if b == nil {
		return math.Inf(1)
	}
	for n := range points(o.Shape) {
		b.at(n)
		for k, v := range b.value {
			b.note(k, n, v, b.within[k])
		}
	}
	return b.worst
}

// Error is that of the worst element, in units of what is allowed.
func (o Reduce) Error(c Comparison) float64 {
	b := newBounds(c, o.Shape(), o.In, o.Code)
	if b == nil {
		return math.Inf(1)
	}
	reduced := points(o.Reduced)
	for n := range points(o.Kept) {
		switch o.Kind {
		case Sum:
			sums, within := make([]float64, len(b.value)), make([]float64, len(b.value))
			for r := range reduced {
				b.at(n*reduced + r)
				for k, v := range b.value {
					sums[k] += v
					within[k] += b.within[k] + 8*eps*math.Abs(v)
				}
			}
			for k := range sums {
				b.note(k, n, sums[k], within[k])
			}
		case Maximum:
			largest, within := math.Inf(-1), 0.0
			for r := range reduced {
				b.at(n*reduced + r)
				largest, within = max(largest, b.value[0]), max(within, b.within[0])
			}
			b.note(0, n, largest, within)
		case Moments:
			b.moments(n, reduced)
		}
	}
	return b.worst
}

// moments compares the mean and the squared deviations of the values of point n.
func (b *bounds) moments(n, count int) {
	all, off := make([]float64, count), make([]float64, count)
	var mean, size, offset float64
	for r := range count {
		b.at(n*count + r)
		all[r], off[r] = b.value[0], b.within[0]
		mean += b.value[0] / float64(count)
		size += math.Abs(b.value[0]) / float64(count)
		offset += b.within[0] / float64(count)
	}
	offset += 8 * eps * size
	var m2, within float64
	for r := range count {
		d := all[r] - mean
		e := off[r] + offset + eps*math.Abs(all[r])
		m2 += d * d
		within += 2*math.Abs(d)*e + e*e
	}
	b.note(0, n, mean, offset)
	b.note(1, n, m2, within+16*eps*m2)
}
