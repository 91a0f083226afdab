package train

import (
	"errors"
	"fmt"
	"slices"

	"gangpu/engine/program"
	"gangpu/gan/nn"
)

// Standing is the model with other statistics in the batch norms that its images go through: the means of those of some
// batches that it makes, of all classes, in the place of the running averages that training kept (Brock et al., 2019,
// appendix A: standing statistics). The noise is of the seed, and truncated as [Runner.AddNoise] has it: running averages are
// those of noise that is not. A model without such norms comes back as it is.
func (m *Model) Standing(dev program.Device, batch, batches int, seed uint64, truncation float64) (_ *Model, err error) {
	saved, ok := m.Uses[SampleUse]
	if !ok {
		return nil, fmt.Errorf("the model of the game %s makes no images of noise", m.Game)
	}
	graph, of := saved.Statistics()
	if graph == nil {
		return m, nil
	}
	r, err := runnerOf(dev, m, SampleUse, graph, batch, false)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	r.Truncation = truncation
	inputs := map[string][]float32{}
	if err := r.AddNoise(inputs, seed, batch*batches); err != nil {
		return nil, err
	}
	for _, in := range r.inputs {
		switch {
		case in.Role == nn.Example && len(in.Shape) == 1: // classes
			rows := make([]float32, batch*batches*in.Shape[0])
			for i := range batch * batches {
				rows[i*in.Shape[0]+i%in.Shape[0]] = 1
			}
			inputs[in.Name] = rows
		case in.Role == nn.Example:
			return nil, fmt.Errorf("the model's images are made of %s, which is not drawn", in.Name)
		}
	}
	sums := make([][]float64, len(of))
	for i, s := range r.shapes {
		sums[i] = make([]float64, size(s))
	}
	for k := range batches {
		if err := r.add(sums, inputs, k); err != nil {
			return nil, err
		}
	}
	standing := *m
	standing.Arrays = slices.Clone(m.Arrays)
	for i, name := range of {
		used, _ := m.Used(name)
		if len(sums[i]) != len(used.Values) {
			return nil, fmt.Errorf("%s has %d numbers, its norm %d", name, len(used.Values), len(sums[i]))
		}
		values := make([]float32, len(sums[i]))
		for c, v := range sums[i] {
			values[c] = float32(v / float64(batches))
		}
		at := slices.IndexFunc(standing.Arrays, func(a Array) bool { return a.Name == used.Name })
		standing.Arrays[at].Values = values
	}
	return &standing, nil
}

// add adds the results of a batch of the inputs, which are no batch themselves.
func (r *Runner) add(sums [][]float64, inputs map[string][]float32, batch int) error {
	for _, in := range r.inputs {
		at, n := "input/"+in.Name, r.batch*size(in.Shape)
		if in.Role == nn.Noise {
			at = "draw/" + in.Name
		}
		if err := writeInput(r.arrays, at, inputs[in.Name][batch*n:][:n]); err != nil {
			return err
		}
	}
	if err := r.run.Run(); err != nil {
		return err
	}
	for i := range sums {
		values := make([]float32, len(sums[i]))
		if err := read(r.arrays, resultOf(i), 0, values); err != nil {
			return err
		}
		for c, v := range values {
			sums[i][c] += float64(v)
		}
	}
	return nil
}
