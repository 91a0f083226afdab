package exchange

import (
	"encoding/binary"
	"math"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"gangpu/gan/games/stylegan2"
	"gangpu/gan/nn"
	"gangpu/gan/train"
	"gangpu/gan/train/traintest"
	"gangpu/internal/safetensors"
)

// styleFiles are state dicts of PyTorch's, and the names of the fixed noise in them, in the layers' order.
var styleFiles = map[string][]string{
	"ada": {"synthesis.b4.conv1.noise_const", "synthesis.b8.conv0.noise_const", "synthesis.b8.conv1.noise_const", "synthesis.b16.conv0.noise_const",
		"synthesis.b16.conv1.noise_const", "synthesis.b32.conv0.noise_const", "synthesis.b32.conv1.noise_const"},
	"rosinality": {"noises.noise_0", "noises.noise_1", "noises.noise_2", "noises.noise_3", "noises.noise_4"},
}

func stylePath(name string) string {
	return filepath.Join("testdata", "stylegan2-"+name+".safetensors")
}

func readSafetensors(t *testing.T, path string) *safetensors.File {
	t.Helper()
	file, err := safetensors.Read(path)
	if err != nil {
		t.Fatal(err)
	}
	return file
}

func valuesOf(t *testing.T, file *safetensors.File, name string) ([]float32, []int) {
	t.Helper()
	tensor, err := file.Tensor(name)
	if err != nil {
		t.Fatal(err)
	}
	values, err := safetensors.Values[float32](tensor)
	if err != nil {
		t.Fatal(err)
	}
	return values, tensor.Shape
}

// channelsLast are images [n, channels, height, width] in gangpu's order.
func channelsLast(values []float32, shape []int) []float32 {
	y := make([]float32, 0, len(values))
	for i := range shape[0] {
		for p := range shape[2] * shape[3] {
			for c := range shape[1] {
				y = append(y, values[(i*shape[1]+c)*shape[2]*shape[3]+p])
			}
		}
	}
	return y
}

// worst is the largest difference of two arrays.
func worst(t *testing.T, a, b []float32) (d float64) {
	t.Helper()
	if len(a) != len(b) {
		t.Fatalf("%d numbers and %d", len(a), len(b))
	}
	for i := range a {
		d = max(d, math.Abs(float64(a[i])-float64(b[i])))
	}
	return d
}

// Images and scores are those that PyTorch made.
func TestReadStyleGAN2(t *testing.T) {
	for name, noises := range styleFiles {
		t.Run(name, func(t *testing.T) {
			dev := traintest.CPU(t)
			m, err := ReadStyleGAN2(dev, stylePath(name))
			if err != nil {
				t.Fatal(err)
			}
			truth, weights := readSafetensors(t, stylePath(name+"-images")), readSafetensors(t, stylePath(name))
			z, _ := valuesOf(t, truth, "z")
			images, shape := valuesOf(t, truth, "images")
			images = channelsLast(images, shape)
			want := make([]float32, len(images))
			for i, v := range images {
				want[i] = (v + 1) / 2
			}
			for i, truncation := range []float64{1, 0.7} {
				s, err := train.NewStyled(dev, m, 2, truncation, 0)
				if err != nil {
					t.Fatal(err)
				}
				defer s.Close()
				inputs := map[string][]float32{"z": z}
				for _, in := range m.Uses[train.SynthesiseUse].Inputs {
					if in.Role == nn.Noise {
						one, _ := valuesOf(t, weights, noises[len(inputs)-1])
						inputs[in.Name] = slices.Repeat(one, 2)
					}
				}
				got, err := s.Generate(inputs, 2)
				if err != nil {
					t.Fatal(err)
				}
				if d := worst(t, got, want[i*len(got):][:len(got)]); !(d < 1e-5) {
					t.Errorf("images of truncation %v are off by up to %v", truncation, d)
				}
			}
			scores, _ := valuesOf(t, truth, "scores")
			if d := worst(t, scoresOf(t, m, images, shape), scores); !(d < 1e-5) {
				t.Errorf("scores are off by up to %v", d)
			}
		})
	}
}

// scoresOf are those of images by a new run of the game that begins with a model, which has to have all arrays.
func scoresOf(t *testing.T, m *train.Model, images []float32, shape []int) []float32 {
	t.Helper()
	settings, err := stylegan2.System.Decode(m.GameSettings)
	if err != nil {
		t.Fatal(err)
	}
	n, side := shape[0], shape[2]
	g, err := stylegan2.System.New(settings, train.Input{Height: side, Width: side, Channels: shape[1]})
	if err != nil {
		t.Fatal(err)
	}
	g.Uses = append(g.Uses, train.Use{Name: "score", Build: func(b *train.Builder) []*nn.Node {
		return []*nn.Node{b.Apply("discriminator", b.Given("of", side, side, shape[1]))}
	}})
	trainer := traintest.New(t, g, traintest.Images(n, side, side, shape[1], 0))
	if _, left, err := trainer.Take(m); err != nil || left > 0 {
		t.Fatalf("%d arrays are not taken: %v", left, err)
	}
	r, err := trainer.Runner("score", n)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	y, err := r.Run(map[string][]float32{"of": images}, n)
	if err != nil {
		t.Fatal(err)
	}
	return y[0]
}

