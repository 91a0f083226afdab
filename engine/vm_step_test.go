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

// regression is a small network of Gorgonia's operations with a batch norm, a scalar parameter, and gradients.
func regression(t testing.TB) (s *stock, cost *gorgonia.Node, trained gorgonia.Nodes) {
	s = newStock(t, tensor.Float32)
	x, y := s.x(8, 4), s.x(8, 2)
	w0, gamma, beta, w1, b := s.x(4, 5), s.positive(1, 5), s.x(1, 5), s.x(5, 2), s.x()
	h, _, _, _, err := gorgonia.BatchNorm(s.must(gorgonia.Mul(x, w0)), gamma, beta, 0.1, 1e-3)
	h = s.must(gorgonia.Rectify(s.must(h, err)))
	out := s.must(gorgonia.Add(s.must(gorgonia.Mul(h, w1)), b))
	cost = s.must(gorgonia.Mean(s.must(gorgonia.Square(s.must(gorgonia.Sub(out, y))))))
	trained = gorgonia.Nodes{w0, gamma, beta, w1, b}
	if _, err := gorgonia.Grad(cost, trained...); err != nil {
		t.Fatal(err)
	}
	return s, cost, trained
}

func stockSolvers() map[string]func() gorgonia.Solver {
	type o = gorgonia.SolverOpt
	all := map[string]func() gorgonia.Solver{}
	for name, opts := range map[string][]o{"": nil, ", regularised": {gorgonia.WithL2Reg(0.01), gorgonia.WithClip(0.05)},
		", in a batch": {gorgonia.WithBatchSize(4), gorgonia.WithL1Reg(0.01)}} {
		rate := append(slices.Clone(opts), gorgonia.WithLearnRate(0.01))
		all["vanilla"+name] = func() gorgonia.Solver { return gorgonia.NewVanillaSolver(rate...) }
		all["momentum"+name] = func() gorgonia.Solver {
			return gorgonia.NewMomentum(append(slices.Clone(rate), gorgonia.WithMomentum(0.8))...)
		}
		all["adam"+name] = func() gorgonia.Solver {
			return gorgonia.NewAdamSolver(append(slices.Clone(rate), gorgonia.WithBeta1(0.7), gorgonia.WithBeta2(0.95), gorgonia.WithEps(1e-4))...)
		}
		if name != ", in a batch" { // which RMSProp does not have
			all["rmsprop"+name] = func() gorgonia.Solver {
				return gorgonia.NewRMSPropSolver(append(slices.Clone(rate), gorgonia.WithRho(0.9))...)
			}
		}
	}
	return all
}

// TestGorgoniaSolvers compares 20 steps with 20 of the solver on the host over Gorgonia's machine: costs, parameters,
// running statistics. The steps from 8 to 13 are the host's, by the same solver; the others are taken on the device. The
// rate changes on the way.
func TestGorgoniaSolvers(t *testing.T) {
	dev := openProcessor(t)
	for name, make := range stockSolvers() {
		t.Run(name, func(t *testing.T) {
			run := func(step func(s *stock, trained gorgonia.Nodes, vm gorgonia.VM, solver gorgonia.Solver) error, open func(g *gorgonia.ExprGraph) gorgonia.VM) (costs, values []float64) {
				s, cost, trained := regression(t)
				vm, solver := open(s.g), make()
				defer vm.Close()
				for i := range 20 {
					if i == 10 {
						gorgonia.WithLearnRate(0.002)(solver)
					}
					if err := step(s, trained, vm, solver); err != nil {
						t.Fatal(err)
					}
					costs = append(costs, floats(t, cost.Value())...)
				}
				if vm, ok := vm.(*VM); ok {
					if err := vm.Download(); err != nil {
						t.Fatal(err)
					}
				}
				for _, n := range trained {
					values = append(values, floats(t, n.Value())...)
				}
				for _, n := range s.g.AllNodes() {
					if op, ok := n.Op().(*gorgonia.BatchNormOp); ok {
						mean, variance := op.Stats()
						values = append(append(values, floats(t, mean)...), floats(t, variance)...)
					}
				}
				return costs, values
			}
			wantCosts, want := run(func(s *stock, trained gorgonia.Nodes, vm gorgonia.VM, solver gorgonia.Solver) error {
				if err := vm.RunAll(); err != nil {
					return err
				}
				vm.Reset()
				return solver.Step(gorgonia.NodesToValueGrads(trained))
			}, func(g *gorgonia.ExprGraph) gorgonia.VM { return gorgonia.NewTapeMachine(g, gorgonia.BindDualValues()) })
			i := 0
			costs, got := run(func(s *stock, trained gorgonia.Nodes, vm gorgonia.VM, solver gorgonia.Solver) error {
				own := vm.(*VM)
				if i++; i <= 8 || i > 14 {
					return own.Step(solver, trained...)
				}
				if err := own.Download(); err != nil { // after the first of these there is nothing to bring
					return err
				}
				if err := vm.RunAll(); err != nil {
					return err
				}
				return solver.Step(gorgonia.NodesToValueGrads(trained))
			}, func(g *gorgonia.ExprGraph) gorgonia.VM {
				vm, err := NewVM(g, dev)
				if err != nil {
					t.Fatal(err)
				}
				return vm
			})
			if e := errorOf(costs, wantCosts); !(e <= 1e-5) {
				t.Errorf("costs are off by %v: %v, want %v", e, costs, wantCosts)
			}
			if e := errorOf(got, want); !(e <= 1e-5) {
				t.Errorf("parameters are off by %v: %v, want %v", e, got, want)
			}
		})
	}
}

