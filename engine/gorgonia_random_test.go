package engine

import (
	"math"
	"slices"
	"strings"
	"testing"

	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// A dropout keeps what it should, draws other masks for each run, has its mask as its gradient, and does nothing while
// it does not train, which is looked up at each run.
func TestGorgoniaMasks(t *testing.T) {
	dev := openProcessor(t)
	run := func(seed uint64, runs int) (values, gradients [][]float64) {
		s := newStock(t, tensor.Float32)
		x := s.input(func() float64 { return 2 }, 100, 40)
		dropped := s.must(gorgonia.Dropout(x, 0.3))
		sum := s.must(gorgonia.Sum(dropped))
		if _, err := gorgonia.Grad(sum, x); err != nil {
			t.Fatal(err)
		}
		vm, err := NewVM(s.g, dev, WithSeed(seed), WithOutputs(dropped, x.Deriv()))
		if err != nil {
			t.Fatal(err)
		}
		defer vm.Close()
		for i := range runs {
			if err := dropped.Op().(gorgonia.TrainModeOp).SetTraining(i < 2); err != nil {
				t.Fatal(err)
			}
			if err := vm.RunAll(); err != nil {
				t.Fatal(err)
			}
			g, err := x.Grad()
			if err != nil {
				t.Fatal(err)
			}
			values, gradients = append(values, floats(t, dropped.Value())), append(gradients, floats(t, g))
		}
		return values, gradients
	}
	values, gradients := run(1, 3)
	kept := 0
	for i, v := range values[0] {
		if v != 0 {
			kept++
		}
		if want := 2 * gradients[0][i]; v != want || v != 0 && math.Abs(v-2/0.7) > 1e-6 {
			t.Fatalf("element %d is %v, and its gradient %v", i, v, gradients[0][i])
		}
	}
	if share := float64(kept) / 4000; math.Abs(share-0.7) > 0.03 {
		t.Errorf("%v of the elements are kept, want 0.7", share)
	}
	if slices.Equal(values[0], values[1]) {
		t.Error("two runs have one mask")
	}
	if slices.ContainsFunc(values[2], func(v float64) bool { return v != 2 }) || slices.ContainsFunc(gradients[2], func(v float64) bool { return v != 1 }) {
		t.Error("a dropout that does not train changes something")
	}
	if again, _ := run(1, 1); !slices.Equal(again[0], values[0]) {
		t.Error("one seed draws two masks")
	}
	if other, _ := run(2, 1); slices.Equal(other[0], values[0]) {
		t.Error("two seeds draw one mask")
	}
}

func TestGorgoniaRandomNodes(t *testing.T) {
	g := gorgonia.NewGraph()
	nodes := gorgonia.Nodes{gorgonia.UniformRandomNode(g, tensor.Float32, -1, 3, 50, 80), gorgonia.GaussianRandomNode(g, tensor.Float32, 1, 2, 80, 50),
		gorgonia.BinomialRandomNode(g, tensor.Float32, 1, 0.3, 40, 100)} // of one shape they would be one node
	var outputs gorgonia.Nodes
	for _, n := range nodes {
		y, err := gorgonia.Neg(n)
		if err != nil {
			t.Fatal(err)
		}
		outputs = append(outputs, y)
	}
	vm, err := NewVM(g, openProcessor(t), WithOutputs(outputs...))
	if err != nil {
		t.Fatal(err)
	}
	defer vm.Close()
	if err := vm.RunAll(); err != nil {
		t.Fatal(err)
	}
	for i, want := range []struct{ mean, variance float64 }{{-1, 16.0 / 12}, {-1, 4}, {-0.3, 0.21}} {
		var mean, variance float64
		all := floats(t, outputs[i].Value())
		for _, v := range all {
			mean += v / float64(len(all))
		}
		for _, v := range all {
			variance += (v - mean) * (v - mean) / float64(len(all))
		}
		if math.Abs(mean-want.mean) > 0.1 || math.Abs(variance-want.variance) > 0.1*want.variance {
			t.Errorf("%v has mean %v and variance %v, want %v", nodes[i], mean, variance, want)
		}
	}
	two := gorgonia.BinomialRandomNode(g, tensor.Float32, 2, 0.3, 4)
	if _, err := NewVM(g, &referenceDevice{}, WithOutputs(two)); err == nil || !strings.Contains(err.Error(), "one trial") {
		t.Errorf("error %v does not say that two trials are too many", err)
	}
}

// A batch norm's running statistics follow training, and are what it normalises by afterwards, as on Gorgonia's
// machine.
func TestGorgoniaBatchNormModes(t *testing.T) {
	run := func(open func(g *gorgonia.ExprGraph) gorgonia.VM) (values [][]float64) {
		s := newStock(t, tensor.Float32)
		x := s.x(4, 3, 2, 2)
		y, _, _, op, err := gorgonia.BatchNorm(x, s.positive(1, 3, 1, 1), s.x(1, 3, 1, 1), 0.2, 1e-3)
		s.must(y, err)
		var read gorgonia.Value
		gorgonia.Read(y, &read)
		vm := open(s.g)
		defer vm.Close()
		for i := range 5 {
			switch i {
			case 3:
				op.SetTraining(false)
			case 4:
				op.SetTraining(true) // which sets the statistics back
			}
			if err := gorgonia.Let(x, s.of(s.dt, s.rng.NormFloat64, 4, 3, 2, 2)); err != nil {
				t.Fatal(err)
			}
			if err := vm.RunAll(); err != nil {
				t.Fatal(err)
			}
			vm.Reset()
			mean, variance := op.Stats()
			values = append(values, slices.Concat(floats(t, read), floats(t, mean), floats(t, variance)))
		}
		return values
	}
	want := run(func(g *gorgonia.ExprGraph) gorgonia.VM { return gorgonia.NewTapeMachine(g) })
	got := run(func(g *gorgonia.ExprGraph) gorgonia.VM {
		vm, err := NewVM(g, &referenceDevice{})
		if err != nil {
			t.Fatal(err)
		}
		return vm
	})
	for i := range want {
		if e := errorOf(got[i], want[i]); !(e <= 1e-5) {
			t.Errorf("run %d is off by %v: %v, want %v", i, e, got[i], want[i])
		}
	}
}

// After steps on the device its running statistics are what a run in the other mode normalises by, and a batch norm
// that begins to train again starts from the host's, which Gorgonia sets back.
func TestGorgoniaStepModes(t *testing.T) {
	s, _, trained := regression(t)
	vm, err := NewVM(s.g, openProcessor(t))
	if err != nil {
		t.Fatal(err)
	}
	defer vm.Close()
	var op *gorgonia.BatchNormOp
	for _, n := range s.g.AllNodes() {
		if is, ok := n.Op().(*gorgonia.BatchNormOp); ok {
			op = is
		}
	}
	solver := gorgonia.NewVanillaSolver(gorgonia.WithLearnRate(0))
	after := func(steps int, between func()) []float64 {
		for i := range steps {
			if i == 3 {
				between()
			}
			if err := vm.Step(solver, trained...); err != nil {
				t.Fatal(err)
			}
		}
		if err := vm.Download(); err != nil {
			t.Fatal(err)
		}
		_, variance := op.Stats()
		return floats(t, variance)
	}
	one := after(1, nil)
	op.Reset()
	evaluated := after(4, func() {
		op.SetTraining(false)
		if err := vm.RunAll(); err != nil {
			t.Fatal(err)
		}
		op.SetTraining(true)
	})
	if e := errorOf(evaluated, one); e > 1e-6 {
		t.Errorf("a step after evaluation leaves variances %v, want those of a first step, %v", evaluated, one)
	}
	op.Reset()
	if four := after(4, func() {}); errorOf(four, one) < 1e-3 {
		t.Errorf("four steps leave the variances of one, %v", four)
	}
}
