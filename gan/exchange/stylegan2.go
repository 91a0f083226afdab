package exchange

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"

	"gangpu/engine/program"
	"gangpu/gan/games/style"
	"gangpu/gan/games/stylegan2"
	"gangpu/gan/nn"
	"gangpu/gan/train"
	"gangpu/internal/safetensors"
)

// ReadStyleGAN2 reads the networks of a StyleGAN2 that PyTorch trained as a model of the game stylegan2: a safetensors file with
// the state dict of the generator and, if it is there, that of the discriminator, under the names of NVlabs/stylegan2-ada-pytorch
// or of rosinality/stylegan2-pytorch. Sizes and widths follow from the shapes; other settings are those of the game's first preset.
// The layers' fixed noise is left out, since a model here draws its noise.
//
// The device computes the average of w where the file has none, as the mean of 4096. Networks that know classes, that have widths
// which no settings make, or windows other than 1 3 3 1, are refused. Errors name the file and the tensor.
func ReadStyleGAN2(dev program.Device, path string) (*train.Model, error) {
	file, err := safetensors.Read(path)
	if err != nil {
		return nil, err
	}
	d := &stateDict{file: file, used: map[string]bool{}}
	m, averaged, err := d.stylegan2()
	if err == nil && !averaged {
		err = averageStyles(dev, m)
	}
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", path, err)
	}
	return m, nil
}

// stylegan2 makes the model, and reports whether the file has the average of w.
func (d *stateDict) stylegan2() (m *train.Model, averaged bool, err error) {
	nameOf := func(a styleArray) string { return a.ada }
	switch {
	case d.has("mapping.embed.weight"):
		return nil, false, errors.New("tensor mapping.embed.weight: the generator makes images of classes, which the game stylegan2 does not know")
	case d.has("style.1.weight"):
		nameOf = func(a styleArray) string { return a.rosinality }
	case !d.has("mapping.fc0.weight"):
		return nil, false, errors.New("it has the generator of no StyleGAN2: neither NVIDIA's tensor mapping.fc0.weight nor rosinality's style.1.weight")
	}
	s, in, err := d.styleSizes(nameOf)
	if err != nil {
		return nil, false, err
	}
	g, err := stylegan2.New(s, in)
	if err != nil {
		return nil, false, err
	}
	doublings, _ := style.Doublings(in.Height, in.Width) // which New has found too
	arrays := styleArraysOf(s.Mapping, doublings)
	const discriminator = "discriminator"
	if d.has(nameOf(arrays["discriminator/dense_1/kernel"])) {
		// A graph to have its arrays by. It is not saved: scores depend on what else is in a batch.
		g.Uses = append(g.Uses, train.Use{Name: discriminator, Build: func(b *train.Builder) []*nn.Node {
			return []*nn.Node{b.Apply(discriminator, b.Given("image", in.Height, in.Width, in.Channels))}
		}})
	}
	averaged = d.has(nameOf(arrays[averageOfStyles]))
	m, err = train.Assemble(g, train.Data{Description: train.Description{Name: "unknown"}}, func(name string, shape []int) ([]float32, error) {
		if name == averageOfStyles && !averaged {
			return make([]float32, size(shape)), nil
		}
		return d.styleValues(nameOf(arrays[name]), arrays[name].turn, shape)
	})
	if err != nil {
		return nil, false, err
	}
	delete(m.Uses, discriminator)
	return m, averaged, d.checkStyleRest()
}