// countingDevice counts what is written to a device and read from it.
type countingDevice struct {
	program.Device
	written, read []string
}

type countedMemory struct {
	program.Memory
	dev  *countingDevice
	name string
}

func (d *countingDevice) Alloc(name string, t program.DType, n int) (program.Memory, error) {
	m, err := d.Device.Alloc(name, t, n)
	return &countedMemory{m, d, name}, err
}

func (d *countingDevice) Load(p *program.Program, b program.Bindings) (program.Executable, error) {
	own := program.Bindings{}
	for name, m := range b {
		own[name] = m.(*countedMemory).Memory
	}
	return d.Device.Load(p, own)
}

func (m *countedMemory) Write(offset int, src []byte) error {
	m.dev.written = append(m.dev.written, m.name)
	return m.Memory.Write(offset, src)
}

func (m *countedMemory) Read(dst []byte, offset int) error {
	m.dev.read = append(m.dev.read, m.name)
	return m.Memory.Read(dst, offset)
}

// TestGorgoniaStepTransfers holds a step to the batch, the rates and what is read, and to few allocations.
func TestGorgoniaStepTransfers(t *testing.T) {
	dev := &countingDevice{Device: &referenceDevice{}}
	s, cost, trained := regression(t)
	var read gorgonia.Value
	gorgonia.Read(cost, &read)
	vm, err := NewVM(s.g, dev)
	if err != nil {
		t.Fatal(err)
	}
	defer vm.Close()
	solver := gorgonia.NewAdamSolver()
	step := func() {
		if err := vm.Step(solver, trained...); err != nil {
			t.Fatal(err)
		}
	}
	step()
	dev.written, dev.read = nil, nil
	before := slices.Clone(trained[0].Value().Data().([]float32))
	step()
	for i, name := range dev.written {
		if strings.HasPrefix(name, "rates") {
			dev.written[i] = "rates"
		}
	}
	if want := []string{"rates", "input x0", "input x1"}; !slices.Equal(dev.written, want) {
		t.Errorf("a step writes %q, want %q", dev.written, want)
	}
	if len(dev.read) != 1 || floats(t, read)[0] != floats(t, cost.Value())[0] {
		t.Errorf("a step reads %q, and the cost is %v, read as %v", dev.read, cost.Value(), read)
	}
	if !slices.Equal(before, trained[0].Value().Data().([]float32)) {
		t.Error("a step changed what the host has")
	}
	// A forward run goes on from the device's values, and after Download from the host's.
	if err := vm.RunAll(); err != nil {
		t.Fatal(err)
	}
	if err := vm.Download(); err != nil {
		t.Fatal(err)
	}
	onDevice := floats(t, cost.Value())[0]
	if slices.Equal(before, trained[0].Value().Data().([]float32)) {
		t.Error("Download changed nothing")
	}
	if err := vm.RunAll(); err != nil {
		t.Fatal(err)
	}
	if got := floats(t, cost.Value())[0]; got != onDevice {
		t.Errorf("the cost of the downloaded parameters is %v, on the device it was %v", got, onDevice)
	}
}

// A step allocates what Gorgonia's shapes and values do when they are asked for, and not by the size of the graph.
func TestGorgoniaStepAllocations(t *testing.T) {
	dev := openProcessor(t)
	s, _, trained := regression(t)
	vm, err := NewVM(s.g, dev)
	if err != nil {
		t.Fatal(err)
	}
	defer vm.Close()
	solver := gorgonia.NewAdamSolver()
	if n := testing.AllocsPerRun(10, func() {
		if err := vm.Step(solver, trained...); err != nil {
			t.Fatal(err)
		}
	}); n > 0 {
		t.Errorf("a step allocates %v times", n)
	}
}

