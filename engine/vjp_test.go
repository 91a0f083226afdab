package engine

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"gangpu/engine/program"
)

// slopeOfNetwork is the gradient of a network's scores with respect to its input x, which it uses
// twice: through all that a discriminator may be made of.
func slopeOfNetwork(b *network) *gorgonia.Node {
	x := b.parameter("x", 2, 4, 4, 1)
	conv := b.must(Conv2D(x, b.parameter("filter", 3, 3, 1, 2), b.parameter("bias", 2), [2]int{2, 2}, program.Same))
	dropped := b.must(Dropout(b.leaky(conv), b.labels("mask", 2, 2, 2, 2)))
	back := b.must(Conv2DTranspose(dropped, b.parameter("filter2", 3, 3, 1, 2), nil, [2]int{2, 2}, program.Same))
	sum := b.must(Add(b.must(Multiply(b.must(Sigmoid(back)), x)), b.must(Scale(x, 0.5))))
	scores := b.must(Dense(b.must(Flatten(sum)), b.parameter("kernel", 16, 3), nil))
	return b.must(VJP(scores, b.parameter("dy", 2, 3), x))
}

// A loss of the gradient has the slope that finite differences of it have, in the network's weights,
// its input, and the vector.
func TestVJPDifferentiatesAgain(t *testing.T) {
	for seed := range uint64(4) {
		b := newNetwork(t, tensor.Float64, seed)
		checkGradients(t, b.smooth(slopeOfNetwork(b)), b.parameters)
	}
}

// The product is the gradient that gorgonia.Grad makes of the sum of y*dy.
func TestVJPIsTheGradient(t *testing.T) {
	b := newNetwork(t, tensor.Float64, 1)
	x := b.parameter("x", 3, 4)
	y := b.dense("dense", b.must(Sigmoid(b.must(Multiply(x, x)))), 2)
	got := b.must(VJP(b.bce(y, "t"), b.g.AddNode(gorgonia.NewConstant(1.0)), x))
	other := newNetwork(t, tensor.Float64, 1)
	x = other.parameter("x", 3, 4)
	y = other.dense("dense", other.must(Sigmoid(other.must(Multiply(x, x)))), 2)
	want, err := gorgonia.Grad(other.bce(y, "t"), x)
	if err != nil {
		t.Fatal(err)
	}
	values := [2][]float64{}
	for i, n := range []*gorgonia.Node{got, want[0]} {
		var v gorgonia.Value
		gorgonia.Read(n, &v)
		machine := gorgonia.NewTapeMachine(n.Graph())
		if err := machine.RunAll(); err != nil {
			t.Fatal(err)
		}
		machine.Close()
		values[i] = v.Data().([]float64)
	}
	for i, w := range values[1] {
		if d := values[0][i] - w; d > 1e-15 || d < -1e-15 || w == 0 {
			t.Errorf("element %d is %v, want %v", i, values[0][i], w)
		}
	}
}

func TestVJPErrors(t *testing.T) {
	b := newNetwork(t, tensor.Float32, 1)
	x, other, y := b.input("x", 2, 3), b.input("other", 2, 3), b.input("y", 2, 3)
	sum := b.must(Scale(x, 2))
	for want, c := range map[string][3]*gorgonia.Node{
		"x is nil":           {sum, y, nil},
		"the shapes differ":  {sum, b.input("dy", 3), x},
		"does not depend on": {sum, y, other},
		"has no gradient":    {b.must(apply(program.LeakyReLUGrad{N: 6}, x.Shape(), label{}, pullback{}, x, y)), y, x},
	} {
		if _, err := VJP(c[0], c[1], c[2]); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
}

// Grad gives what gorgonia.Grad does, and may be asked twice over the same nodes.
func TestGradEqualsGorgonias(t *testing.T) {
	eachNetwork(t, tensor.Float64, 2, func(t *testing.T, b *network, loss *gorgonia.Node, wrt, grads gorgonia.Nodes) {
		forward, err := liveNodes(places(loss))
		if err != nil {
			t.Fatal(err)
		}
		if slices.ContainsFunc(forward, isStock) {
			t.Skip("with operations of Gorgonia's own")
		}
		want := tape[float64](t, grads...)
		for range 2 {
			own, err := Grad(loss, wrt...)
			if err != nil {
				t.Fatal(err)
			}
			for i, got := range tape[float64](t, own...) {
				for j, v := range got {
					if math.Abs(v-want[i][j]) > 1e-12 {
						t.Fatalf("the gradient of %s at %d is %v, want %v", wrt[i].Name(), j, v, want[i][j])
					}
				}
			}
		}
	})
}

// isStock reports whether a node is an operation of Gorgonia's own.
func isStock(n *gorgonia.Node) bool {
	if _, ours := n.Op().(*operation); ours || n.IsVar() || isConstant(n) {
		return false
	}
	return true
}

// BenchmarkLargeGraph builds, differentiates and compiles a graph of some 15,000 nodes.
func BenchmarkLargeGraph(b *testing.B) {
	for range b.N {
		n := newNetwork(b, tensor.Float32, 1)
		x := n.input("x", 4, 8)
		for i := range 1200 {
			h := n.must(LeakyReLU(n.dense(fmt.Sprint("layer ", i), x, 8), 0.2))
			h = n.must(Multiply(n.must(Tanh(h)), x))
			x = n.must(Add(x, n.must(Scale(h, 0.1))))
		}
		loss := n.must(Sum(n.must(Multiply(x, x))))
		gradients, err := Grad(loss, n.parameters...)
		if err != nil {
			b.Fatal(err)
		}
		p, err := Compile("large", places(gradients...))
		if err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(float64(len(n.g.AllNodes())), "nodes")
		b.ReportMetric(float64(len(p.Steps)), "steps")
	}
}
