package program

import (
	"math/rand/v2"
	"slices"
	"testing"
)

// drawIndex makes an index of an iteration by random moves of an array: slices, padding, dilation, flips,
// transposes, broadcasts.
func drawIndex(rng *rand.Rand, shape []int) (x Index, n int) {
	n = 1
	order := rng.Perm(len(shape))
	for _, d := range order {
		a := Axis{Size: 1 + rng.IntN(5), Stride: n, Offset: rng.IntN(7) - 3, Coef: make([]int, len(shape)), Div: 1 + rng.IntN(2)*rng.IntN(3)}
		a.Coef[d] = rng.IntN(5) - 2
		if rng.IntN(4) == 0 {
			a.Coef[rng.IntN(len(shape))] = 1
		}
		n *= a.Size
		x.Axes = append(x.Axes, a)
	}
	x.Base = rng.IntN(3)
	return x, n + x.Base
}

func each(shape []int, f func(number int, p []int)) {
	p := make([]int, len(shape))
	for n := range points(shape) {
		rest := n
		for d := len(shape) - 1; d >= 0; d-- {
			p[d] = rest % shape[d]
			rest /= shape[d]
		}
		f(n, p)
	}
}

// A walk, and an index in a simplified or refined iteration, read the elements that the index reads.
func TestIndexFormsAgree(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	for range 300 {
		shape := make([]int, 1+rng.IntN(4))
		for d := range shape {
			shape[d] = 1 + rng.IntN(4)
		}
		x, n := drawIndex(rng, shape)
		if err := x.Validate(len(shape), n); err != nil {
			t.Fatal(err)
		}
		type read struct {
			element int
			inside  bool
		}
		var want []read
		w := x.Walk(shape)
		each(shape, func(_ int, p []int) {
			e, ok := x.At(p)
			want = append(want, read{e, ok})
			if ok && (e < 0 || e >= n) {
				t.Fatalf("%v at %v reads element %d of %d", x, p, e, n)
			}
			we, wok := w.Base, true
			for d, s := range w.Stride {
				we += s * p[d]
			}
			for _, g := range w.Guards {
				v := g.Offset
				for d, c := range g.Coef {
					v += c * p[d]
				}
				wok = wok && v >= 0 && v < g.Limit && v%g.Div == 0
				if g.Div > 1 && wok {
					we += g.Stride * (v / g.Div)
				}
			}
			if wok != ok || ok && we != e {
				t.Fatalf("%v, walk %+v, at %v: %d %v, want %d %v", x, w, p, we, wok, e, ok)
			}
		})
		dense := Dense(shape)
		simple, in := Simplify(shape, []Index{x, dense})
		if len(simple) > len(shape) || points(simple) != points(shape) {
			t.Fatalf("%v became %v", shape, simple)
		}
		refined, d := x, rng.IntN(len(shape))
		sizes := []int{shape[d], 1}
		if shape[d] == 4 {
			sizes = []int{2, 2}
		}
		refined = refined.Refine(d, sizes)
		fine := slices.Concat(shape[:d], sizes, shape[d+1:])
		for what, c := range map[string]struct {
			shape []int
			x     Index
		}{"simplified": {simple, in[0]}, "refined": {fine, refined}} {
			if err := c.x.Validate(len(c.shape), n); err != nil {
				t.Fatalf("%s: %v", what, err)
			}
			each(c.shape, func(number int, p []int) {
				if e, ok := c.x.At(p); ok != want[number].inside || ok && e != want[number].element {
					t.Fatalf("%s: %v of %v, point %d of %v: %d %v, want %v", what, x, shape, number, c.shape, e, ok, want[number])
				}
			})
		}
		each(simple, func(number int, p []int) {
			if e, ok := in[1].At(p); !ok || e != number {
				t.Fatalf("a dense array of %v in %v: point %d reads %d", shape, simple, number, e)
			}
		})
	}
}

func TestSimplifyMergesWhatIsDense(t *testing.T) {
	shape := []int{2, 3, 1, 4}
	got, in := Simplify(shape, []Index{Dense(shape), Broadcast(shape, []int{2, 1, 1, 1})})
	if !slices.Equal(got, []int{2, 12}) {
		t.Errorf("%v and a row's number: %v, want [2 12]", shape, got)
	}
	if w := in[0].Walk(got); !w.IsDense(got) {
		t.Errorf("the dense array is walked as %+v", w)
	}
	if got, _ := Simplify(shape, []Index{Dense(shape)}); !slices.Equal(got, []int{24}) {
		t.Errorf("%v alone: %v, want [24]", shape, got)
	}
}
