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
// each term are rounded, it is half of that: the error can be 2^-10 of every term. Random numbers
// are measured one by one, against their range or standard deviation.
func Tolerance(op, precision string) float64 {
	switch op {
	case "indices", "increment":
		return 0
	case "conv2d", "conv2d_transpose", "conv2d_input_grad", "conv2d_filter_grad", "matmul":
		if precision == "tf32" { // 10 bits of fraction in either factor
			return 2e-3
		}
		return 1e-5
	case "bias_grad", "bce", "normal":
		return 1e-5
	case "sigmoid", "sigmoid_grad", "bce_grad", "adam":
		return 2e-6
	case "uniform":
		return 4e-7
	}
	return 1.2e-7 // one or two roundings
}

// relativeError measures a result of op against ref. Magnitude is what ref would be if no terms
// cancelled, or nil.
func relativeError(op program.Op, precision string, out []float32, ref, magnitude []float64) float64 {
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
	for _, m := range magnitude {
		cancelled += m * m
	}
	floor := 1. / 32
	if precision == "tf32" {
		floor = 1. / 2
	}
	return math.Sqrt(diff) / max(math.Sqrt(scale), floor*math.Sqrt(cancelled))
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

// magnitude is the result of op, its last operand, if all terms of its sums had one sign, or ones
// if it is a sigmoid or its logarithm; nil for an operation without sums that can cancel. It changes the
// arguments, which are those of reference.Run.
func magnitude(op program.Op, args []any) []float64 {
	activation := program.Identity
	switch o := op.(type) {
	case program.Conv2D:
		activation = o.Activation.Kind
	case program.Conv2DTranspose:
		activation = o.Activation.Kind
	case program.MatMul:
		activation = o.Activation.Kind
	case program.Sigmoid, program.BCEWithLogits: // may be too small for a float32
		activation = program.SigmoidActivation
	case program.Conv2DInputGrad, program.Conv2DFilterGrad, program.BiasGrad, program.BCEWithLogitsGrad:
	default:
		return nil
	}
	if activation == program.SigmoidActivation {
		ones := args[len(args)-1].([]float64)
		reference.Fill(1, ones)
		return ones
	}
	for i, a := range args {
		for j, v := range a.([]float64) {
			a.([]float64)[j] = math.Abs(v)
			if op.Name() == "bce_grad" { // sigmoid(z)-t: the labels' sign is what makes it cancel
				a.([]float64)[j] = v
				if i == 1 {
					a.([]float64)[j] = -v
				}
			}
		}
	}
	if err := reference.Run[float64](op, args...); err != nil {
		return nil
	}
	return args[len(args)-1].([]float64)
}
