package engine_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"gangpu/engine"
	"gangpu/engine/cpu"
	"gangpu/engine/cuda"
	"gangpu/engine/program"
	"gangpu/engine/stockmodels"
	"gangpu/kernels/ptxemu"
)

// stockModel is a model with parameters of a seed, the same for each machine.
func stockModel(t *testing.T, name string, size stockmodels.Size, seed uint64) *stockmodels.Model {
	t.Helper()
	m, err := stockmodels.New(name, size)
	if err != nil {
		t.Fatal(err)
	}
	rng := rand.New(rand.NewPCG(seed, 1))
	for _, n := range m.Trained {
		if data, ok := n.Value().Data().([]float32); ok {
			fan := n.Shape()[0]
			for i := range data {
				data[i] = float32(rng.NormFloat64() / math.Sqrt(float64(fan)))
			}
		}
	}
	return m
}

// batch binds a batch of made-up data: bright discs whose place says which class they are of.
func batch(t *testing.T, m *stockmodels.Model, rng *rand.Rand) {
	t.Helper()
	x := make([]float32, m.X.Shape().TotalSize())
	n := m.X.Shape()[0]
	each := len(x) / n
	classes := make([]int, n)
	for i := range n {
		classes[i] = rng.IntN(10)
		for j := range each {
			at := float64(j)/float64(each)*10 - float64(classes[i])
			x[i*each+j] = float32(0.1 + 0.8*math.Exp(-at*at) + 0.05*rng.Float64())
		}
	}
	let(t, m.X, x)
	if m.Y == nil {
		return
	}
	y := make([]float32, m.Y.Shape().TotalSize())
	for i, c := range classes {
		if m.Y.Dims() == 1 {
			y[i] = float32(c % 2)
			continue
		}
		for j := range 10 {
			y[i*10+j] = 0.1
		}
		y[i*10+c] = 0.9
	}
	let(t, m.Y, y)
}

func let(t *testing.T, n *gorgonia.Node, data []float32) {
	t.Helper()
	if err := gorgonia.Let(n, tensor.New(tensor.WithShape(n.Shape()...), tensor.WithBacking(data))); err != nil {
		t.Fatal(err)
	}
}

// descend trains by a machine for some steps and returns the costs, and the parameters. With onDevice the solver's
// steps are a VM's.
func descend(t *testing.T, m *stockmodels.Model, vm gorgonia.VM, steps int, seed uint64, onDevice bool) (costs, parameters []float64) {
	t.Helper()
	defer vm.Close()
	solver, rng := m.Solver(), rand.New(rand.NewPCG(seed, 2))
	for range steps {
		batch(t, m, rng)
		if onDevice {
			if err := vm.(*engine.VM).Step(solver, m.Trained...); err != nil {
				t.Fatal(err)
			}
		} else {
			if err := vm.RunAll(); err != nil {
				t.Fatal(err)
			}
			if err := solver.Step(gorgonia.NodesToValueGrads(m.Trained)); err != nil {
				t.Fatal(err)
			}
			vm.Reset()
		}
		costs = append(costs, float64(m.Read.Data().(float32)))
	}
	if onDevice {
		if err := vm.(*engine.VM).Download(); err != nil {
			t.Fatal(err)
		}
	}
	for _, n := range m.Trained {
		switch data := n.Value().Data().(type) {
		case []float32:
			for _, v := range data {
				parameters = append(parameters, float64(v))
			}
		case float32:
			parameters = append(parameters, float64(data))
		}
	}
	return costs, parameters
}

func distance(got, want []float64) float64 {
	var diff, norm float64
	for i, w := range want {
		diff += (got[i] - w) * (got[i] - w)
		norm += w * w
	}
	return math.Sqrt(diff / norm)
}

func openDevices(t *testing.T) map[string]program.Device {
	t.Helper()
	processor, err := cpu.Open(cpu.Options{})
	if err != nil {
		t.Fatal(err)
	}
	emulated, err := cuda.Open(ptxemu.New(ptxemu.Options{Capability: 70, Checks: true}), 0, cuda.Options{Name: "emulated", Precision: "fp32"})
	if err != nil {
		t.Fatal(err)
	}
	devices := map[string]program.Device{"cpu": processor, "emulated": emulated}
	t.Cleanup(func() {
		for _, dev := range devices {
			if err := dev.Close(); err != nil {
				t.Error(err)
			}
		}
	})
	return devices
}

