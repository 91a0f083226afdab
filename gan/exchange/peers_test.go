package exchange

import (
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"gangpu/engine/cpu"
	"gangpu/gan"
	"gangpu/internal/safetensors"
)

// peersVariable in the environment is the Python that make export-peers installs.
const peersVariable = "GANGPU_EXPORT_PEERS"

// TestPeers proves the files of this package by the programs that they are for: peers/check.py loads
// them into Keras, ONNX Runtime and safetensors and compares the outputs with ours to 1e-5; what
// Keras saves there is read here and compared too.
func TestPeers(t *testing.T) {
	python := os.Getenv(peersVariable)
	if python == "" {
		t.Skip(peersVariable + " names no Python with Keras and ONNX Runtime; make test-export does")
	}
	dir := t.TempDir()
	tutorial, err := gan.Tutorial(gan.DefaultSettings())
	if err != nil {
		t.Fatal(err)
	}
	f := randomModel(t, tutorial)
	exportAll(t, dir, f)
	exportAll(t, filepath.Join(dir, "odd"), randomModel(t, oddModel()))
	exportAll(t, filepath.Join(dir, "conditional"), randomModel(t, oddModel().Conditional(5)))

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

// oddModel has what the tutorial's lacks: sizes and strides that are not square, filters of even size
// or smaller than their stride, no padding.
func oddModel() gan.Model {
	return gan.Model{
		Name: "odd",
		Generator: gan.Network{Name: "generator", Input: []int{9}, Layers: []gan.Layer{
			gan.Dense{Units: 3 * 2 * 5}, gan.Sigmoid{}, gan.Reshape{Shape: []int{3, 2, 5}},
			gan.Conv2DTranspose{Filters: 4, Kernel: gan.Size{4, 5}, Stride: gan.Size{2, 3}}, gan.LeakyReLU{Alpha: 0.1},
			gan.Conv2DTranspose{Filters: 3, Kernel: gan.Size{1, 2}, Stride: gan.Size{2, 2}}, gan.LeakyReLU{Alpha: 0.2},
			gan.Conv2D{Filters: 1, Kernel: gan.Size{3, 2}, Stride: gan.Size{1, 1}, Padding: "valid"}, gan.Sigmoid{},
		}},
		Discriminator: gan.Network{Name: "discriminator", Input: []int{10, 11, 1}, Layers: []gan.Layer{
			gan.Conv2D{Filters: 3, Kernel: gan.Size{4, 3}, Stride: gan.Size{3, 2}}, gan.LeakyReLU{Alpha: 0.3}, gan.Dropout{Rate: 0.5},
			gan.Conv2D{Filters: 4, Kernel: gan.Size{2, 4}, Stride: gan.Size{1, 2}}, gan.LeakyReLU{Alpha: 0.3}, gan.Flatten{},
			gan.Dense{Units: 6}, gan.LeakyReLU{Alpha: 0.1}, gan.Dense{Units: 1},
		}},
	}
}

// randomModel is a model of random weights, biases too.
func randomModel(t *testing.T, m gan.Model) *gan.ModelFile {
	t.Helper()
	r := rand.New(rand.NewPCG(1, 1))
	f, err := gan.NewModelFile(m, gan.DefaultSettings(), func(p gan.Parameter) ([]float32, []int, error) {
		scale := 0.3
		if p.FanIn > 0 {
			scale = math.Sqrt(2 / float64(p.FanIn))
		}
		values := make([]float32, p.Len())
		for i := range values {
			values[i] = float32(scale * r.NormFloat64())
		}
		return values, p.Shape, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// exportAll fills a folder with all files of a model, and what it makes of some noise.
func exportAll(t *testing.T, dir string, f *gan.ModelFile) {
	t.Helper()
	if err := os.MkdirAll(dir, 0o777); err != nil {
		t.Fatal(err)
	}
	in := func(name string) string { return filepath.Join(dir, name) }
	for _, err := range []error{
		WriteONNX(in("generator.onnx"), f, Generator),
		WriteONNX(in("discriminator.onnx"), f, Discriminator),
		f.WeightsAlone().Save(in("weights.safetensors")),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	for name, part := range map[string]Part{"gan": Both, "generator": Generator, "discriminator": Discriminator} {
		for _, ending := range []string{".h5", ".weights.h5"} {
			if err := WriteKeras(in(name+ending), f, part); (err != nil) != (f.Model.Classes() > 0) {
				t.Fatalf("%d classes: %v", f.Model.Classes(), err)
			}
		}
	}
	const count = 20
	latent := f.Model.Generator.Input[0]
	r := rand.New(rand.NewPCG(2, 2))
	noise := make([]float32, count*latent)
	for i := range noise {
		noise[i] = float32(r.NormFloat64())
	}
	image := append([]int{count}, f.Model.Discriminator.Input...)
	shapes := map[string][]int{"noise": {count, latent}, "images": image, "logits": {count, 1}, "probabilities": {count, 1}, "classes": {count}}
	file := &safetensors.File{}
	for name, values := range outputsOf(t, f, noise) {
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

// outputsOf are the noise, the images that G makes of it, of all classes if it knows some, and what D
// says of these.
func outputsOf(t *testing.T, f *gan.ModelFile, noise []float32) map[string][]float32 {
	t.Helper()
	dev, err := cpu.Open(cpu.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer dev.Close()
	s, err := gan.NewSampler(dev, f, 4)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	samples, err := s.Generate(noise)
	if err != nil {
		t.Fatal(err)
	}
	var classes []int
	outputs := map[string][]float32{}
	if known := f.Model.Classes(); known > 0 {
		for i := range samples.Count {
			classes = append(classes, i*known/samples.Count) // the sampler's order
			outputs["classes"] = append(outputs["classes"], float32(classes[i]))
		}
	}
	logits, err := gan.Logits(dev, f, samples, classes)
	if err != nil {
		t.Fatal(err)
	}
	probabilities := make([]float32, len(logits))
	for i, z := range logits {
		probabilities[i] = float32(1 / (1 + math.Exp(-float64(z))))
	}
	outputs["noise"], outputs["images"], outputs["logits"], outputs["probabilities"] = noise, samples.Pixels, logits, probabilities
	return outputs
}

// imagesOf are those of one class that G makes of the noise.
func imagesOf(t *testing.T, f *gan.ModelFile, noise []float32, class int) []float32 {
	t.Helper()
	dev, err := cpu.Open(cpu.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer dev.Close()
	s, err := gan.NewSampler(dev, f, 4)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	samples, err := s.GenerateOf(noise, []int{class})
	if err != nil {
		t.Fatal(err)
	}
	return samples.Pixels
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
