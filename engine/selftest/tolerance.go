package selftest

import (
	"math"

	"gangpu/engine/program"
	"gangpu/internal/reference"
)

// Tolerance is the largest error that the suite accepts of an operation on a device of a
// precision, "fp32" or "tf32", as program.Info has it.
//
// An error is ||out-ref|| / ||ref||, with ref computed in float64. Where terms cancel, rounding
// them is no fault of the device: ||ref|| counts as no less than 1/32 of what it would be if all
// terms of a sum had one sign, or than 1/32 of one after a sigmoid. In tf32, where the factors of
// each term are rounded, it counts as no less than the root of the sum of the terms' squares, which
// is what their errors add up to; a quarter of it after a sigmoid, whose slope is at most that.
// Random numbers are measured one by one, against their range or standard deviation.
func Tolerance(op, precision string) float64 {
	switch op {
	case "indices", "increment":
		return 0
	case "map", "sum", "maximum", "moments": // in units of what rounding allows, see boundedError
		return 1
	case "conv2d", "conv2d_transpose", "conv2d_input_grad", "conv2d_filter_grad", "matmul":
		if precision == "tf32" { // 10 bits of fraction in either factor
			return 2e-3
		}
		return 1e-5
	case "normal":
		return 1e-5
	case "adam", "ema":
		return 2e-6
	case "uniform":
		return 4e-7
	}
	return 1.2e-7 // one or two roundings
}

// relativeError measures a result of op against ref, whose elements count as no less than floor's;
// floor may be nil.
func relativeError(op program.Op, out []float32, ref, floor []float64) float64 {
	switch op := op.(type) {
	case program.Uniform:
		return worstDifference(out, ref) / max(math.Abs(float64(op.Low)), math.Abs(float64(op.High)))
	case program.Normal:
		return worstDifference(out, ref) / float64(op.Stddev)
	}
	var diff, scale, cancelled float64
	for i, r := range ref {
		d := difference(out[i], r)
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

func worstDifference(out []float32, ref []float64) float64 {
	var worst float64
	for i, r := range ref {
		worst = max(worst, difference(out[i], r)) // NaN wins
	}
	return worst
}

// difference is |out-ref|, and zero where both are the same infinity or both not a number.
func difference(out float32, ref float64) float64 {
	if float64(out) == ref || out != out && ref != ref {
		return 0
	}
	return math.Abs(float64(out) - ref)
}

// floorOf is what the result of op, its last operand, counts as at least, by Tolerance; nil for an
// operation without sums that can cancel. It changes the arguments, which are those of
// reference.Run.
func floorOf(op program.Op, precision string, args []any) []float64 {
	linear, sigmoid, product := op, false, false
	// signless is an epilogue without what changes the size of a result by its sign. In tf32 the
	// slope is squared with the terms.
	signless := func(e program.Epilogue) program.Epilogue {
		sigmoid, product = e.Activation.Kind == program.SigmoidActivation, true
		e.Activation.Kind = program.Identity
		if precision == "tf32" {
			e.Activation.Alpha *= e.Activation.Alpha
		}
		return e
	}
	switch o := op.(type) {
	case program.Conv2D:
		o.Epilogue = signless(o.Epilogue)
		linear = o
	case program.Conv2DTranspose:
		o.Epilogue = signless(o.Epilogue)
		linear = o
	case program.Conv2DInputGrad:
		o.Epilogue = signless(o.Epilogue)
		linear = o
	case program.MatMul:
		o.Epilogue = signless(o.Epilogue)
		linear = o
	case program.Conv2DFilterGrad:
		product = true
	default:
		return nil
	}
	result := args[len(args)-1].([]float64)
	const cancellation, slope = 1. / 32, 1. / 4
	switch {
	case product && precision == "tf32":
		each(op, args, func(v float64) float64 { return v * v })
		if reference.Run[float64](linear, args...) != nil {
			return nil
		}
		for i, v := range result {
			result[i] = math.Sqrt(v)
			if sigmoid {
				result[i] = max(cancellation, slope*result[i])
			}
		}
	default:
		each(op, args, math.Abs)
		if reference.Run[float64](linear, args...) != nil {
			return nil
		}
		for i := range result {
			result[i] *= cancellation
		}
	}
	return result
}

// each replaces the elements of op's arguments, but for the gate, whose signs alone count.
func each(op program.Op, args []any, f func(v float64) float64) {
	for i, o := range op.Operands() {
		if o.Name == "gate" {
			continue
		}
		a := args[i].([]float64)
		for j, v := range a {
			a[j] = f(v)
		}
	}
}
