package train

import (
	"errors"

	"gangpu/engine/program"
)

// Once runs a program of float32 arrays on a device, once: it writes the inputs to the storages of their names, from
// their first element on, and fills the results from the storages of theirs.
func Once(dev program.Device, p *program.Program, inputs, results map[string][]float32) (err error) {
	a := newArrays(dev)
	defer func() { err = errors.Join(err, a.close()) }()
	if err := a.allocFor(p); err != nil {
		return err
	}
	for name, values := range inputs {
		if err := writeInput(a, name, values); err != nil {
			return err
		}
	}
	run, err := a.load(p)
	if err != nil {
		return err
	}
	if err := run.Run(); err != nil {
		return err
	}
	for name, values := range results {
		if err := read(a, name, 0, values); err != nil {
			return err
		}
	}
	return nil
}
