package engine

import (
	"fmt"
	"math"
	"reflect"

	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"gangpu/engine/expr"
	"gangpu/engine/program"
)

// solver is one of Gorgonia's as an expression: what it makes of a parameter and its states, which are zero at first,
// by a gradient. It computes as Gorgonia's does, in float32, with the quirks that it has.
type solver struct {
	of     gorgonia.Solver
	name   string
	states int
	eta    reflect.Value // of Gorgonia's solver: a schedule changes it
	rates  []func(updates int) float64
	// next is what becomes of a parameter and of its states. Gorgonia has rules of their own for scalars.
	next func(scalar bool, gradient, parameter expr.Expr, states, rates []expr.Expr) []expr.Expr
}

// settings are the fields of a solver that are numbers or flags. A missing one is an error that the caller asks for
// once.
type settings struct {
	of  gorgonia.Solver
	err error
}

func (s *settings) number(name string) float64 {
	f, err := floatField(s.of, name)
	if s.err == nil {
		s.err = err
	}
	return f
}

func (s *settings) flag(name string) bool {
	f, err := boolField(s.of, name)
	if s.err == nil {
		s.err = err
	}
	return f
}

// solverOf reads the settings of a solver of Gorgonia's.
func solverOf(by gorgonia.Solver) (*solver, error) {
	s := &settings{of: by}
	var made *solver
	switch by.(type) {
	case *gorgonia.VanillaSolver:
		made = vanilla(s)
	case *gorgonia.Momentum:
		made = momentum(s)
	case *gorgonia.AdamSolver:
		made = adam(s)
	case *gorgonia.RMSPropSolver:
		made = rmsProp(s)
	default:
		return nil, fmt.Errorf("no device has the solver %T: Vanilla, Momentum, Adam and RMSProp are those that it has", by)
	}
	if s.err != nil {
		return nil, s.err
	}
	made.of = by
	var err error
	if made.eta, err = field(by, "eta", reflect.Float64); err != nil {
		return nil, err
	}
	made.rates = append([]func(int) float64{func(int) float64 { return made.eta.Float() }}, made.rates...)
	return made, nil
}

// ratesAt writes the numbers that depend on how many updates were made, this one among them: first the learning rate.
func (s *solver) ratesAt(updates int, to []float32) {
	for i, rate := range s.rates {
		to[i] = float32(rate(updates))
	}
}

// update is the pass over a parameter of a shape. Its operands are the gradient, each rate, the parameters and each
// state; the parameters and the states are its results too.
func (s *solver) update(shape tensor.Shape) program.Map {
	scalar, r := shape.Dims() == 0, len(s.rates)
	shape = tensor.Shape{shape.TotalSize()}
	operands := [][]int{shape}
	for range r {
		operands = append(operands, []int{1})
	}
	for range 1 + s.states {
		operands = append(operands, shape)
	}
	x := expr.Inputs(len(operands))
	results := s.next(scalar, x[0], x[1+r], x[2+r:], x[1:1+r])
	op := program.NewMap(shape, func(...expr.Expr) expr.Expr { return results[0] }, operands...)
	op.Code = expr.Compile(results...)
	return op
}

// prepared is a gradient with what regularisation, batch and clipping do to it. of is what is regularised.
func prepared(s *settings) func(gradient, of expr.Expr) expr.Expr {
	l1, l2, batch, clip := s.number("l1reg"), s.number("l2reg"), s.number("batch"), s.number("clip")
	useL1, useL2, useClip := s.flag("useL1Reg"), s.flag("useL2Reg"), s.flag("useClip")
	return func(g, of expr.Expr) expr.Expr {
		if useL1 {
			g = g.Add(of.Sign().Mul(expr.Const(l1)))
		}
		if useL2 {
			g = g.Add(of.Mul(expr.Const(l2)))
		}
		if batch > 1 {
			g = g.Mul(expr.Const(1 / batch))
		}
		if useClip && clip > 0 {
			g = clipped(g, clip)
		}
		return g
	}
}

func clipped(g expr.Expr, clip float64) expr.Expr {
	return g.Max(expr.Const(-clip)).Min(expr.Const(clip))
}

// vanilla is w -= eta*g.
func vanilla(s *settings) *solver {
	prepare := prepared(s)
	return &solver{name: "vanilla", next: func(_ bool, g, w expr.Expr, _, rates []expr.Expr) []expr.Expr {
		return []expr.Expr{w.Sub(rates[0].Mul(prepare(g, w)))}
	}}
}

// momentum is c = momentum*c - eta*g, w += c. Gorgonia regularises c, and not w; but of a scalar it regularises w, and
// keeps no c, which stays 0.
func momentum(s *settings) *solver {
	prepare, momentum := prepared(s), s.number("momentum")
	return &solver{name: "momentum", states: 1, next: func(scalar bool, g, w expr.Expr, states, rates []expr.Expr) []expr.Expr {
		if scalar {
			return []expr.Expr{w.Sub(rates[0].Mul(prepare(g, w))), states[0]}
		}
		c := states[0].Mul(expr.Const(momentum)).Sub(rates[0].Mul(prepare(g, states[0])))
		return []expr.Expr{w.Add(c), c}
	}}
}

// adam is that of Kingma and Ba (2015), algorithm 1.
func adam(s *settings) *solver {
	prepare, beta1, beta2, epsilon := prepared(s), s.number("beta1"), s.number("beta2"), s.number("eps")
	correction := func(beta float64) func(int) float64 {
		return func(updates int) float64 { return 1 / (1 - math.Pow(beta, float64(updates))) }
	}
	return &solver{name: "adam", states: 2, rates: []func(int) float64{correction(beta1), correction(beta2)},
		next: func(_ bool, g, w expr.Expr, states, rates []expr.Expr) []expr.Expr {
			g = prepare(g, w)
			m := states[0].Mul(expr.Const(beta1)).Add(g.Mul(expr.Const(1 - beta1)))
			v := states[1].Mul(expr.Const(beta2)).Add(g.Mul(g).Mul(expr.Const(1 - beta2)))
			by := v.Mul(rates[2]).Sqrt().Add(expr.Const(epsilon))
			return []expr.Expr{w.Sub(rates[0].Mul(m.Mul(rates[1])).Div(by)), m, v}
		}}
}

// rmsProp is that of Tieleman and Hinton (2012). Gorgonia clips the gradient after its square was taken,
// and that of a scalar not at all.
func rmsProp(s *settings) *solver {
	decay, epsilon, l2, clip := s.number("decay"), s.number("eps"), s.number("l2reg"), s.number("clip")
	useL2, useClip := s.flag("useL2Reg"), s.flag("useClip")
	return &solver{name: "rmsprop", states: 1, next: func(scalar bool, g, w expr.Expr, states, rates []expr.Expr) []expr.Expr {
		v := states[0].Mul(expr.Const(decay)).Add(g.Mul(g).Mul(expr.Const(1 - decay)))
		if useClip && !scalar {
			g = clipped(g, clip)
		}
		next := w.Sub(rates[0].Mul(g).Mul(v.Add(expr.Const(epsilon)).Rsqrt()))
		if useL2 {
			next = next.Sub(w.Mul(expr.Const(l2)))
		}
		return []expr.Expr{next, v}
	}}
}
