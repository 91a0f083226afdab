package gan

import (
	"math"
	"math/rand/v2"
	"testing"

	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"gangpu/engine/cpu"
	"gangpu/engine/cuda"
	"gangpu/engine/program"
	"gangpu/kernels/ptxemu"
)

// openCPU opens a device of so many threads, 0 for all cores.
func openCPU(t testing.TB, threads int) program.Device {
	t.Helper()
	dev, err := cpu.Open(cpu.Options{Threads: threads})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := dev.Close(); err != nil {
			t.Error(err)
		}
	})
	return dev
}

// openEmulated opens the CUDA device on the emulator, with all its checks.
func openEmulated(t testing.TB, precision string) program.Device {
	t.Helper()
	capability := map[string]int{"fp32": 70, "tf32": 80}[precision]
	dev, err := cuda.Open(ptxemu.New(ptxemu.Options{Capability: capability, Checks: true}), 0, cuda.Options{Name: "emulated", Precision: precision})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := dev.Close(); err != nil {
			t.Error(err)
		}
	})
	return dev
}

func tinySettings() Settings {
	s := DefaultSettings()
	s.Height, s.Width, s.Latent, s.Batch, s.Seed = 8, 8, 6, 16, 7
	s.LearningRate = 2e-3
	return s
}

// tinyModel is built like the tutorial's, with few channels.
func tinyModel(s Settings) Model {
	h, w := s.Height/4, s.Width/4
	double, halve := Size{2, 2}, Size{2, 2}
	return Model{
		Name: "tiny",
		Generator: Network{Name: "generator", Input: []int{s.Latent}, Layers: []Layer{
			Dense{Units: h * w * 6}, LeakyReLU{Alpha: s.Alpha}, Reshape{Shape: []int{h, w, 6}},
			Conv2DTranspose{Filters: 5, Kernel: Size{3, 3}, Stride: double}, LeakyReLU{Alpha: s.Alpha},
			Conv2DTranspose{Filters: 4, Kernel: Size{3, 3}, Stride: double}, LeakyReLU{Alpha: s.Alpha},
			Conv2D{Filters: 1, Kernel: Size{5, 7}, Stride: Size{1, 1}}, Sigmoid{},
		}},
		Discriminator: Network{Name: "discriminator", Input: []int{s.Height, s.Width, 1}, Layers: []Layer{
			Conv2D{Filters: 8, Kernel: Size{3, 3}, Stride: halve}, LeakyReLU{Alpha: s.Alpha}, Dropout{Rate: s.Dropout},
			Conv2D{Filters: 8, Kernel: Size{3, 3}, Stride: halve}, LeakyReLU{Alpha: s.Alpha}, Flatten{}, Dense{Units: 1},
		}},
	}
}

// discs are images of a bright disc near the middle, on black.
func discs(count, rows, cols int) Images {
	r := rand.New(rand.NewPCG(1, 2))
	images := Images{Pixels: make([]byte, count*rows*cols), Count: count, Rows: rows, Cols: cols}
	for i := range count {
		images.draw(i, float64(rows-1)/2+r.NormFloat64()/2, float64(cols-1)/2+r.NormFloat64()/2)
	}
	return images
}

// draw makes image i a bright disc around a point.
func (im Images) draw(i int, cy, cx float64) {
	for y := range im.Rows {
		for x := range im.Cols {
			d := math.Hypot(float64(y)-cy, float64(x)-cx)
			im.Pixels[(i*im.Rows+y)*im.Cols+x] = byte(255 / (1 + math.Exp(3*(d-2))))
		}
	}
}

func tinyTrainer(t testing.TB, dev program.Device, s Settings) *Trainer {
	t.Helper()
	trainer, err := NewTrainer(dev, s, tinyModel(s), discs(64, s.Height, s.Width))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := trainer.Close(); err != nil {
			t.Error(err)
		}
	})
	return trainer
}

func iterate(t testing.TB, trainer *Trainer, n int) {
	t.Helper()
	for range n {
		if err := trainer.Step(); err != nil {
			t.Fatal(err)
		}
	}
}

func snapshot(t testing.TB, trainer *Trainer) *ModelFile {
	t.Helper()
	f, err := trainer.Snapshot()
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// storages64 are the values of storages in float64, by name.
type storages64 map[string][]float64

// run64 runs a float64 graph by Gorgonia's own machine on the values of its inputs' storages,
// and writes its outputs to theirs, grown as need be.
func run64(t testing.TB, g *graph, values storages64) {
	t.Helper()
	if g.dtype != tensor.Float64 {
		t.Fatalf("the graph is of %v", g.dtype)
	}
	for _, in := range g.inputs {
		shape := in.Node.Shape()
		v := values[in.At.Storage][in.At.Offset:][:shape.TotalSize()]
		x := tensor.New(tensor.WithShape(shape...), tensor.WithBacking(append([]float64(nil), v...)))
		if err := gorgonia.Let(in.Node, x); err != nil {
			t.Fatal(err)
		}
	}
	results := make([]gorgonia.Value, len(g.outputs))
	for i, out := range g.outputs {
		gorgonia.Read(out.Node, &results[i])
	}
	machine := gorgonia.NewTapeMachine(g.exprs)
	defer machine.Close()
	if err := machine.RunAll(); err != nil {
		t.Fatal(err)
	}
	for i, out := range g.outputs {
		var v []float64
		switch x := results[i].(type) {
		case *gorgonia.F64:
			v = []float64{float64(*x)}
		default:
			v = x.Data().([]float64)
		}
		s := values[out.At.Storage]
		if n := out.At.Offset + len(v); n > len(s) {
			s = append(s, make([]float64, n-len(s))...)
		}
		copy(s[out.At.Offset:], v)
		values[out.At.Storage] = s
	}
}

// fill makes random values of a graph's inputs that have none: masks of 0 and 2, labels of 0 and
// 1, and normals, small ones of parameters.
func fill(g *graph, values storages64, r *rand.Rand) {
	need := map[string]int{}
	for _, in := range g.inputs {
		need[in.At.Storage] = max(need[in.At.Storage], in.At.Offset+in.Node.Shape().TotalSize())
	}
	for _, in := range g.inputs { // in their order, so that the values do not vary
		name := in.At.Storage
		if len(values[name]) >= need[name] {
			continue
		}
		v := make([]float64, need[name])
		for i := range v {
			switch {
			case name == storageLabels || name == storageTarget:
				v[i] = float64(r.IntN(2))
			case name != storageNoise && name != storageImages && name != parametersOf(generatorName) && name != parametersOf(discriminatorName):
				v[i] = 2 * float64(r.IntN(2))
			case name == storageNoise || name == storageImages:
				v[i] = float64(float32(r.NormFloat64()))
			default:
				v[i] = float64(float32(r.NormFloat64() / 4))
			}
		}
		values[name] = v
	}
}