// TestGorgoniaModels trains the models of Gorgonia's examples, smaller, for 20 steps: by Gorgonia's machine and solver,
// by the VM and Gorgonia's solver, and by the VM's steps, which agree.
func TestGorgoniaModels(t *testing.T) {
	devices := openDevices(t)
	for _, name := range stockmodels.Names {
		size := stockmodels.Size{Batch: 4, Divisor: 16, Pixels: 8}
		m := stockModel(t, name, size, 1)
		_, before := descend(t, m, nothing{}, 0, 1, false)
		want, wantAfter := descend(t, m, gorgonia.NewTapeMachine(m.Graph, gorgonia.BindDualValues(m.Trained...)), 20, 1, false)
		moved := distance(wantAfter, before)
		for _, on := range []struct {
			device   string
			onDevice bool
		}{{"cpu", false}, {"cpu", true}, {"emulated", true}} {
			if on.device == "emulated" && testing.Short() {
				continue
			}
			t.Run(fmt.Sprintf("%s on %s, VM's steps %t", name, on.device, on.onDevice), func(t *testing.T) {
				m := stockModel(t, name, size, 1)
				vm, err := engine.NewVM(m.Graph, devices[on.device])
				if err != nil {
					t.Fatal(err)
				}
				costs, after := descend(t, m, vm, 20, 1, on.onDevice)
				if e := distance(costs, want); !(e <= 1e-5) {
					t.Errorf("costs are off by %v: %v, want %v", e, costs, want)
				}
				if e := distance(after, wantAfter); !(e <= 1e-3*moved) {
					t.Errorf("parameters are off by %v, after they moved by %v", e, moved)
				}
				t.Logf("costs from %.4f to %.4f, off by %.1e; parameters moved by %.1e, off by %.1e", want[0], want[19],
					distance(costs, want), moved, distance(after, wantAfter))
			})
		}
	}
}

// nothing is a machine that does not run.
type nothing struct{ gorgonia.VM }

func (nothing) Close() error { return nil }

// TestGorgoniaDropout trains the convnet with its dropouts from five seeds by Gorgonia's machine and by the VM. They
// draw other masks, so that only the ranges of their costs can be compared: these overlap all the way.
func TestGorgoniaDropout(t *testing.T) {
	if testing.Short() {
		t.Skip("-short leaves out the training of ten networks; make test runs this")
	}
	const steps, part = 40, 10
	dev := openDevices(t)["cpu"]
	var low, high [2][steps / part]float64
	for machine := range low {
		for i := range low[machine] {
			low[machine][i], high[machine][i] = math.Inf(1), math.Inf(-1)
		}
		for seed := uint64(1); seed <= 5; seed++ {
			m := stockModel(t, "convnet", stockmodels.Size{Batch: 16, Divisor: 16, Pixels: 8, Dropout: true, Labels: true}, seed)
			var vm gorgonia.VM = gorgonia.NewTapeMachine(m.Graph, gorgonia.BindDualValues(m.Trained...))
			if machine == 1 {
				var err error
				if vm, err = engine.NewVM(m.Graph, dev, engine.WithSeed(seed)); err != nil {
					t.Fatal(err)
				}
			}
			costs, _ := descend(t, m, vm, steps, seed, machine == 1)
			for i := range low[machine] {
				mean := 0.0
				for _, c := range costs[i*part:][:part] {
					mean += c / part
				}
				low[machine][i], high[machine][i] = min(low[machine][i], mean), max(high[machine][i], mean)
			}
		}
	}
	for i := range low[0] {
		t.Logf("steps %d to %d: Gorgonia's machine %.4f to %.4f, VM %.4f to %.4f", i*part, (i+1)*part,
			low[0][i], high[0][i], low[1][i], high[1][i])
		if low[0][i] > high[1][i] || low[1][i] > high[0][i] {
			t.Error("the ranges do not overlap")
		}
	}
}
