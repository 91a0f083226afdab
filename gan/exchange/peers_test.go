package exchange

import (
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"gangpu/engine/cpu"
	"gangpu/gan/games/tutorial"
	"gangpu/gan/train"
	"gangpu/internal/safetensors"
)

// peersVariable in the environment is the Python that make export-peers installs.
const peersVariable = "GANGPU_EXPORT_PEERS"

// TestPeers proves the files of this package by the programs that they are for: peers/check.py loads
// them into Keras, ONNX Runtime and safetensors and compares the outputs with ours to 1e-5, and to 1e-4 behind norms; what
// Keras saves there is read here and compared too.
func TestPeers(t *testing.T) {
	python := os.Getenv(peersVariable)
	if python == "" {
		t.Skip(peersVariable + " names no Python with Keras and ONNX Runtime; make test-export does")
	}
	dir := t.TempDir()
	exportAll(t, dir, randomModel(t, tutorialGame))
	odd := randomModel(t, oddGame(0))
	exportAll(t, filepath.Join(dir, "odd"), odd)
	exportUses(t, filepath.Join(dir, "uses", "odd"), odd)
	exportUses(t, filepath.Join(dir, "uses", "conditional"), randomModel(t, oddGame(5)))

	exportUses(t, filepath.Join(dir, "uses", "every operation"), graphsModel(t, everyOperation))
	for name, m := range gameModels(t) {
		exportUses(t, filepath.Join(dir, "uses", name), m)
	}

	check, err := exec.Command(python, filepath.Join("peers", "check.py"), dir).CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, check)
	}
	t.Logf("%s", check)

	want := readTensors(t, filepath.Join(dir, "keras", "outputs.safetensors"))
	for _, name := range []string{"gan_mnist.h5", "gan.keras", "gan.weights.h5"} {
		f, err := ReadKeras(filepath.Join(dir, "keras", name))
		if err != nil {
			t.Fatal(err)
		}
		got := outputsOf(t, f, want["noise"])
		compare(t, name+": images", got["images"], want["images"])
		compare(t, name+": probabilities", got["probabilities"], want["probabilities"])
	}
}

// tutorialGame is the tutorial's.
func tutorialGame(t *testing.T) (train.Game, train.Data) {
	t.Helper()
	g, err := tutorial.New(tutorial.Defaults(), train.Input{Height: 28, Width: 28, Channels: 1})
	if err != nil {
		t.Fatal(err)
	}
	return g, ganData([]int{28, 28, 1}, 0, "noise")
}

// oddGame has what the tutorial's lacks: sizes and strides that are not square, filters of even size
// or smaller than their stride, no padding; classes if there are some.
func oddGame(classes int) func(t *testing.T) (train.Game, train.Data) {
	m := chains{
		Name: "odd",
		Generator: chain{Name: generatorName, Input: []int{9}, Layers: []layer{
			dense{Units: 3 * 2 * 5}, sigmoidLayer{}, reshape{Shape: []int{3, 2, 5}},
			conv2dTranspose{Filters: 4, Kernel: pair{4, 5}, Stride: pair{2, 3}}, leakyReLU{Alpha: 0.1},
			conv2dTranspose{Filters: 3, Kernel: pair{1, 2}, Stride: pair{2, 2}}, leakyReLU{Alpha: 0.2},
			conv2d{Filters: 1, Kernel: pair{3, 2}, Stride: pair{1, 1}, Padding: "valid"}, sigmoidLayer{},
		}},
		Discriminator: chain{Name: discriminatorName, Input: []int{10, 11, 1}, Layers: []layer{
			conv2d{Filters: 3, Kernel: pair{4, 3}, Stride: pair{3, 2}}, leakyReLU{Alpha: 0.3}, dropout{Rate: 0.5},
			conv2d{Filters: 4, Kernel: pair{2, 4}, Stride: pair{1, 2}}, leakyReLU{Alpha: 0.3}, flatten{},
			dense{Units: 6}, leakyReLU{Alpha: 0.1}, dense{Units: 1},
		}},
	}
	if classes > 0 {
		for _, c := range []*chain{&m.Generator, &m.Discriminator} {
			c.Layers = slices.Insert(c.Layers, 1, layer(classEmbedding{Classes: classes}))
		}
	}
	s := tutorial.Defaults()
	s.Latent = 9
	return func(*testing.T) (train.Game, train.Data) {
		return ganGame(m, s, classes), ganData(m.Discriminator.Input, classes, "noise")
	}
}