func TestGorgoniaStepErrors(t *testing.T) {
	s, cost, trained := regression(t)
	vm, err := NewVM(s.g, &referenceDevice{})
	if err != nil {
		t.Fatal(err)
	}
	defer vm.Close()
	expect := func(want string, by gorgonia.Solver, nodes ...*gorgonia.Node) {
		t.Helper()
		if err := vm.Step(by, nodes...); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v does not say %q", err, want)
		}
	}
	expect("AdaGradSolver", gorgonia.NewAdaGradSolver(), trained...)
	expect("no nodes", gorgonia.NewVanillaSolver())
	expect("no variable", gorgonia.NewVanillaSolver(), cost)
	expect("twice", gorgonia.NewVanillaSolver(), trained[0], trained[0])
	solver := gorgonia.NewMomentum()
	expect("nobody asked for the gradient of x0", solver, s.inputs[0])
	if err := vm.Step(solver, trained...); err != nil {
		t.Fatal(err)
	}
	expect("other nodes", solver, trained[0])
}

// TestGorgoniaFields holds Gorgonia to the names of the fields that are read by reflection.
func TestGorgoniaFields(t *testing.T) {
	s := newStock(t, tensor.Float32)
	x := s.x(2, 4, 5, 6)
	pool := s.must(gorgonia.MaxPool2D(x, tensor.Shape{3, 2}, []int{1, 0, 2, 1}, []int{2, 3}))
	want := Window{Height: 3, Width: 2, StrideH: 2, StrideW: 3, Top: 0, Bottom: 1, Left: 1, Right: 2}
	if w, err := poolOf(pool.Op()); err != nil || w != want {
		t.Errorf("a pooling is %+v, want %+v; %v", w, want, err)
	}
	if w, err := poolOf(s.must(gorgonia.AveragePool2D(x, tensor.Shape{3, 2}, []int{1, 2}, []int{2, 3})).Op()); err != nil || w.Top != 1 || w.Right != 2 {
		t.Errorf("an average pooling is %+v; %v", w, err)
	}
	if f, err := dropoutOf(s.must(gorgonia.Dropout(x, 0.3)).Op()); err != nil || f != (dropoutFields{0.3, true}) {
		t.Errorf("a dropout is %+v; %v", f, err)
	}
	_, _, _, norm, err := gorgonia.BatchNorm(x, s.x(1, 4, 1, 1), s.x(1, 4, 1, 1), 0.9, 1e-3)
	if err != nil {
		t.Fatal(err)
	}
	if f, err := batchNormOf(norm); err != nil || f != (batchNormFields{0.9, 1e-3, true}) {
		t.Errorf("a batch norm is %+v; %v", f, err)
	}
	for i := range s.g.AllNodes() {
		if op, ok := s.g.AllNodes()[i].Op().(*gorgonia.GroupNormOp); ok {
			t.Errorf("there is a group norm %v already", op)
		}
	}
	group := s.must(gorgonia.GroupNorm(x, s.x(1, 4, 1, 1), s.x(1, 4, 1, 1), 2, 4, 1e-3))
	for n := range needs(group) {
		if op, ok := n.Op().(*gorgonia.GroupNormOp); ok {
			if e, err := floatField(op, "epsilon"); err != nil || e != 1e-3 {
				t.Errorf("the epsilon of a group norm is %v; %v", e, err)
			}
		}
	}
	var into gorgonia.Value
	if at, err := targetOf(gorgonia.Read(x, &into).Op()); err != nil || at != &into {
		t.Errorf("a value is read into %p, want %p; %v", at, &into, err)
	}
	if len(operandsOf(pool)) != 1 || !hasChildren {
		t.Error("a node has no field with its operands")
	}
	for name, make := range stockSolvers() {
		if s, err := solverOf(make()); err != nil || math.Abs(s.eta.Float()-0.01) > 1e-9 {
			t.Errorf("%s: a rate of %v; %v", name, s.eta, err)
		}
	}
	sum := s.must(gorgonia.Sum(pool))
	if _, err := gorgonia.Grad(sum, x); err != nil {
		t.Fatal(err)
	}
	if d := x.Deriv(); d == nil || !madeByGrad(d) || madeByGrad(sum) {
		t.Errorf("%v is not known as a gradient, or %v is", fmt.Sprint(d), sum)
	}
}
