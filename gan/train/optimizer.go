package train

import (
	"fmt"
	"math"

	"gangpu/engine/expr"
	"gangpu/engine/program"
)

// Optimizer updates parameters by their gradient. Its values are comparable: phases that train a network by equal
// ones share its state.
type Optimizer interface {
	// schedule is the learning rate.
	schedule() Schedule
	validate() error
	// slots are the arrays of its state, of the parameters' length, zero at first: "adam/m".
	slots() []string
	// update adds the update of n parameters to a program.
	update(p *program.Program, name string, n int, a optimizerArgs) error
}

// optimizerArgs are where an update's arguments lie.
type optimizerArgs struct {
	gradient, step, rate, parameters program.Arg
	slots                            []program.Arg
}

// Adam is that of Kingma and Ba (2015), in Keras's form; see [program.Adam].
type Adam struct {
	Rate         Schedule
	Beta1, Beta2 float64
	Epsilon      float64 // 0 means 1e-7
}

// Lazy is Adam for a network that is trained by a further loss in every so many of its updates, times as many (Karras et al.,
// 2020, appendix B): with c = every/(every+1), its rate is c times as large, and its betas are to the power of c.
func (a Adam) Lazy(every int) Adam {
	if every < 1 {
		return a
	}
	c := float64(every) / float64(every+1)
	a.Rate.Rate *= c
	a.Beta1, a.Beta2 = math.Pow(a.Beta1, c), math.Pow(a.Beta2, c)
	return a
}

func (a Adam) epsilon() float64 {
	if a.Epsilon == 0 {
		return 1e-7
	}
	return a.Epsilon
}

func (a Adam) schedule() Schedule { return a.Rate }
func (a Adam) slots() []string    { return []string{"adam/m", "adam/v"} }

func (a Adam) validate() error {
	if !(a.Beta1 >= 0 && a.Beta1 < 1) || !(a.Beta2 >= 0 && a.Beta2 < 1) || !(a.Epsilon >= 0) {
		return fmt.Errorf("adam's betas are %v and %v and its epsilon %v: want 0 <= beta < 1 and a positive epsilon", a.Beta1, a.Beta2, a.Epsilon)
	}
	return a.Rate.validate()
}

func (a Adam) update(p *program.Program, name string, n int, at optimizerArgs) error {
	op := program.Adam{N: n, Beta1: a.Beta1, Beta2: a.Beta2, Epsilon: a.epsilon()}
	return p.Append(name+"/adam", op, at.gradient, at.step, at.rate, at.parameters, at.slots[0], at.slots[1])
}

// RMSProp divides by the root of a moving mean of squares (Tieleman and Hinton, 2012), as PyTorch has it:
//
//	v = Decay*v + (1-Decay)*grad^2
//	param = param - rate*grad/(sqrt(v)+Epsilon)
type RMSProp struct {
	Rate    Schedule
	Decay   float64
	Epsilon float64 // 0 means 1e-8
}

func (r RMSProp) schedule() Schedule { return r.Rate }
func (r RMSProp) slots() []string    { return []string{"rmsprop/v"} }

func (r RMSProp) validate() error {
	if !(r.Decay >= 0 && r.Decay < 1) || !(r.Epsilon >= 0) {
		return fmt.Errorf("rmsprop's decay is %v and its epsilon %v: want 0 <= decay < 1 and a positive epsilon", r.Decay, r.Epsilon)
	}
	return r.Rate.validate()
}

func (r RMSProp) update(p *program.Program, name string, n int, at optimizerArgs) error {
	epsilon := r.Epsilon
	if epsilon == 0 {
		epsilon = 1e-8
	}
	return inPlace(p, name+"/rmsprop", n, at, func(gradient, rate, parameter, v expr.Expr) (expr.Expr, expr.Expr) {
		next := v.Mul(expr.Const(r.Decay)).Add(gradient.Mul(gradient).Mul(expr.Const(1 - r.Decay)))
		return parameter.Sub(rate.Mul(gradient).Div(next.Sqrt().Add(expr.Const(epsilon)))), next
	})
}

