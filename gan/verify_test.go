package gan

import (
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"gorgonia.org/tensor"

	"gangpu/engine/program"
	"gangpu/internal/safetensors"
)

// referencePath is the reference file of the tutorial's model that the environment names.
func referencePath(t *testing.T) string {
	t.Helper()
	path := os.Getenv("GANGPU_REFERENCE")
	if path == "" {
		t.Skip("GANGPU_REFERENCE names no reference file")
	}
	return path
}

func TestVerifyReferenceFile(t *testing.T) {
	v, err := Verify(openCPU(t, 0), referencePath(t))
	if err != nil {
		t.Fatal(err)
	}
	if want := 4 + 2*14; len(v.Tensors) != want {
		t.Errorf("%d tensors compared, want %d", len(v.Tensors), want)
	}
	for _, d := range v.Tensors {
		if !d.OK() || d.Tolerance != 1e-4 {
			t.Errorf("%s: relative error %g, tolerance %g", d.Name, d.Error, d.Tolerance)
		}
	}
	t.Logf("worst: %s, %g", v.Worst().Name, v.Worst().Error)
}

// oddReference makes a reference of other sizes than the tutorial's in every respect, by
// Gorgonia's own machine in float64 and Adam's formula written out.
func oddReference(t *testing.T) *safetensors.File {
	t.Helper()
	s := tinySettings()
	s.Height, s.Width, s.Latent, s.Alpha, s.Dropout = 12, 8, 5, 0.1, 0
	s.LearningRate, s.Beta1, s.Beta2, s.Epsilon = 0.01, 0.7, 0.9, 1e-4
	const half, batchG = 3, 5
	l, err := tinyModel(s).layouts()
	if err != nil {
		t.Fatal(err)
	}
	file := &safetensors.File{Metadata: map[string]string{"format": referenceFormat, "half_batch": "3", "leaky_alpha": "0.1",
		"learning_rate": "0.01", "beta1": "0.7", "beta2": "0.9", "epsilon": "1e-4", "dropout": "0"}}
	add := func(name string, v []float64, shape ...int) {
		x, err := safetensors.New(name, shape, slices.Clone(v))
		if err != nil {
			t.Fatal(err)
		}
		file.Tensors = append(file.Tensors, x)
	}
	r := rand.New(rand.NewPCG(9, 10))
	random := func(n int, scale float64) []float64 {
		v := make([]float64, n)
		for i := range v {
			v[i] = float64(float32(scale * r.NormFloat64()))
		}
		return v
	}
	pixels := l.pixels()
	values := storages64{
		parametersOf(generatorName): random(l.generator.Len, 0.3), parametersOf(discriminatorName): random(l.discriminator.Len, 0.3),
		storageNoise: random(half*s.Latent, 1), storageImages: random(2*half*pixels, 1),
		storageLabels: {1, 1, 1, 0, 0, 0}, storageTarget: {1, 1, 1, 1, 1},
	}
	for _, n := range []*Layout{l.discriminator, l.generator} { // in no helpful order
		for _, p := range n.Parameters() {
			add(p.Name, values[parametersOf(n.Name)][p.Offset:][:p.Len()], p.Shape...)
		}
	}
	add("real", values[storageImages][:half*pixels], half, 12, 8, 1)
	add("z_d", values[storageNoise], half, 5)
	run := func(g *graph, err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		run64(t, g, values)
	}
	updated := func(n *Layout) {
		rate := s.LearningRate * math.Sqrt(1-s.Beta2) / (1 - s.Beta1)
		for _, p := range n.Parameters() {
			w, g := values[parametersOf(n.Name)][p.Offset:][:p.Len()], values[gradientOf(n.Name)][p.Offset:][:p.Len()]
			for i := range w {
				w[i] -= rate * (1 - s.Beta1) * g[i] / (math.Sqrt((1-s.Beta2)*g[i]*g[i]) + s.Epsilon)
			}
			add("expect/grad/"+p.Name, g, p.Shape...)
			add("expect/after/"+p.Name, w, p.Shape...)
		}
	}
	run(generateGraph(l, tensor.Float64, half, program.Arg{Storage: storageImages, Offset: half * pixels}, training))
	run(discriminatorGraph(l, tensor.Float64, 2*half, NonSaturating, 0))
	add("expect/fake", values[storageImages][half*pixels:], half, 12, 8, 1)
	add("expect/d_logits", values[storageLogits], 2*half, 1)
	add("expect/d_loss", values[storageMetrics][metricDLoss:][:1], 1)
	updated(l.discriminator)
	values[storageNoise] = random(batchG*s.Latent, 1)
	add("z_g", values[storageNoise], batchG, 5)
	run(generatorGraph(l, tensor.Float64, batchG, NonSaturating))
	add("expect/g_loss", values[storageMetrics][metricGLoss:][:1], 1)
	updated(l.generator)
	return file
}

