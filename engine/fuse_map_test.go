package engine

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"gangpu/engine/expr"
)

// randomMaps builds a graph of maps, moves and reductions, and a loss of its last values.
func randomMaps(b *network) (loss *gorgonia.Node, wrt gorgonia.Nodes) {
	rng := b.rng
	values := gorgonia.Nodes{b.parameter("x", 2, 4, 3, 2), b.parameter("y", 2, 4, 3, 2), b.parameter("bias", 2), b.parameter("rows", 4, 1, 1)}
	pick := func() *gorgonia.Node { return values[rng.IntN(len(values))] }
	fitting := func(x *gorgonia.Node) *gorgonia.Node {
		var all gorgonia.Nodes
		for _, n := range values {
			if _, err := broadcastShape(gorgonia.Nodes{x, n}); err == nil {
				all = append(all, n)
			}
		}
		return all[rng.IntN(len(all))]
	}
	unary := []func(x ...expr.Expr) expr.Expr{
		func(x ...expr.Expr) expr.Expr { return x[0].Tanh() },
		func(x ...expr.Expr) expr.Expr { return x[0].Sigmoid() },
		func(x ...expr.Expr) expr.Expr { return x[0].Mul(x[0]).Add(expr.Const(1)).Sqrt() },
		func(x ...expr.Expr) expr.Expr { return x[0].Neg().Add(expr.Const(0.5)) },
	}
	binary := []func(x ...expr.Expr) expr.Expr{
		func(x ...expr.Expr) expr.Expr { return x[0].Add(x[1]) },
		func(x ...expr.Expr) expr.Expr { return x[0].Mul(x[1]) },
		func(x ...expr.Expr) expr.Expr { return x[0].Sub(x[1].Mul(expr.Const(0.3))) },
	}
	for range 12 {
		x := pick()
		s := x.Shape()
		var y *gorgonia.Node
		switch rng.IntN(14) {
		case 0, 1, 2:
			y = b.must(Map("unary", unary[rng.IntN(len(unary))], x))
		case 3, 4, 5, 6:
			y = b.must(Map("binary", binary[rng.IntN(len(binary))], x, fitting(x)))
		case 7:
			mean, variance, err := Moments(x, rng.IntN(s.Dims()))
			y = b.must(Map("normalise", func(x ...expr.Expr) expr.Expr { return x[0].Sub(x[1]).Mul(x[2].Add(expr.Const(0.1)).Rsqrt()) },
				x, b.must(mean, err), variance))
		case 8:
			y = b.must(Mean(x, rng.IntN(s.Dims())))
		case 9:
			y = b.must(Transpose(x, rng.Perm(s.Dims())...))
		case 10:
			y = b.must(Pad(x, Padding{rng.IntN(2), rng.IntN(2), rng.IntN(2)}))
		case 11:
			y = b.must(Flip(x, rng.IntN(s.Dims())))
		case 12:
			if s[0] < 2 {
				continue
			}
			y = b.must(Slice(x, Range{First: rng.IntN(2), Step: 1 + rng.IntN(2)}))
		case 13:
			y = b.must(Reshape(x, s.TotalSize()))
			if s.Dims() == 4 {
				y = b.must(Reshape(x, s[0], s[1]*s[2], s[3]))
			}
		}
		if y.Shape().TotalSize() < 2000 {
			values = append(values, y)
		}
	}
	for i, v := range values[len(values)-3:] {
		part := b.must(Sum(b.must(Map("square", func(x ...expr.Expr) expr.Expr { return x[0].Mul(x[0]).Add(x[0].Sin()) }, v))))
		if i == 0 {
			loss = part
		} else {
			loss = b.must(Add(loss, part))
		}
	}
	return loss, b.parameters
}

// mapsOfAll is randomMaps in which all parameters have a part.
func mapsOfAll(t *testing.T, seed uint64) (b *network, loss *gorgonia.Node) {
	for try := uint64(0); ; try++ {
		b := newNetwork(t, tensor.Float32, seed*1000+try)
		loss, wrt := randomMaps(b)
		live, err := liveNodes(places(loss))
		if err != nil {
			t.Fatal(err)
		}
		if !slices.ContainsFunc(wrt, func(n *gorgonia.Node) bool { return !slices.Contains(live, n) }) {
			return b, loss
		}
	}
}

