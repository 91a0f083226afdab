package train

import (
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"

	"gangpu/engine/program"
	"gangpu/gan/nn"
)

// A model whose generator maps noise to styles, which steer the layers that make the image (Karras et al., 2019), has both
// halves of SampleUse as uses too.
const (
	// MapUse makes styles [layers, width] of noise. Its input TruncationInput [layers] says how far those of each layer go
	// from the average of w: 1 is all the way.
	MapUse          = "map"
	TruncationInput = "truncation"
	// SynthesiseUse makes an image, in [0, 1], of its input StylesInput [layers, width] and of noise.
	SynthesiseUse = "synthesise"
	StylesInput   = "w"
)

// HasStyles reports whether a model has the uses MapUse and SynthesiseUse.
func (m *Model) HasStyles() bool { return m.Uses[MapUse] != nil && m.Uses[SynthesiseUse] != nil }

// styles are the two halves of a sampler.
type styles struct {
	mapping, synthesis *Runner
	shape              []int     // [layers, width]
	truncation         []float32 // of the layers
}

// NewStyled prepares to make images by the styles of a model that has some. Those of the first layers, of so many, go only
// this part of the way from the average: 0 layers are all of them.
func NewStyled(dev program.Device, m *Model, batch int, truncation float64, layers int) (_ *Sampler, err error) {
	if !m.HasStyles() {
		return nil, fmt.Errorf("the generator of the game %s makes no styles of noise", m.Game)
	}
	s, err := NewSampler(dev, m, batch)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.Close())
		}
	}()
	s.styles = &styles{}
	if s.styles.mapping, err = NewRunner(dev, m, MapUse, batch); err != nil {
		return nil, err
	}
	if s.styles.synthesis, err = NewRunner(dev, m, SynthesiseUse, batch); err != nil {
		return nil, err
	}
	shape := s.styles.mapping.shapes[0]
	if len(shape) != 2 || !slices.ContainsFunc(s.styles.synthesis.inputs, func(in nn.SavedInput) bool {
		return in.Name == StylesInput && slices.Equal(in.Shape, shape)
	}) || !slices.Equal(s.styles.synthesis.shapes[0], s.shape) {
		return nil, fmt.Errorf("the model makes styles of shape %v, which its images are not made of", shape)
	}
	s.styles.shape = shape
	for i := range shape[0] {
		t := float32(1)
		if layers == 0 || i < layers {
			t = float32(truncation)
		}
		s.styles.truncation = append(s.styles.truncation, t)
	}
	return s, nil
}

// StylesShape is that of an image's styles, [layers, width]; nil for a sampler that does not go by them.
func (s *Sampler) StylesShape() []int {
	if s.styles == nil {
		return nil
	}
	return slices.Clone(s.styles.shape)
}

// Styles are those of n images, [n, layers, width], of inputs as Generate takes them: those that are given, or those of the noise,
// which are truncated.
func (s *Sampler) Styles(inputs map[string][]float32, n int) ([]float32, error) {
	if w, given := inputs[StylesInput]; given {
		return w, nil
	}
	inputs = maps.Clone(inputs)
	inputs[TruncationInput] = slices.Repeat(s.styles.truncation, n)
	w, err := s.styles.mapping.Run(inputs, n)
	if err != nil {
		return nil, fmt.Errorf("mapping noise to styles: %w", err)
	}
	return w[0], nil
}

// GiveLatents adds to inputs, which have the noise of n images, what [Project] finds of each in the place of what was drawn:
// styles [n, layers, width] of a model of styles, else its one noise [n, ...].
func (s *Sampler) GiveLatents(inputs map[string][]float32, n int, shape []int, values []float32) error {
	for i, v := range values {
		if v-v != 0 {
			return fmt.Errorf("number %d is %v", i, v)
		}
	}
	if s.styles != nil {
		if want := append([]int{n}, s.styles.shape...); !slices.Equal(shape, want) {
			return fmt.Errorf("the styles are %v, want %v [images, layers, width]", shape, want)
		}
		inputs[StylesInput] = values
		return nil
	}
	for _, in := range s.inputs {
		if in.Role == nn.Noise && slices.Equal(shape, append([]int{n}, in.Shape...)) {
			inputs[in.Name] = values
			return nil
		}
	}
	return fmt.Errorf("the model has no noise of shape %v", shape[1:])
}

// Synthesise makes n images of styles, as Generate does; the rest of the inputs is noise.
func (s *Sampler) Synthesise(w []float32, inputs map[string][]float32, n int) ([]float32, error) {
	inputs = maps.Clone(inputs)
	inputs[StylesInput] = w
	y, err := s.styles.synthesis.Run(inputs, n)
	if err != nil {
		return nil, fmt.Errorf("making images of styles: %w", err)
	}
	return y[0], nil
}

