package cpu

import (
	"fmt"
	"testing"
	"time"

	"gangpu/engine/expr"
	"gangpu/engine/program"
)

// BenchmarkMaps prints how long expressions take on arrays that no cache holds, beside copies of one array: by the
// device, and by copy. All take turns, and the fastest run counts. In a cache, arrays are of 4,096 elements, and one
// thread computes.
func BenchmarkMaps(b *testing.B) {
	cases := []struct {
		name     string
		operands int
		f        func(x ...expr.Expr) expr.Expr
	}{
		{"copy", 1, func(x ...expr.Expr) expr.Expr { return x[0] }},
		{"a + b", 2, func(x ...expr.Expr) expr.Expr { return x[0].Add(x[1]) }},
		{"eight simple", 1, func(x ...expr.Expr) expr.Expr {
			y := x[0].Mul(expr.Const(1.5)).Add(expr.Const(2)).Max(expr.Const(0.1)).Min(expr.Const(9)).Sub(expr.Const(3))
			return expr.Const(0.5).Less(y).Select(y.Mul(x[0]), y)
		}},
		{"two exp", 1, func(x ...expr.Expr) expr.Expr { return x[0].Exp().Neg().Exp() }},
		{"two tanh", 1, func(x ...expr.Expr) expr.Expr { return x[0].Tanh().Tanh() }},
		{"exp, log", 1, func(x ...expr.Expr) expr.Expr { return x[0].Exp().Log() }},
		{"div", 2, func(x ...expr.Expr) expr.Expr { return x[0].Div(x[1]) }},
		{"sqrt", 1, func(x ...expr.Expr) expr.Expr { return x[0].Sqrt() }},
		{"rsqrt", 1, func(x ...expr.Expr) expr.Expr { return x[0].Rsqrt() }},
		{"exp", 1, func(x ...expr.Expr) expr.Expr { return x[0].Exp() }},
		{"expm1", 1, func(x ...expr.Expr) expr.Expr { return x[0].Expm1() }},
		{"log", 1, func(x ...expr.Expr) expr.Expr { return x[0].Log() }},
		{"log1p", 1, func(x ...expr.Expr) expr.Expr { return x[0].Log1p() }},
		{"tanh", 1, func(x ...expr.Expr) expr.Expr { return x[0].Tanh() }},
		{"sigmoid", 1, func(x ...expr.Expr) expr.Expr { return x[0].Sigmoid() }},
		{"softplus", 1, func(x ...expr.Expr) expr.Expr { return x[0].Softplus() }},
		{"erf", 1, func(x ...expr.Expr) expr.Expr { return x[0].Erf() }},
		{"sin", 1, func(x ...expr.Expr) expr.Expr { return x[0].Sin() }},
		{"pow", 1, func(x ...expr.Expr) expr.Expr { return x[0].Pow(expr.Const(0.3)) }},
	}
	type run struct {
		run  func()
		best time.Duration
	}
	measure := func(rounds int, runs []run) {
		for i := range runs {
			runs[i].best = time.Hour
		}
		for range rounds {
			for i := range runs {
				start := time.Now()
				runs[i].run()
				runs[i].best = min(runs[i].best, time.Since(start))
			}
		}
	}
	for _, size := range []struct{ n, rounds, threads int }{{1 << 26, 9, 0}, {1 << 12, 5000, 1}} {
		dev := openDevice(b, size.threads)
		from, to := alignedFloats(size.n), alignedFloats(size.n)
		for i := range from {
			from[i], to[i] = 1, 1
		}
		copies := kernel{blocks(size.n, mapTask, func(first, end, _ int) { copy(to[first:end], from[first:end]) })}
		for _, c := range cases {
			var of [][]int
			for range c.operands {
				of = append(of, []int{size.n})
			}
			e := loaded(b, dev, program.NewMap([]int{size.n}, c.f, of...))
			runs := []run{{run: func() { dev.pool.run(copies) }}, {run: func() {
				if err := e.Run(); err != nil {
					b.Fatal(err)
				}
			}}}
			measure(size.rounds, runs)
			e.Close()
			each := func(d time.Duration) float64 { return float64(d.Nanoseconds()) / float64(size.n) }
			fmt.Printf("%-14s %9d elements, %d threads: %6.3f ns an element, copy %.3f, ratio %.2f\n", c.name, size.n,
				dev.pool.threads, each(runs[1].best), each(runs[0].best), each(runs[1].best)/each(runs[0].best))
		}
	}
}