// Fused or not, a program computes what Gorgonia's machine does, but for rounding.
func TestFusedMapsEqualTapeMachine(t *testing.T) {
	steps, fused, both := 0, 0, 0
	for seed := range 150 {
		b, loss := mapsOfAll(t, uint64(seed))
		grads, err := gorgonia.Grad(loss, b.parameters...)
		if err != nil {
			t.Fatal(err)
		}
		nodes := append(gorgonia.Nodes{loss}, grads...)
		want := tape[float32](t, nodes...)
		for _, do := range []passes{{}, allPasses, {fuse: true}, {inPlace: true, reuse: true}} {
			p, err := compile("test", do, places(nodes...), nil)
			if err != nil {
				t.Fatal(err)
			}
			if do == allPasses {
				fused += len(p.Steps)
				for _, op := range stepOps(p) {
					if op == "map_sum" {
						both++
					}
				}
			} else if do == (passes{}) {
				steps += len(p.Steps)
			}
			got := execute(t, p, b)
			for j := range nodes {
				if e := relative(got[fmt.Sprintf("result %d", j)], want[j]); !(e < 1e-4) {
					t.Errorf("seed %d, %+v: result %d, %s, is off by %.1e\n%v\nwant\n%v\n%v", seed, do, j, describe(nodes[j]), e,
						got[fmt.Sprintf("result %d", j)], want[j], p)
					return
				}
			}
		}
	}
	if fused*2 > steps {
		t.Errorf("fusing made %d steps of %d", fused, steps)
	}
	if both < 50 {
		t.Errorf("%d steps are a map and a sum", both)
	}
}

func relative(got, want []float32) float64 {
	var diff, norm float64
	for i := range want {
		d := float64(got[i]) - float64(want[i])
		diff, norm = diff+d*d, norm+float64(want[i])*float64(want[i])
	}
	return math.Sqrt(diff / (norm + 1e-3)) // some gradients cancel to nothing
}

func TestRefinement(t *testing.T) {
	for _, c := range []struct {
		a, b []int
		want bool
	}{
		{[]int{2, 3, 4}, []int{24}, true}, {[]int{6, 4}, []int{2, 3, 2, 2}, true}, {[]int{2, 3}, []int{3, 2}, false},
		{[]int{1, 4, 1}, []int{4}, true}, {nil, []int{1, 1}, true}, {[]int{4, 6}, []int{8, 3}, true}, {[]int{4, 3}, []int{6, 2}, false},
		{[]int{5}, []int{4}, false},
	} {
		ofA, ofB, ok := refinement(c.a, c.b)
		if ok != c.want {
			t.Errorf("%v and %v: %v", c.a, c.b, ok)
		}
		if ok && !slices.Equal(slices.Concat(ofA...), slices.Concat(ofB...)) {
			t.Errorf("%v and %v: %v and %v", c.a, c.b, ofA, ofB)
		}
	}
	rng := rand.New(rand.NewPCG(1, 1))
	for range 1000 {
		a, b := []int{1 + rng.IntN(12), 1 + rng.IntN(12)}, []int{1 + rng.IntN(12), 1 + rng.IntN(12)}
		ofA, ofB, ok := refinement(a, b)
		if !ok {
			continue
		}
		for i := range 2 {
			for _, c := range []struct {
				n     int
				parts []int
			}{{a[i], ofA[i]}, {b[i], ofB[i]}} {
				product := 1
				for _, f := range c.parts {
					product *= f
				}
				if product != c.n {
					t.Fatalf("%v and %v: %d is cut to %v", a, b, c.n, c.parts)
				}
			}
		}
	}
}

// The gradient of a sum reads nothing but a constant.
func TestGradientOfASum(t *testing.T) {
	b := newNetwork(t, tensor.Float32, 1)
	x := b.input("x", 3)
	gradients, err := Grad(b.must(Sum(b.must(Scale(x, 2)))), x)
	if err != nil {
		t.Fatal(err)
	}
	p, err := Compile("test", places(gradients...))
	if err != nil {
		t.Fatal(err)
	}
	if got := execute(t, p, b)["result 0"]; !slices.Equal(got, []float32{2, 2, 2}) {
		t.Errorf("got %v, want all 2", got)
	}
}
