package program

import (
	"errors"
	"fmt"
	"slices"

	"gangpu/engine/expr"
)

var _ = known(Map{}, Reduce{Kind: Sum}, Reduce{Kind: Maximum}, Reduce{Kind: Moments})

// Map computes an expression at each point of an iteration:
//
//	for each point p of Shape, number n in row-major order:
//	    y_k[n] = Code_k(x_0[In_0(p)], x_1[In_1(p)], ...)   for each result k of the code
//
// Where an index leads outside its bounds, the operand is 0. Arguments: x_i [Len_i], y_k [points of
// Shape] written. A result may be written over an operand that every point reads at its own number.
type Map struct {
	Shape []int
	In    []Source
	Code  expr.Code
}

// NewMap is the map of f over the points of a shape, of operands of the given shapes, which are broadcast to it:
// each has the shape's dimensions, or 1 in their place.
func NewMap(shape []int, f func(x ...expr.Expr) expr.Expr, operands ...[]int) Map {
	o := Map{Shape: slices.Clone(shape), Code: expr.Compile(f(expr.Inputs(len(operands))...))}
	for _, of := range operands {
		o.In = append(o.In, Source{points(of), Broadcast(shape, of)})
	}
	return o
}

// NewMean is the mean of f over two arrays of n elements.
func NewMean(n int, f func(x ...expr.Expr) expr.Expr) Reduce {
	x := Source{n, Dense([]int{n})}
	each := f(expr.Inputs(2)...).Mul(expr.Const(1 / float64(n)))
	return Reduce{Kind: Sum, Reduced: []int{n}, In: []Source{x, x}, Code: expr.Compile(each)}
}

// Source is an operand of a map or a reduction: an array of Len elements and which of them each point
// reads.
type Source struct {
	Len int
	Index
}

func (Map) Name() string      { return "map" }
func (Map) Elementwise() bool { return false }

// MayOverwrite reports whether a result may be written over operand i.
func (o Map) MayOverwrite(i int) bool {
	if i >= len(o.In) || o.In[i].Len != points(o.Shape) {
		return false
	}
	w := o.In[i].Walk(o.Shape)
	return w.Base == 0 && w.IsDense(o.Shape)
}

func (o Map) Validate() error {
	results, err := validateSources(o.Shape, o.In, o.Code)
	if err != nil {
		return err
	}
	return positive("results", results)
}

func (o Map) Operands() []Operand {
	return sourceOperands(o.In, o.Code, points(o.Shape))
}

// ReduceKind is how Reduce combines the values of an expression.
type ReduceKind uint8

const (
	// Sum adds them. Each result of the code has its own sum.
	Sum ReduceKind = iota
	// Maximum is the largest of them; NaN if one of them is.
	Maximum
	// Moments are two results of one expression v over n values: the mean, and the sum of squared
	// deviations from it, M2 = sum of (v-mean)^2. A device either adds values and squares in float64, or
	// merges parts by Chan, Golub and LeVeque (1979):
	//	d = mean_b - mean_a,  mean = mean_a + d*n_b/n,  M2 = M2_a + M2_b + d^2*n_a*n_b/n
	Moments
)

func (k ReduceKind) String() string {
	if k <= Moments {
		return []string{"sum", "maximum", "moments"}[k]
	}
	return fmt.Sprintf("ReduceKind(%d)", uint8(k))
}

// Reduce combines the values of an expression over some dimensions of an iteration:
//
//	for each point p of Kept, number n in row-major order:
//	    y_k[n] = Kind over the points r of Reduced of Code_k(x_0[In_0(p,r)], x_1[In_1(p,r)], ...)
//
// The indices are of the iteration (Kept..., Reduced...). The order in which a device combines the
// values depends on the shapes alone. Arguments: x_i [Len_i], y_k [points of Kept] written, one for
// each result of the code, or mean and M2 for Moments.
type Reduce struct {
	Kind          ReduceKind
	Kept, Reduced []int
	In            []Source
	Code          expr.Code
}

func (o Reduce) Name() string    { return o.Kind.String() }
func (Reduce) Elementwise() bool { return false }

// Shape is that of the whole iteration.
func (o Reduce) Shape() []int { return append(append([]int{}, o.Kept...), o.Reduced...) }

func (o Reduce) Validate() error {
	if o.Kind > Moments {
		return fmt.Errorf("unknown kind of reduction %d", o.Kind)
	}
	results, err := validateSources(o.Shape(), o.In, o.Code)
	if err == nil && o.Kind != Sum && results != 1 {
		return fmt.Errorf("%v of %d expressions, want one", o.Kind, results)
	}
	return err
}

func (o Reduce) Operands() []Operand {
	n := points(o.Kept)
	if o.Kind != Moments {
		return sourceOperands(o.In, o.Code, n)
	}
	all := sourceOperands(o.In, o.Code, n)
	return append(all[:len(o.In)], f32("mean", n, Write), f32("m2", n, Write))
}

func points(shape []int) int {
	n := 1
	for _, d := range shape {
		n *= d
	}
	return n
}

func sourceOperands(in []Source, code expr.Code, n int) []Operand {
	var all []Operand
	for i, s := range in {
		all = append(all, f32(fmt.Sprintf("x%d", i), s.Len, Read))
	}
	_, results, _ := code.Parse() // Validate reports the error
	for k := range results {
		all = append(all, f32(fmt.Sprintf("y%d", k), n, Write))
	}
	return all
}

// validateSources checks the operands of a map or reduction and returns its code's number of results.
func validateSources(shape []int, in []Source, code expr.Code) (results int, err error) {
	var errs []error
	for d, n := range shape {
		errs = append(errs, positive(fmt.Sprintf("dimension %d", d), n))
	}
	for i, s := range in {
		if err := s.Validate(len(shape), s.Len); err != nil {
			errs = append(errs, fmt.Errorf("operand x%d: %w", i, err))
		}
	}
	instructions, out, err := code.Parse()
	errs = append(errs, err)
	for _, c := range instructions {
		if c.Op == expr.OpInput && c.Index >= len(in) {
			errs = append(errs, fmt.Errorf("the expression reads operand x%d of %d", c.Index, len(in)))
		}
	}
	return len(out), errors.Join(errs...)
}
