package program

import (
	"fmt"
	"math"
	"math/rand/v2"
)

// Epilogue is what a convolution or product does to each sum before it stores it, saving passes
// over memory. Element i of the result, in channel (or column) c, is v after
//
//	v = act(sum + bias[c])
//	v = v * mask[i]
//	v = v if gate[i] > 0, else Activation.Alpha*v
//
// of which only the parts asked for are applied, in this order. The mask is that of a dropout,
// the gate the output of a LeakyReLU whose gradient the last line is, see [LeakyReLUGrad].
//
// Arguments follow the operation's own and precede its result: bias [channels] if Bias, mask as
// long as the result if Mask, gate as long as the result if Gate.
type Epilogue struct {
	Bias       bool
	Activation Activation
	Mask, Gate bool
}

// ActivationKind names the elementwise function of an Activation.
type ActivationKind uint8

const (
	Identity ActivationKind = iota
	LeakyReLUActivation
	SigmoidActivation
)

// Activation is the elementwise function of an Epilogue.
type Activation struct {
	Kind  ActivationKind
	Alpha float32 // slope below zero of LeakyReLU, and of the epilogue's gate; at least 0
}

func (e Epilogue) validate() error {
	if e.Activation.Kind > SigmoidActivation {
		return fmt.Errorf("unknown activation %d", e.Activation.Kind)
	}
	return slope(e.Activation.Alpha)
}

// slope refuses a negative slope of LeakyReLU: LeakyReLUGrad takes the sign of the input from the
// output.
func slope(alpha float32) error {
	if !(alpha >= 0) {
		return fmt.Errorf("slope alpha is %v, want at least 0", alpha)
	}
	return nil
}

// operands puts those of the epilogue between two operands and the result, of so many channels.
func (e Epilogue) operands(channels int, a, b, result Operand) []Operand {
	all := []Operand{a, b}
	if e.Bias {
		all = append(all, f32("bias", channels, Read))
	}
	if e.Mask {
		dropout := func(rng *rand.Rand) float64 { return float64(rng.IntN(2)) / 0.6 }
		all = append(all, f32("mask", result.Len, Read).drawn(dropout))
	}
	if e.Gate {
		all = append(all, f32("gate", result.Len, Read).drawn(withZeros))
	}
	return append(all, result)
}

// Extensible is an operation with an epilogue.
type Extensible interface {
	// Extend is the operation with its epilogue changed by f, unless it can have none or f refuses.
	Extend(f func(e *Epilogue) bool) (Op, bool)
}

// finish applies an epilogue to y in place, all but the bias, with which sums begin. mask and gate are nil where it
// has none.
func finish[E Float](e Epilogue, mask, gate, y []E) {
	for i, v := range y {
		switch e.Activation.Kind {
		case LeakyReLUActivation:
			v = leak(v, v, e.Activation.Alpha)
		case SigmoidActivation:
			v = E(1 / (1 + math.Exp(-float64(v))))
		}
		if e.Mask {
			v *= mask[i]
		}
		if e.Gate {
			v = leak(gate[i], v, e.Activation.Alpha)
		}
		y[i] = v
	}
}

// leak is v, or alpha*v unless the gate is positive.
func leak[E Float](gate, v E, alpha float32) E {
	if !(gate > 0) {
		v *= E(alpha)
	}
	return v
}

// productTolerance is that of convolutions and products: in tf32, either factor has 10 bits of fraction.
func productTolerance(precision string) float64 {
	if precision == "tf32" {
		return 2e-3
	}
	return 1e-5
}

// productError is the error of a convolution or product, see [Comparison.sumError]. In tf32, where the factors of each
// term are rounded, ||ref|| counts as no less than the root of the sum of the terms' squares, which is what their errors
// add up to; a quarter of it after a sigmoid, whose slope is at most that, or 1/32.
func productError(c Comparison) float64 {
	linear, sigmoid, tf32 := c.Op, false, c.Precision == "tf32"
	if o, ok := c.Op.(Extensible); ok {
		// Without what changes the size of a result by its sign. In tf32 the slope is squared with the terms.
		linear, _ = o.Extend(func(e *Epilogue) bool {
			sigmoid = e.Activation.Kind == SigmoidActivation
			e.Activation.Kind = Identity
			if tf32 {
				e.Activation.Alpha *= e.Activation.Alpha
			}
			return true
		})
	}
	if !tf32 {
		return c.sumError(linear)
	}
	return c.errorAbove(linear, func(v float64) float64 { return v * v }, func(v float64) float64 {
		if sigmoid {
			return max(cancellation, math.Sqrt(v)/4)
		}
		return math.Sqrt(v)
	})
}

func randomEpilogue(rng *rand.Rand) Epilogue {
	e := Epilogue{Bias: coin(rng), Activation: randomActivation(rng), Mask: coin(rng), Gate: coin(rng)}
	if e.Gate {
		e.Activation.Alpha = randomSlope(rng)
	}
	return e
}

func randomActivation(rng *rand.Rand) Activation {
	switch rng.IntN(3) {
	case 0:
		return Activation{Kind: LeakyReLUActivation, Alpha: randomSlope(rng)}
	case 1:
		return Activation{Kind: SigmoidActivation}
	}
	return Activation{}
}

func randomSlope(rng *rand.Rand) float32 { return pick[float32](rng, 0, 0.01, 0.2, 0.3, 1) }
