package program

import "fmt"

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
		all = append(all, f32("mask", result.Len, Read))
	}
	if e.Gate {
		all = append(all, f32("gate", result.Len, Read))
	}
	return append(all, result)
}
