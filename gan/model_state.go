package gan

import "gangpu/engine/program"

// state is a network's parameters and what training knows of them, flat as in the Layout. A file
// that was not written by a trainer may lack the latter. The average is the generator's, if the
// settings have one.
type state struct {
	parameters, m, v, average []float32
	steps                     uint32
}

// part is one of the arrays of a state.
type part struct {
	prefix  string                      // of its tensors' names in a file, before the parameter's
	storage func(network string) string // where it lies on a device
	values  *[]float32                  // nil where there is none
}

// parts are all arrays that a state may have. Those of them that a device has an array for, or
// that a file has tensors of, it does have.
func (s *state) parts() []part {
	return []part{
		{"", parametersOf, &s.parameters},
		{"adam/m/", firstMomentOf, &s.m},
		{"adam/v/", secondMomentOf, &s.v},
		{"ema/", averageOf, &s.average},
	}
}

// trained reports whether the state is whole: one that training can go on with.
func (s *state) trained() bool { return s.m != nil && s.v != nil }

// networkState is one network of a file.
type networkState struct {
	*state
	layout *Layout
}

func (f *ModelFile) networks(l layouts) [2]networkState {
	return [2]networkState{{&f.generator, l.generator}, {&f.discriminator, l.discriminator}}
}

// The way of a model's state between a file and a device.

// download reads both networks and the last metrics from the device.
func (f *ModelFile) download(a *arrays, l layouts) error {
	if err := read(a, storageMetrics, 0, f.metrics[:]); err != nil {
		return err
	}
	for _, n := range f.networks(l) {
		var steps [1]uint32
		if err := read(a, stepsOf(n.layout.Name), 0, steps[:]); err != nil {
			return err
		}
		n.steps = steps[0]
		for _, part := range n.parts() {
			storage := part.storage(n.layout.Name)
			if a.bindings[storage] == nil {
				continue
			}
			*part.values = make([]float32, n.layout.Len)
			if err := read(a, storage, 0, *part.values); err != nil {
				return err
			}
		}
	}
	return nil
}

// checkFinite reports the first number of both networks that is not, as a *notFiniteError.
func (f *ModelFile) checkFinite(l layouts) error {
	for _, n := range f.networks(l) {
		for _, part := range n.parts() {
			if *part.values == nil {
				continue
			}
			for _, p := range n.layout.Parameters() {
				if err := finite(part.prefix+p.Name, (*part.values)[p.Offset:][:p.Len()]); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// upload writes both networks, with Adam's state, and the last metrics to the device: a resumed
// run's first iteration may have no D step.
func (f *ModelFile) upload(a *arrays, l layouts) error {
	if err := write(a, storageMetrics, 0, f.metrics[:]); err != nil {
		return err
	}
	for _, n := range f.networks(l) {
		if err := write(a, stepsOf(n.layout.Name), 0, []uint32{n.steps}); err != nil {
			return err
		}
		for _, part := range n.parts() {
			storage := part.storage(n.layout.Name)
			if *part.values == nil || a.bindings[storage] == nil {
				continue
			}
			if err := write(a, storage, 0, *part.values); err != nil {
				return err
			}
		}
	}
	return nil
}

// uploadParameters makes the array of a network's parameters on a device that does not train.
func uploadParameters(a *arrays, l *Layout, values []float32) error {
	if err := a.allocOne(parametersOf(l.Name), program.Float32, l.Len); err != nil {
		return err
	}
	return write(a, parametersOf(l.Name), 0, values)
}
