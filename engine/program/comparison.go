package program

import "math"

// A Comparison is of what a device made of an operation with the reference in float64.
type Comparison struct {
	Op        Op
	Precision string // of the device, as [Info] has it
	Before    []any  // arguments before the operation, in float64; see [Compute]
	Want      []any  // arguments after it, in float64
	Got       []any  // what the device made of them, in float32
}

// Error is the largest error of a float32 result, to be compared with [Op.Tolerance].
//
// An error is ||out-ref|| / ||ref||, with ref computed in float64. Operations of which other things can be said have a
// method Error of their own, which takes the comparison: random numbers are measured one by one, maps and reductions
// by what rounding allows, and sums of which the terms may cancel count as no less than a part of the terms' sizes.
func (c Comparison) Error() float64 {
	if o, ok := c.Op.(interface{ Error(c Comparison) float64 }); ok {
		return o.Error(c)
	}
	return c.worst(func(out []float32, ref []float64) float64 { return RelativeError(out, ref, nil) })
}

// worst is the largest of the errors of the results.
func (c Comparison) worst(of func(out []float32, ref []float64) float64) float64 {
	worst := 0.0
	for i, o := range c.Op.Operands() {
		if o.Access != Read && o.DType == Float32 {
			worst = max(worst, of(c.Got[i].([]float32), c.Want[i].([]float64))) // NaN wins
		}
	}
	return worst
}

// worstOf is the largest error of an element, in units of scale.
func (c Comparison) worstOf(scale float64) float64 {
	return c.worst(func(out []float32, ref []float64) float64 {
		var worst float64
		for i, r := range ref {
			worst = max(worst, Difference(out[i], r))
		}
		return worst / scale
	})
}

// sumError is the error of the last operand, which op makes of the arguments before by sums. Where terms cancel,
// rounding them is no fault of the device: ||ref|| counts as no less than 1/32 of what it would be if all terms had one
// sign. It changes the arguments before.
func (c Comparison) sumError(op Op) float64 {
	return c.errorAbove(op, math.Abs, func(v float64) float64 { return cancellation * v })
}

// cancellation is the part of the sum of its terms' sizes that a sum counts as, at least.
const cancellation = 1. / 32

// errorAbove is the error of the last operand, of which the elements count as no less than after of what op makes of
// before of the arguments.
func (c Comparison) errorAbove(op Op, before, after func(v float64) float64) float64 {
	c.each(before)
	var floor []float64
	last := len(c.Before) - 1
	if Compute[float64](op, c.Before...) == nil {
		floor = c.Before[last].([]float64)
		for i, v := range floor {
			floor[i] = after(v)
		}
	}
	return RelativeError(c.Got[last].([]float32), c.Want[last].([]float64), floor)
}

// each replaces the elements of the arguments before, but for a gate, whose signs alone count, and an index.
func (c Comparison) each(f func(v float64) float64) {
	for i, o := range c.Op.Operands() {
		if a, ok := c.Before[i].([]float64); ok && o.Name != "gate" && o.Name != "index" {
			for j, v := range a {
				a[j] = f(v)
			}
		}
	}
}

// RelativeError is ||out-ref|| / ||ref||, where ||ref|| counts as no less than ||floor||, of which nil is zero.
func RelativeError(out []float32, ref, floor []float64) float64 {
	var diff, scale, cancelled float64
	for i, r := range ref {
		d := Difference(out[i], r)
		diff += d * d
		if d != 0 || !math.IsNaN(r) && !math.IsInf(r, 0) {
			scale += r * r
		}
	}
	if diff == 0 {
		return 0
	}
	for _, f := range floor {
		cancelled += f * f
	}
	return math.Sqrt(diff) / math.Sqrt(max(scale, cancelled))
}

// Difference is |out-ref|, and zero where both are the same infinity or both not a number.
func Difference(out float32, ref float64) float64 {
	if float64(out) == ref || out != out && ref != ref {
		return 0
	}
	return math.Abs(float64(out) - ref)
}
