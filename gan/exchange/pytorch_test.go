package exchange

import (
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"gangpu/gan/games/cyclegan"
	"gangpu/gan/games/pix2pix"
	"gangpu/gan/train"
	"gangpu/gan/train/traintest"
	"gangpu/internal/safetensors"
)

// turned is a kernel in PyTorch's order: its last axis first, then the one before it.
func turned(shape []int, values []float32) ([]int, []float32) {
	if len(shape) != 4 {
		return shape, values
	}
	y := make([]float32, 0, len(values))
	for o := range shape[3] {
		for i := range shape[2] {
			for h := range shape[0] {
				for w := range shape[1] {
					y = append(y, values[((h*shape[1]+w)*shape[2]+i)*shape[3]+o])
				}
			}
		}
	}
	return []int{shape[3], shape[2], shape[0], shape[1]}, y
}

// asPyTorch writes the arrays of a model's generator under PyTorch's names, which are given in the place of gangpu's.
func asPyTorch(t *testing.T, m *train.Model, network string, names map[string]string, more ...string) *safetensors.File {
	t.Helper()
	file := &safetensors.File{}
	add := func(name string, shape []int, values []float32) {
		tensor, err := safetensors.New(name, shape, values)
		if err != nil {
			t.Fatal(err)
		}
		file.Tensors = append(file.Tensors, tensor)
	}
	kinds := map[string]string{"kernel": "weight", "gamma": "weight", "bias": "bias", "beta": "bias"}
	for _, a := range m.Arrays {
		layer, ok := strings.CutPrefix(a.Name, network+"/")
		if !ok {
			continue
		}
		layer, kind, _ := strings.Cut(layer, "/")
		if names[layer] == "" {
			t.Fatalf("no name is given for %s", a.Name)
		}
		shape, values := turned(a.Shape, a.Values)
		add(names[layer]+"."+kinds[kind], shape, values)
	}
	for _, name := range more {
		add(name, []int{1}, []float32{1})
	}
	return file
}

var cycleganNames = map[string]string{
	"conv2d": "model.1", "conv2d_1": "model.4", "conv2d_2": "model.7", "conv2d_3": "model.10.conv_block.1", "conv2d_4": "model.10.conv_block.5",
	"conv2d_5": "model.11.conv_block.1", "conv2d_6": "model.11.conv_block.5", "conv2d_transpose": "model.12", "conv2d_transpose_1": "model.15",
	"conv2d_7": "model.19",
}

var unetNames = map[string]string{
	"conv2d": "model.model.0", "conv2d_1": "model.model.1.model.1", "conv2d_2": "model.model.1.model.3.model.1",
	"conv2d_3": "model.model.1.model.3.model.3.model.1", "batch_norm": "model.model.1.model.2", "batch_norm_1": "model.model.1.model.3.model.2",
	"conv2d_transpose": "model.model.1.model.3.model.3.model.3", "batch_norm_2": "model.model.1.model.3.model.3.model.4",
	"conv2d_transpose_1": "model.model.1.model.3.model.5", "batch_norm_3": "model.model.1.model.3.model.6",
	"conv2d_transpose_2": "model.model.1.model.5", "batch_norm_4": "model.model.1.model.6", "conv2d_transpose_3": "model.model.3",
}

func snapshotOf(t *testing.T, s train.System, settings any) *train.Model {
	t.Helper()
	g, err := s.New(settings, train.Input{Height: 16, Width: 16, Channels: 3})
	if err != nil {
		t.Fatal(err)
	}
	m, err := traintest.New(t, g, traintest.Pairs(4, 16, 16, 3)).Snapshot()
	if err != nil {
		t.Fatal(err)
	}
	randomise(m)
	return m
}

func cycle(t *testing.T) *train.Model {
	c := cyclegan.System.Presets[0].Settings.(cyclegan.Settings)
	c.Filters, c.DFilters, c.DLayers, c.Blocks = 4, 4, 1, 2
	return snapshotOf(t, cyclegan.System, c)
}

func pix(t *testing.T) *train.Model {
	p := pix2pix.System.Presets[0].Settings.(pix2pix.Settings)
	p.Filters, p.DFilters, p.DLayers, p.Dropout = 4, 4, 1, 0
	return snapshotOf(t, pix2pix.System, p)
}

// The generators of PyTorch's implementation translate as the same ones of gangpu's do, in other sizes too.
func TestReadPyTorch(t *testing.T) {
	translate := func(m *train.Model) []float32 {
		t.Helper()
		tl, err := train.NewTranslator(traintest.CPU(t), m, train.TranslateUse)
		if err != nil {
			t.Fatal(err)
		}
		defer tl.Close()
		r := rand.New(rand.NewPCG(1, 2))
		x := make([]float32, 32*16*3)
		for i := range x {
			x[i] = r.Float32()
		}
		y, err := tl.Translate(x, 32, 16, nil, 1)
		if err != nil {
			t.Fatal(err)
		}
		return y
	}
	for name, c := range map[string]struct {
		of      *train.Model
		network string
		names   map[string]string
		more    []string
	}{
		// Files of earlier versions hold statistics of instance norms, which nothing uses.
		"cyclegan": {cycle(t), "generator_ab", cycleganNames, []string{"model.2.running_mean", "model.2.num_batches_tracked"}},
		"pix2pix":  {pix(t), "generator", unetNames, nil},
	} {
		path := filepath.Join(t.TempDir(), name+".safetensors")
		if err := safetensors.Write(path, asPyTorch(t, c.of, c.network, c.names, c.more...)); err != nil {
			t.Fatal(err)
		}
		m, err := ReadPyTorch(path)
		if err != nil {
			t.Fatal(err)
		}
		if m.Game != name || !slices.Equal(translate(m), translate(c.of)) {
			t.Errorf("%s is read as a %s that translates otherwise", name, m.Game)
		}
	}
	// The U-Net for 256 pixels, which has 8 levels, keeps three dropouts.
	deep := &stateDict{file: &safetensors.File{}}
	level := "model.model."
	for i := range 8 {
		for _, module := range [][]string{{"0", "3"}, {"1", "5"}, {"1", "3"}}[min(i, 1)+i/7] {
			tensor, err := safetensors.New(level+module+".weight", []int{1}, []float32{1})
			if err != nil {
				t.Fatal(err)
			}
			deep.file.Tensors = append(deep.file.Tensors, tensor)
		}
		level += map[bool]string{true: "1.model.", false: "3.model."}[i == 0]
	}
	if u, err := deep.unet(); err != nil || u.Levels != 8 || u.Dropouts != [2]int{1, 4} || u.side != 256 {
		t.Errorf("the U-Net has %d levels and the dropouts %v: %v", u.Levels, u.Dropouts, err)
	}
}

func TestReadPyTorchRefuses(t *testing.T) {
	m := cycle(t)
	whole := asPyTorch(t, m, "generator_ab", cycleganNames)
	without := &safetensors.File{}
	for _, tensor := range whole.Tensors {
		if tensor.Name != "model.15.weight" {
			without.Tensors = append(without.Tensors, tensor)
		}
	}
	for want, file := range map[string]*safetensors.File{
		"neither a model of gangpu nor": {},
		"model.15.weight":               without,
		"model.99.weight is nothing":    asPyTorch(t, m, "generator_ab", cycleganNames, "model.99.weight"),
	} {
		if _, err := DecodePyTorch(file); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error is %v, want one with %q", err, want)
		}
	}
}
