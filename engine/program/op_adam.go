package program

import "fmt"

// Adam is one update of N parameters (Kingma and Ba, 2015), in Keras's form, which corrects the
// rate and not epsilon. With t = step+1:
//
//	rate  = LearningRate * sqrt(1-Beta2^t) / (1-Beta1^t)
//	m     = Beta1*m + (1-Beta1)*grad
//	v     = Beta2*v + (1-Beta2)*grad^2
//	param = param - rate*m/(sqrt(v)+Epsilon)
//
// Arguments: grad [N], step [1] uint32 (updates made before this one), param [N], m [N] and v [N]
// read and written.
type Adam struct {
	N                                   int
	LearningRate, Beta1, Beta2, Epsilon float64
}

func (Adam) Name() string      { return "adam" }
func (Adam) Elementwise() bool { return true }

func (o Adam) Validate() error {
	if !(o.LearningRate > 0) || !(o.Epsilon > 0) {
		return fmt.Errorf("learning rate %v and epsilon %v must be positive", o.LearningRate, o.Epsilon)
	}
	if !(o.Beta1 >= 0 && o.Beta1 < 1) || !(o.Beta2 >= 0 && o.Beta2 < 1) {
		return fmt.Errorf("beta1 is %v and beta2 is %v, want 0 <= beta < 1", o.Beta1, o.Beta2)
	}
	return positive("parameters", o.N)
}

func (o Adam) Operands() []Operand {
	return []Operand{f32("grad", o.N, Read), u32("step", 1, Read),
		f32("param", o.N, ReadWrite), f32("m", o.N, ReadWrite), f32("v", o.N, ReadWrite)}
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

func (EMA) Name() string      { return "ema" }
func (EMA) Elementwise() bool { return true }

func (o EMA) Validate() error {
	if !(o.Decay >= 0 && o.Decay < 1) {
		return fmt.Errorf("decay is %v, want 0 <= decay < 1", o.Decay)
	}
	return positive("length", o.N)
}

func (o EMA) Operands() []Operand {
	return []Operand{f32("x", o.N, Read), u32("step", 1, Read), f32("average", o.N, ReadWrite)}
}

// Increment adds Delta to every counter. Arguments: counters [N] uint32 read and written.
type Increment struct {
	N     int
	Delta uint32
}

func (Increment) Name() string          { return "increment" }
func (Increment) Elementwise() bool     { return true }
func (o Increment) Validate() error     { return positive("length", o.N) }
func (o Increment) Operands() []Operand { return []Operand{u32("counters", o.N, ReadWrite)} }
