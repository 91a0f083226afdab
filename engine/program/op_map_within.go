package program

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"

	"gangpu/engine/expr"
)

// RandomWithin draws a map of one expression over so many points, and its operands, such that no value that it computes
// but zero leaves [1e-30, 1e30]: beyond it floats overflow, or lose digits. For checks of devices.
func RandomWithin(rng *rand.Rand, points int) (Map, [][]float32) {
	for {
		operands := 1 + rng.IntN(3)
		result := randomExpression(rng, operands)
		in := make([][]float32, operands)
		for i := range in {
			in[i] = make([]float32, points)
		}
		if !drawWithin(rng, everyValue(expr.Compile(result)), in) {
			continue
		}
		o := Map{Shape: []int{points}, Code: expr.Compile(result)}
		for range in {
			o.In = append(o.In, Source{points, Dense(o.Shape)})
		}
		return o, in
	}
}

// drawWithin draws the operands point by point, or reports that it finds none with which the results of the code are
// within bounds.
func drawWithin(rng *rand.Rand, code expr.Code, operands [][]float32) bool {
	eval, err := code.Evaluator()
	if err != nil {
		return false
	}
	values, x := make([]float64, eval.Results()), make([]float64, len(operands))
	for p := range operands[0] {
		for try := 0; ; try++ {
			if try == 100 {
				return false
			}
			for i := range x {
				v := rng.NormFloat64()
				if coin(rng) { // of any size
					v *= math.Pow(10, 12*rng.Float64()-6)
				}
				operands[i][p] = float32(v)
				x[i] = float64(operands[i][p])
			}
			if eval.Eval(values, x); within(values, 1e-30, 1e30) {
				break
			}
		}
	}
	return true
}

// within reports whether the size of each value that is not zero is from low to high.
func within(values []float64, low, high float64) bool {
	for _, v := range values {
		if v = math.Abs(v); v != 0 && !(v >= low && v <= high) {
			return false
		}
	}
	return true
}

// everyValue is the code with the value of each instruction as a result.
func everyValue(c expr.Code) expr.Code {
	body, _, _ := strings.Cut(string(c), " -> ")
	results := " ->"
	for i := range strings.Count(body, ";") + 1 {
		results += fmt.Sprint(" ", i)
	}
	return expr.Code(body + results)
}