// SGD is gradient descent with momentum, as PyTorch has it:
//
//	m = Momentum*m + grad
//	param = param - rate*m
type SGD struct {
	Rate     Schedule
	Momentum float64
}

func (s SGD) schedule() Schedule { return s.Rate }
func (s SGD) slots() []string    { return []string{"sgd/m"} }

func (s SGD) validate() error {
	if !(s.Momentum >= 0 && s.Momentum < 1) {
		return fmt.Errorf("sgd's momentum is %v, want 0 or more and less than 1", s.Momentum)
	}
	return s.Rate.validate()
}

func (s SGD) update(p *program.Program, name string, n int, at optimizerArgs) error {
	return inPlace(p, name+"/sgd", n, at, func(gradient, rate, parameter, m expr.Expr) (expr.Expr, expr.Expr) {
		next := m.Mul(expr.Const(s.Momentum)).Add(gradient)
		return parameter.Sub(rate.Mul(next)), next
	})
}

// inPlace adds one pass over n parameters and one array of state that replaces both.
func inPlace(p *program.Program, name string, n int, at optimizerArgs,
	f func(gradient, rate, parameter, state expr.Expr) (expr.Expr, expr.Expr)) error {
	x := expr.Inputs(4)
	parameter, state := f(x[0], x[1], x[2], x[3])
	shape := []int{n}
	op := program.NewMap(shape, func(...expr.Expr) expr.Expr { return parameter }, shape, []int{1}, shape, shape)
	op.Code = expr.Compile(parameter, state)
	return p.Append(name, op, at.gradient, at.rate, at.parameters, at.slots[0], at.parameters, at.slots[0])
}

// Schedule is a learning rate by the number of updates made. It is comparable. A rate alone is [Constant].
type Schedule struct {
	Rate float64 `json:"rate"`
	// WarmUp is over how many updates the rate rises from 0 to Rate; 0 is none.
	WarmUp int `json:"warm_up,omitempty"`
	// DecayFrom and DecayUntil are between which updates the rate falls linearly to 0; both 0 is never.
	DecayFrom  int `json:"decay_from,omitempty"`
	DecayUntil int `json:"decay_until,omitempty"`
	// StepEvery multiplies the rate by StepFactor after every so many updates; 0 is never.
	StepEvery  int     `json:"step_every,omitempty"`
	StepFactor float64 `json:"step_factor,omitempty"`
}

// Constant is a rate that stays.
func Constant(rate float64) Schedule { return Schedule{Rate: rate} }

// At is the rate of the update that comes after so many.
func (s Schedule) At(updates int) float64 {
	rate := s.Rate
	if updates < s.WarmUp {
		rate *= float64(updates+1) / float64(s.WarmUp)
	}
	if s.DecayUntil > 0 && updates >= s.DecayFrom {
		rate *= max(0, float64(s.DecayUntil-updates)/float64(s.DecayUntil-s.DecayFrom))
	}
	if s.StepEvery > 0 {
		rate *= math.Pow(s.StepFactor, float64(updates/s.StepEvery))
	}
	return rate
}

func (s Schedule) validate() error {
	switch {
	case !(s.Rate > 0) || math.IsInf(s.Rate, 0):
		return fmt.Errorf("the learning rate is %v, want a positive number", s.Rate)
	case s.WarmUp < 0 || s.DecayFrom < 0 || s.StepEvery < 0:
		return fmt.Errorf("the schedule %+v counts updates below 0", s)
	case s.DecayUntil != 0 && s.DecayUntil <= s.DecayFrom:
		return fmt.Errorf("the rate decays from update %d to %d", s.DecayFrom, s.DecayUntil)
	case s.StepEvery > 0 && !(s.StepFactor > 0):
		return fmt.Errorf("the rate's factor is %v, want a positive number", s.StepFactor)
	}
	return nil
}
