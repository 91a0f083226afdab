package train

import (
	"slices"

	"gangpu/gan/nn"
)

// Parts makes n images of the noise of a seed, of classes as OfClasses has them, no more than part at a time. Each part is
// handed on: its images [count, height, width, channels] from 0 to 1, and the inputs that they were made of.
func (s *Sampler) Parts(seed uint64, n, part int, classes []int, each func(pixels []float32, inputs map[string][]float32, count int) error) error {
	inputs, err := s.Noise(seed, n)
	if err != nil {
		return err
	}
	if err := s.OfClasses(inputs, n, classes...); err != nil {
		return err
	}
	return s.PartsOf(inputs, n, part, each)
}

// PartsOf makes n images of inputs, by name [n, ...], as Parts does.
func (s *Sampler) PartsOf(inputs map[string][]float32, n, part int, each func(pixels []float32, inputs map[string][]float32, count int) error) error {
	for first := 0; first < n; first += part {
		count, of := min(part, n-first), map[string][]float32{}
		for name, values := range inputs {
			size := len(values) / n
			of[name] = values[first*size : (first+count)*size]
		}
		pixels, err := s.Generate(of, count)
		if err != nil {
			return err
		}
		if err := each(pixels, of, count); err != nil {
			return err
		}
	}
	return nil
}

// ImageShape is the shape of the images that a model makes, height, width and channels, and false if it makes none.
func (m *Model) ImageShape() (shape []int, ok bool) {
	saved := m.Uses[SampleUse]
	if saved == nil {
		return nil, false
	}
	y, _, err := saved.Build(nn.NewGraph(SampleUse, dtype), 1)
	if err != nil || len(y) != 1 || len(y[0].Shape()) != 4 {
		return nil, false
	}
	return slices.Clone(y[0].Shape()[1:]), true
}