// styleSizes are the settings and images that the shapes tell.
func (d *stateDict) styleSizes(nameOf func(styleArray) string) (s stylegan2.Settings, in train.Input, err error) {
	name := func(ours string, k int) string {
		i := slices.IndexFunc(styleArrays, func(a styleArray) bool { return a.ours == ours })
		return nameOf(styleArrays[i].at(k, 0))
	}
	const kernel, bias, colours, most = "mapping/dense{n}/kernel", "synthesis/block{n}/bias_1", "synthesis/block{n}/bias_of_colours", 32
	s = stylegan2.System.Presets[0].Settings.(stylegan2.Settings)
	tensors := []string{name("synthesis/bias", 0)} // as long as a layer has filters, of images of 4, 8, 16, ... pixels
	for k := range most {
		if d.has(name(kernel, k)) {
			s.Mapping = k + 1
		}
		if d.has(name(bias, k)) || d.has(name(colours, k)) {
			for len(tensors) < k+2 {
				tensors = append(tensors, name(bias, len(tensors)-1))
			}
		}
	}
	first, last := d.shape(name(kernel, 0)), d.shape(name(kernel, s.Mapping-1))
	if len(first) != 2 || len(last) != 2 {
		return s, in, fmt.Errorf("tensors %s and %s have shapes %v and %v, want those of dense layers", name(kernel, 0), name(kernel, s.Mapping-1), first, last)
	}
	s.Latent, s.Styles = first[1], last[0]

	widths := make([]int, len(tensors))
	s.Filters, s.MostFilters = 0, 0
	for l, tensor := range tensors {
		t, err := d.file.Tensor(tensor)
		if err != nil {
			return s, in, err
		}
		widths[l] = t.Len()
		s.Filters, s.MostFilters = max(s.Filters, widths[l]*(4<<l)), max(s.MostFilters, widths[l])
	}
	for l, n := range widths {
		if want := min(s.Filters/(4<<l), s.MostFilters); n != want {
			return s, in, fmt.Errorf("tensor %s has shape [%d], beside layers of %v filters: no settings filters and most_filters of the game "+
				"stylegan2 make these, filters=%d and most_filters=%d make %d here", tensors[l], n, widths, s.Filters, s.MostFilters, want)
		}
	}
	t, err := d.file.Tensor(name("synthesis/bias_of_colours", 0))
	if err != nil {
		return s, in, err
	}
	side := 4 << (len(widths) - 1)
	return s, train.Input{Height: side, Width: side, Channels: t.Len()}, nil
}

// styleValues are the values of an array of a shape.
func (d *stateDict) styleValues(name string, by turn, shape []int) ([]float32, error) {
	t, err := d.file.Tensor(name)
	if err != nil {
		return nil, err
	}
	d.used[name] = true
	theirs := by.of(by.four(shape))
	without1 := func(shape []int) []int {
		return slices.DeleteFunc(slices.Clone(shape), func(n int) bool { return n == 1 })
	}
	if want := without1(theirs[:]); !slices.Equal(without1(t.Shape), want) {
		return nil, fmt.Errorf("tensor %s has shape %v, want %v but for axes of 1", name, t.Shape, want)
	}
	values, err := safetensors.Values[float32](t)
	if err != nil {
		return nil, err
	}
	return by.values(values, shape), nil
}

// checkStyleRest looks at the tensors that are no array of the game: fixed noise and windows.
func (d *stateDict) checkStyleRest() error {
	for i := range d.file.Tensors {
		t := &d.file.Tensors[i]
		switch {
		case d.used[t.Name] || strings.HasSuffix(t.Name, ".noise_const") || strings.HasPrefix(t.Name, "noises.noise_"):
		case strings.HasSuffix(t.Name, ".resample_filter") || strings.HasSuffix(t.Name, ".kernel"):
			window, err := safetensors.Values[float32](t)
			if err != nil {
				return err
			}
			for i, v := range window {
				w := []float32{1, 3, 3, 1}
				if len(window) != 16 || math.Abs(float64(v-window[0]*w[i/4]*w[i%4])) > 1e-5 {
					return fmt.Errorf("tensor %s is another window than 1 3 3 1, which is the one that the game stylegan2 has", t.Name)
				}
			}
		default:
			return fmt.Errorf("tensor %s is nothing that the networks of the game stylegan2 have", t.Name)
		}
	}
	return nil
}

// averageOfStyles is the array of the average of w.
const averageOfStyles = "mapping/w_average"

// averageStyles gives a model the average of w, of 4096 z.
func averageStyles(dev program.Device, m *train.Model) (err error) {
	const n, batch = 4096, 256
	r, err := train.NewRunner(dev, m, train.MapUse, batch)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	layers, width := r.Shapes()[0][0], r.Shapes()[0][1]
	inputs := map[string][]float32{train.TruncationInput: slices.Repeat([]float32{1}, n*layers)}
	if err := r.AddNoise(inputs, 1, n); err != nil {
		return err
	}
	w, err := r.Run(inputs, n)
	if err != nil {
		return fmt.Errorf("averaging styles: %w", err)
	}
	average, _ := m.Array(averageOfStyles)
	for i := range average.Values {
		sum := 0.0
		for image := range n {
			sum += float64(w[0][image*layers*width+i])
		}
		average.Values[i] = float32(sum / n)
	}
	return nil
}
