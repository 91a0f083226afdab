package expr

import (
	"math"
	"math/rand/v2"
	"testing"
)

// functions are expressions of two inputs, one for every operation that has a derivative, and inputs
// where they are smooth.
var functions = map[string]struct {
	f    func(x, y Expr) Expr
	a, b float64
}{
	"add":      {func(x, y Expr) Expr { return x.Add(y) }, 0.3, 0.7},
	"sub":      {func(x, y Expr) Expr { return x.Sub(y).Mul(x) }, 0.3, 0.7},
	"mul":      {func(x, y Expr) Expr { return x.Mul(y).Mul(x) }, 0.3, 0.7},
	"div":      {func(x, y Expr) Expr { return x.Div(y) }, 0.3, 0.7},
	"min":      {func(x, y Expr) Expr { return x.Mul(y).Min(y) }, 0.3, 0.7},
	"max":      {func(x, y Expr) Expr { return x.Mul(y).Max(y) }, 1.3, 0.7},
	"pow":      {func(x, y Expr) Expr { return x.Pow(y) }, 0.3, 0.7},
	"pow 5":    {func(x, y Expr) Expr { return x.Pow(Const(5)).Mul(y) }, -0.3, 0.7},
	"pow -3":   {func(x, y Expr) Expr { return x.Pow(Const(-3)).Mul(y) }, -0.8, 0.7},
	"select":   {func(x, y Expr) Expr { return x.Less(y).Select(x.Mul(x), y.Mul(y)) }, 0.3, 0.7},
	"neg":      {func(x, y Expr) Expr { return x.Neg().Mul(y.Neg()).Neg() }, 0.3, 0.7},
	"abs":      {func(x, y Expr) Expr { return x.Abs().Mul(y) }, -0.3, 0.7},
	"floor":    {func(x, y Expr) Expr { return x.Sub(x.Floor()).Mul(y.Ceil()).Mul(x.Sign()) }, 2.3, 0.7},
	"exp":      {func(x, y Expr) Expr { return x.Mul(y).Exp() }, 0.3, 0.7},
	"log":      {func(x, y Expr) Expr { return x.Mul(y).Log() }, 0.3, 0.7},
	"log1p":    {func(x, y Expr) Expr { return x.Mul(y).Log1p() }, 0.3, 0.7},
	"expm1":    {func(x, y Expr) Expr { return x.Mul(y).Expm1() }, 0.3, 0.7},
	"sqrt":     {func(x, y Expr) Expr { return x.Mul(y).Sqrt() }, 0.3, 0.7},
	"rsqrt":    {func(x, y Expr) Expr { return x.Mul(y).Rsqrt() }, 0.3, 0.7},
	"erf":      {func(x, y Expr) Expr { return x.Mul(y).Erf() }, 0.3, 0.7},
	"tanh":     {func(x, y Expr) Expr { return x.Mul(y).Tanh() }, 0.3, 0.7},
	"sigmoid":  {func(x, y Expr) Expr { return x.Mul(y).Sigmoid() }, 0.3, 0.7},
	"softplus": {func(x, y Expr) Expr { return x.Mul(y).Softplus() }, 0.3, 0.7},
	"sin":      {func(x, y Expr) Expr { return x.Mul(y).Sin() }, 0.3, 0.7},
	"cos":      {func(x, y Expr) Expr { return x.Mul(y).Cos() }, 0.3, 0.7},
	"shared":   {func(x, y Expr) Expr { s := x.Mul(y).Tanh(); return s.Mul(s).Add(s.Exp()) }, 0.3, 0.7},
}

func value(t *testing.T, e Expr, in ...float64) float64 {
	t.Helper()
	ev, err := exact(e).Evaluator()
	if err != nil {
		t.Fatal(err)
	}
	out := make([]float64, 1)
	ev.Eval(out, in)
	return out[0]
}

// exact compiles e; its constants must be of float32 for a comparison with differences.
func exact(e Expr) Code { return Compile(e) }

// First, second and third derivatives are those that differences give.
func TestGradientAgainstDifferences(t *testing.T) {
	for name, c := range functions {
		x, y := Input(0), Input(1)
		e := c.f(x, y)
		for order := 1; order <= 3; order++ {
			for i, d := range Gradient(e, 2) {
				// Input 2 is e itself.
				d := d.Replace(func(input int) Expr {
					if input == 2 {
						return e
					}
					return Input(input)
				})
				const h = 1e-5
				low, high := []float64{c.a, c.b}, []float64{c.a, c.b}
				low[i], high[i] = low[i]-h, high[i]+h
				want := (value(t, e, high...) - value(t, e, low...)) / (2 * h)
				got := value(t, d, c.a, c.b)
				// Constants are rounded to float32.
				if diff := math.Abs(got - want); !(diff <= 1e-6*math.Max(1, math.Abs(want))) {
					t.Errorf("%s, derivative %d by input %d: %v, differences give %v", name, order, i, got, want)
				}
			}
			d := Gradient(e, 2)[0].Add(Gradient(e, 2)[1])
			previous := e
			e = d.Replace(func(input int) Expr {
				if input == 2 {
					return previous
				}
				return Input(input)
			})
		}
	}
}

// Where both the condition's sides are computed, the one that is not chosen does not count.
func TestSelectIgnoresTheOtherSide(t *testing.T) {
	x := Input(0)
	e := Const(0).Less(x).Select(x.Log(), Const(0))
	if got := value(t, e, -1); got != 0 {
		t.Errorf("log where x > 0 of -1 is %v", got)
	}
	if got := value(t, Gradient(e, 1)[0], -1); got != 0 {
		t.Errorf("its derivative is %v", got)
	}
}

// A code gives back its expressions, and is the same for the same expressions.
func TestCodeRoundTrip(t *testing.T) {
	for name, c := range functions {
		e := c.f(Input(0), Input(1))
		code := Compile(e, e.Mul(e))
		again, err := code.Exprs()
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if got := Compile(again...); got != code {
			t.Errorf("%s: %s became %s", name, code, got)
		}
		rng := rand.New(rand.NewPCG(1, 2))
		in := []float64{rng.Float64(), rng.Float64()}
		if got, want := value(t, again[1], in...), value(t, e, in...); got != want*want {
			t.Errorf("%s: %v, want %v", name, got, want*want)
		}
	}
}

// Equal parts are computed once.
func TestCodeSharesParts(t *testing.T) {
	f := func() Expr { return Input(0).Mul(Input(1)).Exp() }
	code := Compile(f().Add(f()), f())
	if want := Code("in 0;in 1;mul 0 1;exp 2;add 3 3 -> 4 3"); code != want {
		t.Errorf("got %s, want %s", code, want)
	}
}

func TestParseRefuses(t *testing.T) {
	for _, c := range []Code{"", "in 0", " -> 0", "in 0 -> 1", "in 0;add 0 1 -> 1", "in -1 -> 0", "in 0;exp 0 0 -> 1", "foo 1 -> 0",
		"const x -> 0", "in 0 -> ", "in 0 ->", "in 0;;in 1 -> 0"} {
		if _, _, err := c.Parse(); err == nil {
			t.Errorf("%q is taken for a code", c)
		}
	}
}
