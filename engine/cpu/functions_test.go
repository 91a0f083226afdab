package cpu

import (
	"flag"
	"math"
	"runtime"
	"sync"
	"testing"

	"gangpu/engine/expr"
	"gangpu/engine/program"
)

var allFloats = flag.Bool("all-floats", false, "try functions on all floats, not on every 4,099th (a quarter of an hour)")

// functions are those of one operand, with their values in float64.
var functions = map[string]struct {
	f     func(x expr.Expr) expr.Expr
	value func(x float64) float64
}{
	"exp":   {expr.Expr.Exp, math.Exp},
	"expm1": {expr.Expr.Expm1, math.Expm1},
	"log":   {expr.Expr.Log, math.Log},
	"log1p": {expr.Expr.Log1p, math.Log1p},
	"sqrt":  {expr.Expr.Sqrt, math.Sqrt},
	"rsqrt": {expr.Expr.Rsqrt, func(x float64) float64 { return 1 / math.Sqrt(x) }},
	"erf":   {expr.Expr.Erf, math.Erf},
	"tanh":  {expr.Expr.Tanh, math.Tanh},
	"sigmoid": {expr.Expr.Sigmoid, func(x float64) float64 {
		if x < 0 {
			return math.Exp(x) / (1 + math.Exp(x))
		}
		return 1 / (1 + math.Exp(-x))
	}},
	"softplus": {expr.Expr.Softplus, func(x float64) float64 { return math.Max(x, 0) + math.Log1p(math.Exp(-math.Abs(x))) }},
	"sin":      {expr.Expr.Sin, math.Sin},
	"cos":      {expr.Expr.Cos, math.Cos},
}

// The device's functions are right to 2 ulp on floats of all sizes, infinities and NaN.
func TestFunctionsInUlps(t *testing.T) {
	step := uint64(4099)
	if *allFloats {
		step = 1
	}
	const n = 1 << 18
	dev := openDevice(t, 0)
	for name, c := range functions {
		p := &program.Program{Name: name}
		op := program.NewMap([]int{n}, func(x ...expr.Expr) expr.Expr { return c.f(x[0]) }, []int{n})
		if err := p.Append(name, op, program.Arg{Storage: "x"}, program.Arg{Storage: "y"}); err != nil {
			t.Fatal(err)
		}
		bindings, arrays := program.Bindings{}, [][]float32{}
		for _, s := range p.Storages {
			m, err := dev.Alloc(s.Name, s.DType, s.Len)
			if err != nil {
				t.Fatal(err)
			}
			bindings[s.Name], arrays = m, append(arrays, elements[float32](m.(*Memory).bytes))
		}
		e, err := dev.Load(p, bindings)
		if err != nil {
			t.Fatal(err)
		}
		x, y := arrays[0], arrays[1]
		worst, at := 0.0, float32(0)
		var mu sync.Mutex
		for first := uint64(0); first < 1<<32; first += n * step {
			for i := range x {
				x[i] = math.Float32frombits(uint32(first + uint64(i)*step))
			}
			if err := e.Run(); err != nil {
				t.Fatal(err)
			}
			var wg sync.WaitGroup
			workers := runtime.GOMAXPROCS(0)
			for w := range workers {
				wg.Go(func() {
					mine, where := 0.0, float32(0)
					for i := w * n / workers; i < (w+1)*n/workers; i++ {
						if u := ulps(y[i], c.value(float64(x[i]))); u > mine {
							mine, where = u, x[i]
						}
					}
					mu.Lock()
					defer mu.Unlock()
					if mine > worst {
						worst, at = mine, where
					}
				})
			}
			wg.Wait()
		}
		t.Logf("%s: %.2f ulp at %v", name, worst, at)
		if worst > 2 {
			t.Errorf("%s of %v is off by %.1f ulp", name, at, worst)
		}
	}
}

// ulps is the distance of got from want, in units of float32 at want.
func ulps(got float32, want float64) float64 {
	switch {
	case math.IsNaN(want) && got != got, float64(got) == want, float32(want) == got:
		return 0
	case math.IsNaN(want), got != got, math.IsInf(want, 0), math.IsInf(float64(got), 0):
		return math.Inf(1)
	}
	_, e := math.Frexp(want)
	return math.Abs(float64(got)-want) / math.Ldexp(1, max(e-24, -149))
}
