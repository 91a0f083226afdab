package program

import "errors"

// Interpolate goes part of the way between the rows of two arrays:
//
//	y[r,c] = weight[r]*a[r,c] + (1-weight[r])*b[r,c]
//
// Arguments: weight [Rows], a [Rows*Columns], b [Rows*Columns], y [Rows*Columns] written.
type Interpolate struct{ Rows, Columns int }

func (Interpolate) Name() string      { return "interpolate" }
func (Interpolate) Elementwise() bool { return false }

func (o Interpolate) Validate() error {
	return errors.Join(positive("rows", o.Rows), positive("columns", o.Columns))
}

func (o Interpolate) Operands() []Operand {
	n := o.Rows * o.Columns
	return []Operand{f32("weight", o.Rows, Read), f32("a", n, Read), f32("b", n, Read), f32("y", n, Write)}
}

// GradientPenalty is the mean over the rows of g of how far their length is from 1, squared
// (Gulrajani et al., 2017, equation 3):
//
//	penalty = mean over r of (sqrt(sum over c of g[r,c]^2) - 1)^2
//
// Arguments: g [Rows*Columns], penalty [1] written.
type GradientPenalty struct{ Rows, Columns int }

func (GradientPenalty) Name() string      { return "gradient_penalty" }
func (GradientPenalty) Elementwise() bool { return false }

func (o GradientPenalty) Validate() error {
	return errors.Join(positive("rows", o.Rows), positive("columns", o.Columns))
}

func (o GradientPenalty) Operands() []Operand {
	return []Operand{f32("g", o.Rows*o.Columns, Read), f32("penalty", 1, Write)}
}

// GradientPenaltyGrad is the gradient of GradientPenalty with respect to g, times that of what
// follows it: with n[r] the length of row r,
//
//	dg[r,c] = dpenalty * 2/Rows * (n[r]-1)/n[r] * g[r,c]
//
// and 0 in a row of zeros, which has no direction.
// Arguments: g [Rows*Columns], dpenalty [1], dg [Rows*Columns] written.
type GradientPenaltyGrad struct{ Rows, Columns int }

func (GradientPenaltyGrad) Name() string      { return "gradient_penalty_grad" }
func (GradientPenaltyGrad) Elementwise() bool { return false }

func (o GradientPenaltyGrad) Validate() error {
	return errors.Join(positive("rows", o.Rows), positive("columns", o.Columns))
}

func (o GradientPenaltyGrad) Operands() []Operand {
	n := o.Rows * o.Columns
	return []Operand{f32("g", n, Read), f32("dpenalty", 1, Read), f32("dg", n, Write)}
}
