package exchange

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"gangpu/gan/games/translation"
	"gangpu/gan/nn"
	"gangpu/gan/train"
	"gangpu/internal/safetensors"
)

// ReadPyTorch reads the generator of a pix2pix or a CycleGAN that PyTorch's well-known implementation of both trained
// (junyanz/pytorch-CycleGAN-and-pix2pix): its state dict, as a safetensors file under the names that it has there. What
// the generator is follows from these names and from the shapes. The model translates, and begins new runs; that of a
// CycleGAN goes one way.
//
// Batch norms take each image's own statistics and dropouts stay on, as that implementation tests.
func ReadPyTorch(path string) (*train.Model, error) {
	file, err := safetensors.Read(path)
	if err != nil {
		return nil, err
	}
	m, err := DecodePyTorch(file)
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", path, err)
	}
	return m, nil
}

// DecodePyTorch is the model of a file that was read already.
func DecodePyTorch(file *safetensors.File) (*train.Model, error) {
	d := &stateDict{file: file, used: map[string]bool{}}
	var of modules
	var err error
	switch {
	case d.has("model.model.0.weight"):
		of, err = d.unet()
	case d.has("model.1.weight") && d.has("model.10.conv_block.1.weight"):
		of, err = d.residual()
	default:
		return nil, errors.New("it is neither a model of gangpu nor a generator of PyTorch's pix2pix and CycleGAN, which has an array " +
			"model.model.0.weight (a U-Net) or model.10.conv_block.1.weight (a residual generator)")
	}
	if err != nil {
		return nil, err
	}
	return d.model(of)
}

// stateDict is a file of arrays of PyTorch's.
type stateDict struct {
	file *safetensors.File
	used map[string]bool
}

// modules are those of a generator that layers of a kind have their arrays of, in the layers' order.
type modules struct {
	translation.Generator
	game, network            string
	convs, transposes, norms []string
	side                     int // of an image that the generator takes
}

func (d *stateDict) has(name string) bool {
	return slices.ContainsFunc(d.file.Tensors, func(t safetensors.Tensor) bool { return t.Name == name })
}

// unet finds the modules of a U-Net: each level of them lies within the one before.
func (d *stateDict) unet() (modules, error) {
	m := modules{Generator: translation.Generator{Kind: translation.UNet, Padding: translation.Zero, Upsampling: translation.Transposed,
		Dropout: 0.5}, game: "pix2pix", network: "generator"}
	m.convs, m.transposes = []string{"model.model.0"}, []string{"model.model.3"}
	var ups []string // norms
	level := "model.model.1.model."
	for m.Levels = 1; d.has(level + "1.weight"); m.Levels++ {
		m.convs = append(m.convs, level+"1")
		if !d.has(level + "5.weight") { // the innermost level
			m.transposes, ups = append(m.transposes, level+"3"), append(ups, level+"4")
			m.Levels++
			break
		}
		m.norms = append(m.norms, level+"2")
		m.transposes, ups = append(m.transposes, level+"5"), append(ups, level+"6")
		level += "3.model."
	}
	if m.Levels < 2 {
		return m, errors.New("the U-Net has one level")
	}
	slices.Reverse(m.transposes)
	slices.Reverse(ups)
	m.norms, m.side = append(m.norms, ups...), 1<<m.Levels
	m.Dropouts = [2]int{1, max(m.Levels-4, 1)} // down to images of 16 pixels where there are 256
	return m, nil
}

// residual finds the modules of a residual generator, which are numbered one after the other.
func (d *stateDict) residual() (modules, error) {
	m := modules{Generator: translation.Generator{Kind: translation.Residual, Padding: translation.Reflect, Upsampling: translation.Transposed},
		game: "cyclegan", network: "generator_ab", side: 16}
	m.convs, m.norms = []string{"model.1", "model.4", "model.7"}, []string{"model.2", "model.5", "model.8"}
	second := 5 // of a block's convolutions; a dropout comes before it
	if d.has("model.10.conv_block.6.weight") && len(d.shape("model.10.conv_block.6.weight")) == 4 {
		m.Dropout, second = 0.5, 6
	}
	next := 10
	for ; d.has(fmt.Sprintf("model.%d.conv_block.1.weight", next)); next++ {
		block := fmt.Sprintf("model.%d.conv_block.", next)
		m.convs = append(m.convs, block+"1", fmt.Sprint(block, second))
		m.norms = append(m.norms, block+"2", fmt.Sprint(block, second+1))
	}
	m.Blocks = next - 10
	at := func(i int) string { return fmt.Sprintf("model.%d", next+i) }
	m.transposes, m.norms, m.convs = []string{at(0), at(3)}, append(m.norms, at(1), at(4)), append(m.convs, at(7))
	if d.has("model.2.weight") {
		m.game, m.network = "pix2pix", "generator"
	}
	return m, nil
}