func TestVerifyOtherSizes(t *testing.T) {
	file := oddReference(t)
	path := filepath.Join(t.TempDir(), "odd.safetensors")
	if err := safetensors.Write(path, file); err != nil {
		t.Fatal(err)
	}
	v, err := Verify(openCPU(t, 0), path)
	if err != nil {
		t.Fatal(err)
	}
	if len(v.Tensors) != 32 || !v.OK() || v.Worst().Error == 0 {
		t.Errorf("%d tensors, the worst %+v", len(v.Tensors), v.Worst())
	}
}

func TestVerifyFindsDeviations(t *testing.T) {
	dev := openCPU(t, 0)
	for _, name := range []string{"expect/d_loss", "expect/grad/generator/dense/kernel", "expect/after/discriminator/conv2d/kernel"} {
		for _, factor := range []float64{1.001, math.NaN()} {
			file := oddReference(t)
			x, err := file.Tensor(name)
			if err != nil {
				t.Fatal(err)
			}
			v, err := x.Float64s()
			if err != nil {
				t.Fatal(err)
			}
			for i := range v {
				v[i] *= factor
			}
			if *x, err = safetensors.New(x.Name, x.Shape, v); err != nil {
				t.Fatal(err)
			}
			got, err := verify(dev, file)
			if err != nil {
				t.Fatal(err)
			}
			if worst := got.Worst(); got.OK() || "expect/"+worst.Name != name {
				t.Errorf("%s times %v: the worst is %+v", name, factor, worst)
			}
		}
	}
}

func TestVerifyErrors(t *testing.T) {
	dev := openCPU(t, 1)
	tensor := func(f *safetensors.File, name string) *safetensors.Tensor {
		x, err := f.Tensor(name)
		if err != nil {
			t.Fatal(err)
		}
		return x
	}
	for want, damage := range map[string]func(f *safetensors.File){
		`its format is ""`:            func(f *safetensors.File) { delete(f.Metadata, "format") },
		"metadata beta1":              func(f *safetensors.File) { f.Metadata["beta1"] = "half" },
		"metadata dropout: 0.4":       func(f *safetensors.File) { f.Metadata["dropout"] = "0.4" },
		`half_batch is "4"`:           func(f *safetensors.File) { f.Metadata["half_batch"] = "4" },
		`no tensor "z_g"`:             func(f *safetensors.File) { tensor(f, "z_g").Name = "z" },
		`"generator/conv2d/bias" has`: func(f *safetensors.File) { tensor(f, "generator/conv2d/bias").Shape = []int{1, 1} },
		"discriminator: the dense layer takes 47": func(f *safetensors.File) {
			x := tensor(f, "discriminator/dense/kernel")
			x.Shape, x.Data = []int{47, 1}, x.Data[:47*8]
		},
		`"expect/h_loss": nothing is known`: func(f *safetensors.File) { tensor(f, "expect/g_loss").Name = "expect/h_loss" },
		`"expect/d_logits" has 5 elements`: func(f *safetensors.File) {
			x := tensor(f, "expect/d_logits")
			x.Shape, x.Data = []int{5, 1}, x.Data[:5*8]
		},
	} {
		file := oddReference(t)
		damage(file)
		path := filepath.Join(t.TempDir(), "odd.safetensors")
		if err := safetensors.Write(path, file); err != nil {
			t.Fatal(err)
		}
		if _, err := Verify(dev, path); err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), path) {
			t.Errorf("got %v, want %q and the path", err, want)
		}
	}
}

// An input of LeakyReLU that float64 and float32 put on different sides of zero does not fail a
// reference, whichever network it is in.
func TestKinksAreAvoided(t *testing.T) {
	n := Network{Name: "n", Input: []int{2}, Layers: []Layer{Dense{Units: 2}, LeakyReLU{Alpha: 0.3}, Dense{Units: 1}}}
	l, err := n.Layout()
	if err != nil {
		t.Fatal(err)
	}
	p := l.Parameters()
	parameters := make([]float64, l.Len)
	copy(parameters[p[0].Offset:], []float64{1, 2, 0.25, -1}) // kernel [in, units]
	parameters[p[1].Offset+1] = -3
	copy(parameters[p[2].Offset:], []float64{1, 1})
	// Unit 0 is 0.75 and 0.5; unit 1 is 2*x0 - x1 - 3: -1e-7 and 1.
	x := []float64{1, 2*1 - 3 + 1e-7, 1, -2}
	y, kinks, err := l.pass(parameters, x, 2)
	if err != nil {
		t.Fatal(err)
	}
	if len(kinks) != 1 || kinks[0].bias != p[1].Offset+1 || !(kinks[0].shift < -1e-7) {
		t.Fatalf("kinks %+v, want one, of bias 1 and downwards", kinks)
	}
	parameters[kinks[0].bias] += kinks[0].shift
	moved, kinks, err := l.pass(parameters, x, 2)
	if err != nil {
		t.Fatal(err)
	}
	if len(kinks) != 0 {
		t.Errorf("kinks %+v remain", kinks)
	}
	for i := range y {
		if d := math.Abs(moved[i] - y[i]); d > 1e-5 {
			t.Errorf("output %d moved by %g", i, d)
		}
	}
}
