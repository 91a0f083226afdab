package gan

import (
	"errors"
	"fmt"
	"slices"
)

// Weights are a network with the values of its parameters: what a model is outside of training.
type Weights struct {
	*Layout
	values []float32
}

// Of returns a parameter's values, which must not be changed.
func (w Weights) Of(p Parameter) []float32 { return w.values[p.Offset:][:p.Len()] }

// Weights returns both networks as they are used: the generator with the moving average of its
// parameters if the file has one.
func (f *ModelFile) Weights() (generator, discriminator Weights, err error) {
	l, err := f.Model.layouts()
	if err != nil {
		return Weights{}, Weights{}, err
	}
	return Weights{l.generator, f.imageWeights()}, Weights{l.discriminator, f.discriminator.parameters}, nil
}

// WeightsAlone is the file with nothing but the weights that Weights returns: it makes images and
// can be evaluated, but not resumed.
func (f *ModelFile) WeightsAlone() *ModelFile {
	alone := *f
	alone.generator = state{parameters: f.imageWeights(), steps: f.generator.steps}
	alone.discriminator = state{parameters: f.discriminator.parameters, steps: f.discriminator.steps}
	return &alone
}

// NewModelFile is a file of a model whose weights were made elsewhere. of returns the values of
// each parameter, and their shape, which is checked.
func NewModelFile(m Model, s Settings, of func(p Parameter) (values []float32, shape []int, err error)) (*ModelFile, error) {
	l, err := m.layouts()
	if err != nil {
		return nil, err
	}
	f := &ModelFile{Model: m, Settings: s}
	for _, n := range f.networks(l) {
		n.parameters = make([]float32, n.layout.Len)
		for _, p := range n.layout.Parameters() {
			values, shape, err := of(p)
			if err != nil {
				return nil, fmt.Errorf("tensor %q: %w", p.Name, err)
			}
			if !slices.Equal(shape, p.Shape) {
				return nil, fmt.Errorf("tensor %q has shape %v, the model wants %v", p.Name, shape, p.Shape)
			}
			if err := finite(p.Name, values); err != nil {
				return nil, err
			}
			copy(n.parameters[p.Offset:], values)
		}
	}
	return f, nil
}

// SetWeights makes a trainer that has made no iteration begin with the weights of a file of the same
// model, those that Weights returns, instead of drawn ones.
func (t *Trainer) SetWeights(f *ModelFile) error {
	g, d, err := f.Weights()
	if err != nil {
		return err
	}
	if t.iteration > 0 || g.Len != t.layouts.generator.Len || d.Len != t.layouts.discriminator.Len {
		return errors.New("initial weights of another model, or in the middle of a run")
	}
	if err := errors.Join(write(t.arrays, parametersOf(g.Name), 0, g.values), write(t.arrays, parametersOf(d.Name), 0, d.values)); err != nil {
		return fmt.Errorf("setting the initial weights: %w", err)
	}
	if t.settings.EMA > 0 {
		return write(t.arrays, averageOf(g.Name), 0, g.values)
	}
	return nil
}