// changed reads a file of PyTorch's with tensors that are put in the place of others, or beside them; those of no shape are left
// out.
func changed(t *testing.T, name string, tensors ...safetensors.Tensor) (*train.Model, error) {
	t.Helper()
	file := readSafetensors(t, stylePath(name))
	for _, c := range tensors {
		file.Tensors = slices.DeleteFunc(file.Tensors, func(old safetensors.Tensor) bool { return old.Name == c.Name })
		if c.Shape != nil {
			file.Tensors = append(file.Tensors, c)
		}
	}
	path := filepath.Join(t.TempDir(), "changed.safetensors")
	if err := safetensors.Write(path, file); err != nil {
		t.Fatal(err)
	}
	return ReadStyleGAN2(traintest.CPU(t), path)
}

// Without an average of w, one is computed: PyTorch's is the mean of other 4096 z.
func TestReadStyleGAN2Averages(t *testing.T) {
	want, _ := valuesOf(t, readSafetensors(t, stylePath("rosinality")), "latent_avg")
	m, err := changed(t, "rosinality", safetensors.Tensor{Name: "latent_avg"})
	if err != nil {
		t.Fatal(err)
	}
	got, _ := m.Array(averageOfStyles)
	largest := worst(t, want, make([]float32, len(want)))
	if d := worst(t, got.Values, want); !(d > 0 && d < 0.1*largest) {
		t.Errorf("the average is off by up to %v of %v", d, largest)
	}
}

func TestReadStyleGAN2Refuses(t *testing.T) {
	tensor := func(name string, shape ...int) safetensors.Tensor {
		x, err := safetensors.New(name, shape, make([]float32, size(shape)))
		if err != nil {
			t.Fatal(err)
		}
		return x
	}
	without := func(name string) safetensors.Tensor { return safetensors.Tensor{Name: name} }
	half := safetensors.Tensor{Name: "synthesis.b4.const", DType: safetensors.F16, Shape: []int{14, 4, 4}, Data: make([]byte, 2*14*16)}
	for _, c := range []struct {
		name, want string
		changes    []safetensors.Tensor
	}{
		{"ada", "mapping.embed.weight: the generator makes images of classes", []safetensors.Tensor{tensor("mapping.embed.weight", 8, 4)}},
		{"ada", "neither NVIDIA's tensor mapping.fc0.weight", []safetensors.Tensor{without("mapping.fc0.weight")}},
		{"ada", `no tensor "mapping.fc1.weight"`, []safetensors.Tensor{without("mapping.fc1.weight")}},
		{"ada", `no tensor "synthesis.b8.torgb.bias"`, []safetensors.Tensor{without("synthesis.b8.torgb.bias")}},
		{"ada", `no tensor "synthesis.b8.conv1.bias"`, []safetensors.Tensor{without("synthesis.b8.conv1.bias")}},
		{"ada", `no tensor "b8.skip.weight"`, []safetensors.Tensor{without("b8.skip.weight")}},
		{"ada", "tensor b16.conv0.bias is nothing", []safetensors.Tensor{without("b4.out.weight")}},
		{"ada", "synthesis.b64.conv0.weight is nothing", []safetensors.Tensor{tensor("synthesis.b64.conv0.weight", 2, 4, 3, 3)}},
		{"ada", "synthesis.b8.conv0.weight has shape [14 13 3 3], want [14 14 3 3]", []safetensors.Tensor{tensor("synthesis.b8.conv0.weight", 14, 13, 3, 3)}},
		{"ada", "b4.fc.weight has shape [14 225], want [14 224]", []safetensors.Tensor{tensor("b4.fc.weight", 14, 225)}},
		{"ada", "synthesis.b8.conv1.bias has shape [9], beside layers of [14 9 8 4] filters", []safetensors.Tensor{tensor("synthesis.b8.conv1.bias", 9)}},
		{"ada", "synthesis.b8.resample_filter is another window than 1 3 3 1", []safetensors.Tensor{tensor("synthesis.b8.resample_filter", 3, 3)}},
		{"ada", "is F16, want F32", []safetensors.Tensor{half}},
		{"rosinality", `no tensor "convs.3.noise.weight"`, []safetensors.Tensor{without("convs.3.noise.weight")}},
		{"rosinality", "tensor style.3.scale is nothing", []safetensors.Tensor{tensor("style.3.scale", 1)}},
		{"rosinality", "to_rgbs.0.conv.weight has shape [1 3 9 1 1], want [3 10]", []safetensors.Tensor{tensor("to_rgbs.0.conv.weight", 1, 3, 9, 1, 1)}},
	} {
		_, err := changed(t, c.name, c.changes...)
		if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), "changed.safetensors: ") || strings.Contains(err.Error(), "\n") {
			t.Errorf("error is %v, want one line with the file and %q", err, c.want)
		}
	}
	// A window that is not symmetric has the right shape.
	window := tensor("synthesis.b8.resample_filter", 4, 4)
	for i := range 16 {
		binary.LittleEndian.PutUint32(window.Data[4*i:], math.Float32bits(float32(i)))
	}
	if _, err := changed(t, "ada", window); err == nil || !strings.Contains(err.Error(), "another window") {
		t.Errorf("error is %v, want one about the window", err)
	}
}

// A generator alone is enough: a run that begins with it draws a discriminator.
func TestReadStyleGAN2Generator(t *testing.T) {
	file := readSafetensors(t, stylePath("ada"))
	var none []safetensors.Tensor
	for _, x := range file.Tensors {
		if !strings.HasPrefix(x.Name, "mapping.") && !strings.HasPrefix(x.Name, "synthesis.") {
			none = append(none, safetensors.Tensor{Name: x.Name})
		}
	}
	m, err := changed(t, "ada", none...)
	if err != nil {
		t.Fatal(err)
	}
	if slices.ContainsFunc(m.Arrays, func(a train.Array) bool { return strings.HasPrefix(a.Name, "discriminator/") }) {
		t.Error("there is a discriminator")
	}
}
