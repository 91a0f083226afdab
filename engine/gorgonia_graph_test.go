package engine

import (
	"math"
	"strings"
	"testing"

	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// Two costs of one graph are refused, unless the VM is asked for each.
func TestGorgoniaSeveralCosts(t *testing.T) {
	build := func() (s *stock, w *gorgonia.Node, costs gorgonia.Nodes) {
		s = newStock(t, tensor.Float32)
		w = s.x(3)
		costs = gorgonia.Nodes{s.must(gorgonia.Sum(s.must(gorgonia.Tanh(w)))), s.must(gorgonia.Sum(s.must(gorgonia.Exp(w))))}
		return s, w, costs
	}
	s, w, costs := build()
	for _, c := range costs {
		if _, err := gorgonia.Grad(c, w); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := NewVM(s.g, &referenceDevice{}); err == nil || !strings.Contains(err.Error(), "WithGradients") || !strings.Contains(err.Error(), "x0") {
		t.Errorf("error %v does not name x0 and WithGradients", err)
	}
	s, w, costs = build()
	v := s.x(3)
	costs[1] = s.must(gorgonia.Sum(s.must(gorgonia.HadamardProd(s.must(gorgonia.Exp(w)), v))))
	vm, err := NewVM(s.g, &referenceDevice{}, WithGradients(costs[0], w), WithGradients(costs[1], v))
	if err != nil {
		t.Fatal(err)
	}
	defer vm.Close()
	if err := vm.RunAll(); err != nil {
		t.Fatal(err)
	}
	for i, x := range floats(t, w.Value()) {
		dw, errW := w.Grad()
		dv, errV := v.Grad()
		if errW != nil || errV != nil {
			t.Fatal(errW, errV)
		}
		tanh := math.Tanh(x)
		if got, want := floats(t, dw)[i], 1-tanh*tanh; math.Abs(got-want) > 1e-5 {
			t.Errorf("the gradient of w at %d is %v, want %v", i, got, want)
		}
		if got, want := floats(t, dv)[i], math.Exp(x); math.Abs(got-want) > 1e-5*want {
			t.Errorf("the gradient of v at %d is %v, want %v", i, got, want)
		}
	}
}

// Errors name the node, and Gorgonia's panics become some.
func TestGorgoniaErrors(t *testing.T) {
	s := newStock(t, tensor.Float32)
	for name, c := range map[string]struct {
		node *gorgonia.Node
		want []string
	}{
		"sorting":   {s.must(gorgonia.Sparsemax(s.x(2, 3))), []string{"Sparsemax", "x0 [2 3]", "sorts"}},
		"let":       {gorgonia.Set(s.x(2), s.x(2)), []string{"=", "assignments"}},
		"certainty": {s.must(gorgonia.Dropout(s.x(2, 3), 1)), []string{"Dropout", "[2 3]", "probability of 1"}},
		"float64":   {s.must(gorgonia.Neg(newStock(t, tensor.Float64).x(2))), []string{"x0 [2]", "float64"}},
	} {
		_, err := NewVM(c.node.Graph(), &referenceDevice{}, WithOutputs(c.node))
		for _, want := range c.want {
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%s: error %v does not say %q", name, err, want)
			}
		}
	}
}

// What reads gradients in the graph itself works: the descent of Gorgonia's example of a logistic regression, written
// out, with a prediction of type bool that is read. The batches are rows of one tensor.
func TestGorgoniaGradientsInTheGraph(t *testing.T) {
	run := func(open func(g *gorgonia.ExprGraph, outputs ...*gorgonia.Node) gorgonia.VM) (values []float64) {
		s := newStock(t, tensor.Float32)
		data := s.of(s.dt, s.rng.NormFloat64, 12, 3).(*tensor.Dense)
		x, w, b := s.x(4, 3), s.x(3), s.x()
		p := s.must(gorgonia.Sigmoid(s.must(gorgonia.Add(s.must(gorgonia.Mul(x, w)), b))))
		var predicted gorgonia.Value
		read := gorgonia.Read(s.must(gorgonia.Gt(p, s.constant(0.5), false)), &predicted)
		cost := s.must(gorgonia.Mean(s.must(gorgonia.Square(p))))
		gradients, err := gorgonia.Grad(cost, w, b)
		if err != nil {
			t.Fatal(err)
		}
		var next gorgonia.Nodes
		for i, n := range []*gorgonia.Node{w, b} {
			next = append(next, s.must(gorgonia.Sub(n, s.must(gorgonia.Mul(s.constant(0.1), gradients[i])))))
		}
		vm := open(s.g, next[0], next[1], read)
		defer vm.Close()
		for i := range 3 {
			rows, err := data.Slice(gorgonia.S(4*i, 4*i+4))
			if err != nil {
				t.Fatal(err)
			}
			if err := gorgonia.Let(x, rows); err != nil {
				t.Fatal(err)
			}
			if err := vm.RunAll(); err != nil {
				t.Fatal(err)
			}
			vm.Reset()
			for i, n := range []*gorgonia.Node{w, b} {
				v, err := gorgonia.CloneValue(next[i].Value())
				if err != nil {
					t.Fatal(err)
				}
				if err := gorgonia.Let(n, v); err != nil {
					t.Fatal(err)
				}
				values = append(values, floats(t, v)...)
			}
			values = append(values, floats(t, predicted)...)
		}
		return values
	}
	want := run(func(g *gorgonia.ExprGraph, _ ...*gorgonia.Node) gorgonia.VM { return gorgonia.NewTapeMachine(g) })
	got := run(func(g *gorgonia.ExprGraph, outputs ...*gorgonia.Node) gorgonia.VM {
		vm, err := NewVM(g, &referenceDevice{}, WithOutputs(outputs...))
		if err != nil {
			t.Fatal(err)
		}
		return vm
	})
	if e := errorOf(got, want); !(e <= 1e-5) {
		t.Errorf("off by %v: %v, want %v", e, got, want)
	}
}

// Inputs without a name, and inputs of one name and other shapes, are told apart.
func TestGorgoniaNames(t *testing.T) {
	g := gorgonia.NewGraph()
	named := func(name string, values ...float32) *gorgonia.Node {
		options := []gorgonia.NodeConsOpt{gorgonia.WithShape(len(values)), gorgonia.WithValue(tensor.New(tensor.WithBacking(values)))}
		if name != "" {
			options = append(options, gorgonia.WithName(name))
		}
		return gorgonia.NewVector(g, tensor.Float32, options...)
	}
	var sum *gorgonia.Node
	for _, x := range []*gorgonia.Node{named("a", 0, 0, 0, 0, 1), named("a", 2, 3), named("", 10, 20, 30), named("", 100, 200, 300, 400)} {
		part, err := gorgonia.Sum(x)
		if err == nil && sum != nil {
			part, err = gorgonia.Add(sum, part)
		}
		if err != nil {
			t.Fatal(err)
		}
		sum = part
	}
	vm, err := NewVM(g, &referenceDevice{})
	if err != nil {
		t.Fatal(err)
	}
	defer vm.Close()
	if err := vm.RunAll(); err != nil {
		t.Fatal(err)
	}
	if got := floats(t, sum.Value())[0]; got != 1066 {
		t.Errorf("the sum is %v, want 1066", got)
	}
}
