package gan

import "gangpu/engine/program"

// The way of a model's state between a file and a device.

// download reads both networks and the last metrics from the device.
func (f *ModelFile) download(a *arrays, l layouts) error {
	if err := read(a, storageMetrics, 0, f.metrics[:]); err != nil {
		return err
	}
	for _, n := range f.networks(l) {
		name, length := n.layout.Name, n.layout.Len
		n.parameters, n.m, n.v = make([]float32, length), make([]float32, length), make([]float32, length)
		var steps [1]uint32
		if err := read(a, stepsOf(name), 0, steps[:]); err != nil {
			return err
		}
		n.steps = steps[0]
		for _, x := range n.flat() {
			if err := read(a, x.storage, 0, x.values); err != nil {
				return err
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
		for _, x := range n.flat() {
			if err := write(a, x.storage, 0, x.values); err != nil {
				return err
			}
		}
	}
	return nil
}

// uploadParameters makes the array of a network's parameters on a device that does not train.
func (s *state) uploadParameters(a *arrays, l *Layout) error {
	if err := a.allocOne(parametersOf(l.Name), program.Float32, l.Len); err != nil {
		return err
	}
	return write(a, parametersOf(l.Name), 0, s.parameters)
}

// flatArray is one of a network's arrays and where it lies on a device.
type flatArray struct {
	storage string
	values  []float32
}

func (n networkState) flat() [3]flatArray {
	name := n.layout.Name
	return [3]flatArray{{parametersOf(name), n.parameters}, {firstMomentOf(name), n.m}, {secondMomentOf(name), n.v}}
}
