package expr

import (
	"math"
	"math/rand/v2"
	"runtime"
	"sync"
	"testing"
)

// fma32 is a*b+c, rounded once: the product is exact in float64, and the sum is rounded to odd there, so
// that rounding it again to float32 does no harm (Boldo and Melquiond, 2008).
func fma32(a, b, c float32) float32 {
	p := float64(a) * float64(b)
	s := p + float64(c)
	v := s - p
	lost := (p - (s - v)) + (float64(c) - v)
	if bits := math.Float64bits(s); lost != 0 && bits&1 == 0 && !math.IsInf(s, 0) && lost == lost {
		if (lost > 0) == (s > 0) {
			s = math.Float64frombits(bits + 1)
		} else {
			s = math.Float64frombits(bits - 1)
		}
	}
	return float32(s)
}

// run32 runs lowered code in float32, as devices do.
func run32(instructions []Instr, v []float32, in ...float32) {
	for i, n := range instructions {
		var a, b, c float32
		switch n.Op.Arity() {
		case 3:
			c = v[n.C]
			fallthrough
		case 2:
			b = v[n.B]
			fallthrough
		case 1:
			a = v[n.A]
		}
		switch n.Op {
		case OpInput:
			v[i] = in[n.Index]
		case OpConst:
			v[i] = n.Value
		case OpFMA:
			v[i] = fma32(a, b, c)
		default: // rounded once, from float64 or exact
			v[i] = float32(compute(n.Op, float64(a), float64(b), float64(c)))
		}
	}
}

// ulps is the distance of got from want, in units of float32 at want.
func ulps(got float32, want float64) float64 {
	if math.IsNaN(want) || got != got {
		if math.IsNaN(want) && got != got {
			return 0
		}
		return math.Inf(1)
	}
	if float64(got) == want || float32(want) == got {
		return 0
	}
	if math.IsInf(want, 0) || math.IsInf(float64(got), 0) {
		return math.Inf(1)
	}
	_, e := math.Frexp(want)
	unit := math.Ldexp(1, max(e-24, -149))
	return math.Abs(float64(got)-want) / unit
}

func lowerOne(t testing.TB, e Expr) []Instr {
	t.Helper()
	code, err := Compile(e).Lower()
	if err != nil {
		t.Fatal(err)
	}
	instructions, results, err := code.Parse()
	if err != nil {
		t.Fatal(err)
	}
	if results[0] != len(instructions)-1 {
		t.Fatalf("the result of %s is not its last instruction", code)
	}
	return instructions
}

// The functions of one operand are right to 2 ulp, on floats of all sizes, infinities and NaN.
func TestFunctionsInUlps(t *testing.T) {
	const step = 4099 // engine/cpu tries all floats
	for _, op := range []Op{OpExp, OpExpm1, OpLog, OpLog1p, OpRsqrt, OpTanh, OpSigmoid, OpSoftplus, OpErf, OpSin, OpCos, OpSign} {
		instructions := lowerOne(t, apply(op, Input(0)))
		var mu sync.Mutex
		worst, at := 0.0, float32(0)
		var wg sync.WaitGroup
		workers := uint64(runtime.GOMAXPROCS(0))
		for w := range workers {
			wg.Go(func() {
				v := make([]float32, len(instructions))
				myWorst, myAt := 0.0, float32(0)
				for b := w * step; b < 1<<32; b += workers * step {
					x := math.Float32frombits(uint32(b))
					run32(instructions, v, x)
					if u := ulps(v[len(v)-1], compute(op, float64(x), 0, 0)); u > myWorst {
						myWorst, myAt = u, x
					}
				}
				mu.Lock()
				defer mu.Unlock()
				if myWorst > worst {
					worst, at = myWorst, myAt
				}
			})
		}
		wg.Wait()
		t.Logf("%s: %.2f ulp at %v, %d instructions", op, worst, at, len(instructions))
		if worst > 2 {
			run := make([]float32, len(instructions))
			run32(instructions, run, at)
			t.Errorf("%s of %v is %v, want %v: %.1f ulp", op, at, run[len(run)-1], compute(op, float64(at), 0, 0), worst)
		}
	}
}

// Powers are right to 3 ulp, where they neither overflow nor vanish and at the special operands of C99.
func TestPowInUlps(t *testing.T) {
	instructions := lowerOne(t, Input(0).Pow(Input(1)))
	v := make([]float32, len(instructions))
	rng := rand.New(rand.NewPCG(1, 2))
	special := []float32{0, 1, -1, 2, -2, 0.5, -0.5, 3, -3, float32(math.Inf(1)), float32(math.Inf(-1)), float32(math.NaN()), 1e-45, 1e38, -1e38, 1.0000001, 0.9999999}
	worst := 0.0
	try := func(a, b float32) {
		run32(instructions, v, a, b)
		got, want := v[len(v)-1], math.Pow(float64(a), float64(b))
		u := ulps(got, want)
		worst = max(worst, u)
		if u > 3 {
			t.Errorf("%v to the power of %v is %v, want %v: %.1f ulp", a, b, got, want, u)
		}
	}
	for _, a := range special {
		for _, b := range special {
			if math.Signbit(float64(a)) && a == 0 {
				continue
			}
			try(a, b)
		}
	}
	for range 200_000 {
		a := math.Float32frombits(rng.Uint32N(0x7f800000))
		if rng.IntN(2) == 0 {
			a = float32(rng.Float64() * 2)
		}
		limit := 87 / math.Abs(math.Log(float64(a)))
		b := float32((2*rng.Float64() - 1) * min(limit, 1e30))
		try(a, b)
		if t.Failed() {
			return
		}
	}
	t.Logf("pow: %.2f ulp, %d instructions", worst, len(instructions))
}

// A product that is of use in one sum alone is rounded with it, and others by themselves.
func TestLowerRoundsProductsWithSums(t *testing.T) {
	x, y, z := Input(0), Input(1), Input(2)
	product := x.Mul(y)
	for want, results := range map[Code][]Expr{
		"in 0;in 1;in 2;fma 0 1 2 -> 3":               {product.Add(z)},
		"in 0;in 1;mul 0 0;fma 0 1 2 -> 3":            {product.Add(x.Mul(x))},
		"in 0;in 1;mul 0 1;in 2;add 2 3 -> 4 2":       {product.Add(z), product},
		"in 2;in 0;in 1;mul 1 2;add 0 3;mul 4 3 -> 5": {z.Add(product).Mul(product)},
	} {
		got, err := Compile(results...).Lower()
		if err != nil || got != want {
			t.Errorf("%s became %s (%v), want %s", Compile(results...), got, err, want)
		}
	}
}