// PathLengths are those of n ways between two images, by noise and by styles (Karras et al., 2019, section 4.1): the mean
// square of how much a pixel, from 0 to 1, changes a small step along the way, over that of the step,
//
//	mean over pixels of ((image(t+step) - image(t))/step)^2
//
// of a drawn t from 0 to 1. By noise the way is [Spherical] in z, by styles [Straight] in w. Both images have the same
// noise in pixels. The authors have the distance of a network's features in the place of pixels', and a step of 1e-4: here it
// is larger, so that what float32 rounds does not count.
func (s *Sampler) PathLengths(seed uint64, n int) (byNoise, byStyles []float64, err error) {
	const step = 1e-3
	if s.styles == nil {
		return nil, nil, errors.New("lengths of paths: the sampler does not go by styles")
	}
	a, err := s.Noise(seed, 2*n)
	if err != nil {
		return nil, nil, err
	}
	w, err := s.Styles(a, 2*n)
	if err != nil {
		return nil, nil, err
	}
	// Of rows 2i and 2i+1, those that are t and t+step of the way between them.
	random := rand.New(rand.NewPCG(seed, 1))
	t := make([]float64, n)
	for i := range t {
		t[i] = random.Float64()
	}
	ends := func(rows []float32, way func(to, a, b []float32, t float64)) []float32 {
		each := len(rows) / (2 * n)
		all := make([]float32, len(rows))
		for i := range n {
			from, to := rows[2*i*each:][:each], rows[(2*i+1)*each:][:each]
			way(all[2*i*each:][:each], from, to, t[i])
			way(all[(2*i+1)*each:][:each], from, to, t[i]+step)
		}
		return all
	}
	mapped, same := maps.Clone(a), maps.Clone(a)
	for _, in := range s.styles.mapping.inputs {
		if in.Role == nn.Noise {
			mapped[in.Name] = ends(a[in.Name], Spherical)
		}
	}
	for _, in := range s.styles.synthesis.inputs {
		if in.Role == nn.Noise {
			same[in.Name] = ends(a[in.Name], func(to, a, _ []float32, _ float64) { copy(to, a) })
		}
	}
	lengths := func(w []float32) ([]float64, error) {
		pixels, err := s.Synthesise(w, same, 2*n)
		if err != nil {
			return nil, err
		}
		each := len(pixels) / (2 * n)
		all := make([]float64, n)
		for i := range all {
			for j, x := range pixels[2*i*each:][:each] {
				d := (float64(pixels[(2*i+1)*each+j]) - float64(x)) / step
				all[i] += d * d / float64(each)
			}
		}
		return all, nil
	}
	between, err := s.Styles(mapped, 2*n)
	if err != nil {
		return nil, nil, err
	}
	if byNoise, err = lengths(between); err != nil {
		return nil, nil, err
	}
	byStyles, err = lengths(ends(w, Straight))
	return byNoise, byStyles, err
}

// Mix makes n*n images of the inputs of n: image i*n+j has image i's styles in the layers before the first one given, and
// image j's from there on (Karras et al., 2019, figure 3). Image i*n+i is image i.
func (s *Sampler) Mix(inputs map[string][]float32, n, from int) ([]float32, error) {
	w, err := s.Styles(inputs, n)
	if err != nil {
		return nil, err
	}
	layers, width := s.styles.shape[0], s.styles.shape[1]
	if from < 0 || from > layers {
		return nil, fmt.Errorf("styles from layer %d on: the model has %d layers", from, layers)
	}
	each, at := layers*width, from*width
	mixed := make([]float32, 0, n*n*each)
	for i := range n {
		for j := range n {
			mixed = append(append(mixed, w[i*each:][:at]...), w[j*each+at:(j+1)*each]...)
		}
	}
	all := map[string][]float32{}
	for name, rows := range inputs {
		of := len(rows) / n
		for i := range n {
			all[name] = append(all[name], slices.Repeat(rows[i*of:][:of], n)...)
		}
	}
	return s.Synthesise(mixed, all, n*n)
}

// Close frees what the sampler holds on the device.
func (s *Sampler) Close() error {
	err := s.Runner.Close()
	if s.styles == nil {
		return err
	}
	for _, r := range []*Runner{s.styles.mapping, s.styles.synthesis} {
		if r != nil {
			err = errors.Join(err, r.Close())
		}
	}
	return err
}
