package reference

import (
	"math"

	"gangpu/engine/program"
)

// Adam is one update of param, m and v; see [program.Adam]. Step counts the updates before it.
func Adam[E Float](op program.Adam, grad []E, step uint32, param, m, v []E) {
	t := float64(step) + 1
	rate := E(op.LearningRate * math.Sqrt(1-math.Pow(op.Beta2, t)) / (1 - math.Pow(op.Beta1, t)))
	beta1, beta2 := E(op.Beta1), E(op.Beta2)
	for i, g := range grad {
		m[i] = beta1*m[i] + (1-beta1)*g
		v[i] = beta2*v[i] + (1-beta2)*g*g
		param[i] -= rate * m[i] / (E(math.Sqrt(float64(v[i]))) + E(op.Epsilon))
	}
}

// EMA is one update of average; see [program.EMA]. Step counts the updates before it.
func EMA[E Float](decay float64, x []E, step uint32, average []E) {
	weight := E((1 - decay) / (1 - math.Pow(decay, float64(step)+1)))
	for i, v := range x {
		average[i] += weight * (v - average[i])
	}
}

// Increment adds delta to every counter.
func Increment(delta uint32, counters []uint32) {
	for i := range counters {
		counters[i] += delta
	}
}
