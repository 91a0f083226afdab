package engine

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"gangpu/engine/program"
)

// ramp is 0, 1, 2, ..., but for one element in the middle, which Gorgonia leaves out when it prints a tensor.
func ramp[E float32 | float64](n int, middle E) *tensor.Dense {
	data := make([]E, n)
	for i := range data {
		data[i] = E(i)
	}
	data[n/2] = middle
	return tensor.New(tensor.WithShape(n), tensor.WithBacking(data))
}

// Constants whose elements differ are what they are, in programs and on Gorgonia's machine, beside others that are
// printed alike, also as outputs, and when their tensor is changed afterwards.
func TestConstantsThatDiffer(t *testing.T) {
	b := newNetwork(t, tensor.Float32, 1)
	x := b.parameter("x", 100)
	first, second := ramp[float32](100, 7), ramp[float32](100, 8)
	if a, b := fmt.Sprint(first), fmt.Sprint(second); a != b {
		t.Fatalf("these are not printed alike: %s and %s", a, b)
	}
	y := b.must(Multiply(x, gorgonia.NewConstant(first)))
	z := b.must(Multiply(x, gorgonia.NewConstant(second)))
	c := b.must(Constant(b.g, first))
	same := b.must(Constant(b.g, ramp[float32](100, 7)))
	if c != same {
		t.Error("two constants of the same elements are two nodes")
	}
	loss := b.must(Sum(b.must(Multiply(b.must(Add(y, z)), c))))
	dxs, err := gorgonia.Grad(loss, x)
	if err != nil {
		t.Fatal(err)
	}
	dx := dxs[0]
	nodes := gorgonia.Nodes{y, z, loss, dx, c}
	want := tape[float32](t, nodes[:4]...)
	want = append(want, first.Clone().(*tensor.Dense).Data().([]float32))
	first.Data().([]float32)[3] = 1e6
	xs := x.Value().Data().([]float32)
	for i, k := range map[int]float32{50: 7, 3: 3} {
		if want[0][i] != xs[i]*k {
			t.Errorf("element %d of the product is %v, want %v", i, want[0][i], xs[i]*k)
		}
	}
	if want[1][50] != xs[50]*8 {
		t.Errorf("the other product is %v, want %v", want[1][50], xs[50]*8)
	}
	for _, do := range []passes{{}, allPasses} {
		p, err := compile("test", do, places(nodes...), nil)
		if err != nil {
			t.Fatal(err)
		}
		got := execute(t, p, b)
		for i := range nodes {
			if e := relative(got[fmt.Sprintf("result %d", i)], want[i]); !(e < 1e-6) {
				t.Errorf("%+v: result %d is off by %v", do, i, e)
			}
		}
	}
	grads, err := Grad(loss, x)
	if err != nil {
		t.Fatal(err)
	}
	p, err := Compile("test", places(grads[0]))
	if err != nil {
		t.Fatal(err)
	}
	if e := relative(execute(t, p, b)["result 0"], want[3]); !(e < 1e-6) {
		t.Errorf("the gradient by Grad is off by %v", e)
	}
}

// Two of one value on different shapes are printed alike, too.
func TestConstantsOfManyShapes(t *testing.T) {
	b := newNetwork(t, tensor.Float32, 1)
	for n := 100; n < 103; n++ {
		c := b.must(Constant(b.g, tensor.Ones(tensor.Float32, n)))
		if got := c.Shape().TotalSize(); got != n {
			t.Errorf("a constant of %d elements has %d", n, got)
		}
		if v, ok := constantValue(c); !ok || v != 1 {
			t.Errorf("its elements are %v, %v", v, ok)
		}
	}
	zero, negative := b.must(Constant(b.g, gorgonia.NewF32(0))), b.must(Constant(b.g, gorgonia.NewF32(float32(math.Copysign(0, -1)))))
	if zero == negative {
		t.Error("0 is -0")
	}
}

// Programs that are joined keep their constants, whatever these are called.
func TestJoinedConstants(t *testing.T) {
	b := newNetwork(t, tensor.Float32, 1)
	x := b.input("x", 5)
	var programs []*program.Program
	for i, middle := range []float32{-1, -2} {
		y := b.must(Multiply(x, gorgonia.NewConstant(ramp[float32](5, middle))))
		p, err := Compile("test", []Place{{y, program.Arg{Storage: fmt.Sprintf("result %d", i)}}})
		if err != nil {
			t.Fatal(err)
		}
		programs = append(programs, p)
	}
	p, err := program.Join("both", programs...)
	if err != nil {
		t.Fatal(err)
	}
	got, xs := execute(t, p, b), x.Value().Data().([]float32)
	for i, middle := range []float32{-1, -2} {
		want := []float32{0, xs[1], middle * xs[2], 3 * xs[3], 4 * xs[4]}
		if y := got[fmt.Sprintf("result %d", i)]; !slices.Equal(y, want) {
			t.Errorf("result %d is %v, want %v", i, y, want)
		}
	}
}

func TestConstantErrors(t *testing.T) {
	g := gorgonia.NewGraph()
	large := tensor.New(tensor.Of(tensor.Float32), tensor.WithShape(MaxConstant+1))
	for name, v := range map[string]gorgonia.Value{
		"no value": nil, "integers": tensor.New(tensor.WithShape(2), tensor.WithBacking([]int{1, 2})), "too large": large,
	} {
		if _, err := Constant(g, v); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	if _, err := Constant(nil, gorgonia.NewF32(1)); err == nil {
		t.Error("without a graph: no error")
	}
}