// randomModel is a model of random weights, biases too.
func randomModel(t *testing.T, of func(t *testing.T) (train.Game, train.Data)) *train.Model {
	t.Helper()
	g, d := of(t)
	r := rand.New(rand.NewPCG(1, 1))
	m, err := train.Assemble(g, d, func(name string, shape []int) ([]float32, error) {
		scale := 0.3
		if strings.HasSuffix(name, "/kernel") {
			in := size(shape) / shape[len(shape)-1] // about what an output is a sum of
			scale = math.Sqrt(2 / float64(in))
		}
		values := make([]float32, size(shape))
		for i := range values {
			values[i] = float32(scale * r.NormFloat64())
		}
		return values, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// exportAll fills a folder with all files of a model, and what it makes of some noise.
func exportAll(t *testing.T, dir string, m *train.Model) {
	t.Helper()
	if err := os.MkdirAll(dir, 0o777); err != nil {
		t.Fatal(err)
	}
	in := func(name string) string { return filepath.Join(dir, name) }
	if err := m.UsedAlone().Save(in("weights.safetensors")); err != nil {
		t.Fatal(err)
	}
	for name, part := range map[string]Part{"gan": Both, "generator": Generator, "discriminator": Discriminator} {
		for _, ending := range []string{".h5", ".weights.h5"} {
			if err := WriteKeras(in(name+ending), m, part); err != nil {
				t.Fatal(err)
			}
		}
	}
	const count = 20
	latent := chainsOf(t, m)[1].Input[0]
	r := rand.New(rand.NewPCG(2, 2))
	noise := make([]float32, count*latent)
	for i := range noise {
		noise[i] = float32(r.NormFloat64())
	}
	image := append([]int{count}, chainsOf(t, m)[0].Input...)
	shapes := map[string][]int{"noise": {count, latent}, "images": image, "logits": {count, 1}, "probabilities": {count, 1}}
	file := &safetensors.File{}
	for name, values := range outputsOf(t, m, noise) {
		tensor, err := safetensors.New(name, shapes[name], values)
		if err != nil {
			t.Fatal(err)
		}
		file.Tensors = append(file.Tensors, tensor)
	}
	if err := safetensors.Write(in("outputs.safetensors"), file); err != nil {
		t.Fatal(err)
	}
}

// outputsOf are the noise, the images that G makes of it, and what D says of these.
func outputsOf(t *testing.T, m *train.Model, noise []float32) map[string][]float32 {
	t.Helper()
	images := runUse(t, m, train.SampleUse, map[string][]float32{"z": noise})
	logits := runUse(t, m, tutorial.ScoreUse, map[string][]float32{"image": images})
	probabilities := make([]float32, len(logits))
	for i, z := range logits {
		probabilities[i] = float32(1 / (1 + math.Exp(-float64(z))))
	}
	return map[string][]float32{"noise": noise, "images": images, "logits": logits, "probabilities": probabilities}
}

// runUse is the first result of a graph of a model.
func runUse(t *testing.T, m *train.Model, use string, inputs map[string][]float32) []float32 {
	t.Helper()
	dev, err := cpu.Open(cpu.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer dev.Close()
	r, err := train.NewRunner(dev, m, use, 4)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	in := r.Inputs()[0]
	y, err := r.Run(inputs, len(inputs[in.Name])/size(in.Shape))
	if err != nil {
		t.Fatal(err)
	}
	return y[0]
}

func readTensors(t *testing.T, path string) map[string][]float32 {
	t.Helper()
	file, err := safetensors.Read(path)
	if err != nil {
		t.Fatal(err)
	}
	tensors := map[string][]float32{}
	for _, tensor := range file.Tensors {
		if tensors[tensor.Name], err = safetensors.Values[float32](&tensor); err != nil {
			t.Fatal(err)
		}
	}
	return tensors
}
