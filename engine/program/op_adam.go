package program

import (
	"fmt"
	"math"
	"math/rand/v2"
)

var _ = known(Adam{}, EMA{}, Increment{})

// Adam is one update of N parameters (Kingma and Ba, 2015), in Keras's form, which corrects the
// rate and not epsilon. With t = step+1:
//
//	rate_t = (rate[0]+rate[1]) * sqrt(1-Beta2^t) / (1-Beta1^t), in float64
//	m      = Beta1*m + (1-Beta1)*grad
//	v      = Beta2*v + (1-Beta2)*grad^2
//	param  = param - rate_t*m/(sqrt(v)+Epsilon)
//
// The learning rate is read when the operation runs, so that writing it is enough to change it; see
// [LearningRate] for its two parts. Arguments: grad [N], step [1] uint32 (updates made before this
// one) and rate [2]; param [N], m [N] and v [N], which are read and written.
type Adam struct {
	N                     int
	Beta1, Beta2, Epsilon float64
}

// LearningRate is a rate as Adam reads it: the nearest float32, and the float32 nearest to what that
// leaves. The first alone would be off by half a unit in its last place, and many a rate_t by one.
// Where that does not matter, the second may stay 0.
func LearningRate(rate float64) [2]float32 {
	high := float32(rate)
	return [2]float32{high, float32(rate - float64(high))}
}

func (Adam) Name() string             { return "adam" }
func (Adam) Elementwise() bool        { return true }
func (Adam) Tolerance(string) float64 { return 2e-6 }

// MayOverwrite allows a result in the place of the gradient, and not of the rate.
func (Adam) MayOverwrite(i int) bool { return i == 0 }

func (o Adam) Validate() error {
	if !(o.Epsilon > 0) {
		return fmt.Errorf("epsilon is %v, want a positive number", o.Epsilon)
	}
	if !(o.Beta1 >= 0 && o.Beta1 < 1) || !(o.Beta2 >= 0 && o.Beta2 < 1) {
		return fmt.Errorf("beta1 is %v and beta2 is %v, want 0 <= beta < 1", o.Beta1, o.Beta2)
	}
	return positive("parameters", o.N)
}

func (o Adam) Operands() []Operand {
	return []Operand{f32("grad", o.N, Read), u32("step", 1, Read).drawn(updates), f32("rate", 2, Read).drawn(rates),
		f32("param", o.N, ReadWrite), f32("m", o.N, ReadWrite), f32("v", o.N, ReadWrite).drawn((*rand.Rand).ExpFloat64)}
}

// rates are parts of learning rates, the second not always small.
func rates(rng *rand.Rand) float64 { return pick(rng, 2e-4, 0.01, 0.5) * rng.Float64() }

func (Adam) Random(rng *rand.Rand, limit int) Op {
	return Adam{N: size(rng, limit), Beta1: pick(rng, 0, 0.5, 0.9), Beta2: pick(rng, 0.9, 0.999), Epsilon: pick(rng, 1e-7, 1e-3)}
}

func (o Adam) Reference(a Arguments) error {
	return either(o, a, adamLoops[float32], adamLoops[float64])
}

func adamLoops[E Float](o Adam, a arrays[E]) {
	grad, step, rate, param, m, v := a.float(0), a.uint32(1)[0], a.float(2), a.float(3), a.float(4), a.float(5)
	t := float64(step) + 1
	corrected := E((float64(rate[0]) + float64(rate[1])) * math.Sqrt(1-math.Pow(o.Beta2, t)) / (1 - math.Pow(o.Beta1, t)))
	beta1, beta2 := E(o.Beta1), E(o.Beta2)
	for i, g := range grad {
		m[i] = beta1*m[i] + (1-beta1)*g
		v[i] = beta2*v[i] + (1-beta2)*g*g
		param[i] -= corrected * m[i] / (E(math.Sqrt(float64(v[i]))) + E(o.Epsilon))
	}
}

// EMA is one update of the exponential moving average of N values, with the bias of its start
// corrected as Adam corrects its moments'. With t = step+1:
//
//	weight  = (1-Decay) / (1-Decay^t)
//	average = average + weight*(x-average)
//
// The first update makes it x, whatever it was; after t of them it is the mean of t values, of
// which the one u updates ago weighs Decay^u. Arguments: x [N], step [1] uint32 (updates made before
// this one), average [N] read and written.
type EMA struct {
	N     int
	Decay float64
}

func (EMA) Name() string             { return "ema" }
func (EMA) Elementwise() bool        { return true }
func (EMA) Tolerance(string) float64 { return 2e-6 }

func (o EMA) Validate() error {
	if !(o.Decay >= 0 && o.Decay < 1) {
		return fmt.Errorf("decay is %v, want 0 <= decay < 1", o.Decay)
	}
	return positive("length", o.N)
}

func (o EMA) Operands() []Operand {
	return []Operand{f32("x", o.N, Read), u32("step", 1, Read).drawn(updates), f32("average", o.N, ReadWrite)}
}

func (EMA) Random(rng *rand.Rand, limit int) Op {
	return EMA{N: size(rng, limit), Decay: pick(rng, 0, 0.5, 0.999)}
}

func (o EMA) Reference(a Arguments) error { return either(o, a, emaLoops[float32], emaLoops[float64]) }

func emaLoops[E Float](o EMA, a arrays[E]) {
	x, step, average := a.float(0), a.uint32(1)[0], a.float(2)
	weight := E((1 - o.Decay) / (1 - math.Pow(o.Decay, float64(step)+1)))
	for i, v := range x {
		average[i] += weight * (v - average[i])
	}
}

// Increment adds Delta to every counter. Arguments: counters [N] uint32 read and written.
type Increment struct {
	N     int
	Delta uint32
}

func (Increment) Name() string             { return "increment" }
func (Increment) Elementwise() bool        { return true }
func (Increment) Tolerance(string) float64 { return 0 }
func (o Increment) Validate() error        { return positive("length", o.N) }
func (o Increment) Operands() []Operand    { return []Operand{u32("counters", o.N, ReadWrite)} }

func (Increment) Random(rng *rand.Rand, limit int) Op {
	return Increment{N: size(rng, min(limit, 1000)), Delta: pick(rng, 1, rng.Uint32())}
}

func (o Increment) Reference(a Arguments) error {
	counters := a[0].([]uint32)
	for i := range counters {
		counters[i] += o.Delta
	}
	return nil
}
