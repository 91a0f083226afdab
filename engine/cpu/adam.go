package cpu

import (
	"math"

	"gangpu/engine/program"
)

// adamRates are the factors of [program.Adam] at one step.
type adamRates struct {
	rate         float32 // corrected
	beta1, rest1 float32 // rest is 1-beta
	beta2, rest2 float32
	epsilon      float32
}

var _ = runs(func(op program.Adam, a arguments, _ *workspace) (kernel, error) {
	grad, step, rate, param, m, v := a.f32(0), a.u32(1), a.f32(2), a.f32(3), a.f32(4), a.f32(5)
	return kernel{blocks(op.N, elementBlock, func(first, end, _ int) {
		t := float64(step[0]) + 1
		learningRate := float64(rate[0]) + float64(rate[1])
		r := adamRates{
			rate:    float32(learningRate * math.Sqrt(1-math.Pow(op.Beta2, t)) / (1 - math.Pow(op.Beta1, t))),
			beta1:   float32(op.Beta1),
			rest1:   float32(1 - op.Beta1),
			beta2:   float32(op.Beta2),
			rest2:   float32(1 - op.Beta2),
			epsilon: float32(op.Epsilon),
		}
		unit.adam(r, grad[first:end], param[first:end], m[first:end], v[first:end])
	})}, nil
})

func adamGo(r adamRates, grad, param, m, v []float32) {
	param, m, v = param[:len(grad)], m[:len(grad)], v[:len(grad)]
	for i, g := range grad {
		m[i] = r.beta1*m[i] + r.rest1*g
		v[i] = r.beta2*v[i] + r.rest2*g*g
		param[i] -= r.rate * m[i] / (float32(math.Sqrt(float64(v[i]))) + r.epsilon)
	}
}

var _ = runs(func(op program.EMA, a arguments, _ *workspace) (kernel, error) {
	x, step, average := a.f32(0), a.u32(1), a.f32(2)
	return kernel{blocks(op.N, elementBlock, func(first, end, _ int) {
		t := float64(step[0]) + 1
		unit.ema(float32((1-op.Decay)/(1-math.Pow(op.Decay, t))), x[first:end], average[first:end])
	})}, nil
})

func emaGo(weight float32, x, average []float32) {
	average = average[:len(x)]
	for i, v := range x {
		average[i] += weight * (v - average[i])
	}
}

var _ = runs(func(op program.Increment, a arguments, _ *workspace) (kernel, error) {
	counters := a.u32(0)
	return kernel{blocks(op.N, elementBlock, func(first, end, _ int) {
		for i := first; i < end; i++ {
			counters[i] += op.Delta
		}
	})}, nil
})