func (d *stateDict) shape(name string) []int {
	t, err := d.file.Tensor(name)
	if err != nil {
		return nil
	}
	return t.Shape
}

// model makes the generator, and gives it the arrays.
func (d *stateDict) model(m modules) (*train.Model, error) {
	first, last := d.shape(m.convs[0]+".weight"), d.shape(m.transposes[len(m.transposes)-1]+".weight")
	if m.Kind == translation.Residual {
		last = d.shape(m.convs[len(m.convs)-1] + ".weight")
	}
	if len(first) != 4 || len(last) != 4 {
		return nil, fmt.Errorf("the arrays of %s and of the last layer have shapes %v and %v, want those of convolutions", m.convs[0], first, last)
	}
	m.Filters, m.Channels, m.Norm = first[0], last[0], translation.Norm{Over: "instance", Statistics: "image"}
	if m.Kind == translation.UNet {
		m.Channels = last[1]
	}
	if d.has(m.norms[0] + ".weight") {
		m.Norm.Over = "batch"
	}
	g := train.Game{Name: m.game, Settings: struct{}{}, Low: -1, High: 1, Networks: []train.Network{{Name: m.network, Net: m.Network()}},
		Uses: []train.Use{{Name: train.TranslateUse, Build: func(b *train.Builder) []*nn.Node {
			return []*nn.Node{b.Colours(b.Apply(m.network, b.Data("a")))}
		}}},
	}
	data := train.Data{Tables: []train.Table{{Rows: 1, Fields: []train.Field{{Name: "a", Shape: []int{m.side, m.side, first[1]}, Low: -1, High: 1}}}}}
	model, err := train.Assemble(g, data, func(name string, shape []int) ([]float32, error) {
		return d.array(m, strings.TrimPrefix(name, m.network+"/"), shape)
	})
	if err != nil {
		return nil, err
	}
	for _, t := range d.file.Tensors {
		_, kind, _ := cutLast(t.Name)
		if !d.used[t.Name] && kind != "running_mean" && kind != "running_var" && kind != "num_batches_tracked" {
			return nil, fmt.Errorf("array %s is nothing that a generator of %d filters, %d levels and %d blocks has", t.Name, m.Filters, m.Levels, m.Blocks)
		}
	}
	return model, nil
}

func cutLast(name string) (before, after string, found bool) {
	i := strings.LastIndexByte(name, '.')
	return name[:max(i, 0)], name[i+1:], i >= 0
}

// array is that of a layer, "conv2d_3/kernel", in the layout of gangpu.
func (d *stateDict) array(m modules, name string, shape []int) ([]float32, error) {
	layer, kind, _ := strings.Cut(name, "/")
	number := 0
	for _, of := range []struct {
		kind    string
		modules []string
	}{{"conv2d_transpose", m.transposes}, {"conv2d", m.convs}, {"batch_norm", m.norms}} {
		rest, ok := strings.CutPrefix(layer, of.kind)
		if !ok {
			continue
		}
		if rest != "" {
			if _, err := fmt.Sscanf(rest, "_%d", &number); err != nil {
				return nil, err
			}
		}
		if number >= len(of.modules) {
			return nil, fmt.Errorf("the file has %d layers of the kind %s", len(of.modules), of.kind)
		}
		return d.values(of.modules[number], kind, shape)
	}
	return nil, errors.New("PyTorch's generators have no such array")
}

// values are those of a module: "kernel", "bias", "gamma" or "beta".
func (d *stateDict) values(module, kind string, shape []int) ([]float32, error) {
	name := module + map[string]string{"kernel": ".weight", "gamma": ".weight", "bias": ".bias", "beta": ".bias"}[kind]
	t, err := d.file.Tensor(name)
	if err != nil {
		return nil, err
	}
	d.used[name] = true
	values, err := safetensors.Values[float32](t)
	if err != nil {
		return nil, err
	}
	if kind != "kernel" {
		if !slices.Equal(t.Shape, shape) {
			return nil, fmt.Errorf("%s has shape %v, want %v", name, t.Shape, shape)
		}
		return values, nil
	}
	// A convolution has [out, in, height, width] there and [height, width, in, out] here, a transposed one [in, out, height,
	// width] and [height, width, out, in]: the same turn.
	h, w, second, first := shape[0], shape[1], shape[2], shape[3]
	if !slices.Equal(t.Shape, []int{first, second, h, w}) {
		return nil, fmt.Errorf("%s has shape %v, want %v", name, t.Shape, []int{first, second, h, w})
	}
	turned := make([]float32, len(values))
	for i := range first {
		for j := range second {
			for k := range h * w {
				turned[(k*second+j)*first+i] = values[(i*second+j)*h*w+k]
			}
		}
	}
	return turned, nil
}
