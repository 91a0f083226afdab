package train

import (
	"errors"
	"fmt"

	"gangpu/engine/program"
)

// arrays are those behind the storages of programs on one device.
type arrays struct {
	dev      program.Device
	bindings program.Bindings
	owned    []func() error // frees them
}

func newArrays(dev program.Device) *arrays { return &arrays{dev: dev, bindings: program.Bindings{}} }

// alloc makes an array of zeros, if there is none of the name.
func (a *arrays) alloc(name string, t program.DType, n int) error {
	if m := a.bindings[name]; m != nil {
		if m.DType() != t || m.Len() < n {
			return fmt.Errorf("array %s has %d elements of %v, and %d of %v are wanted", name, m.Len(), m.DType(), n, t)
		}
		return nil
	}
	m, err := a.dev.Alloc(name, t, n)
	if err != nil {
		return fmt.Errorf("allocating %s: %w", name, err)
	}
	a.bindings[name] = m
	a.owned = append(a.owned, m.Free)
	return nil
}

// allocFor makes what programs need. A name has one array for all of them, as long as the longest.
func (a *arrays) allocFor(programs ...*program.Program) error {
	all, err := program.Join("arrays", programs...)
	if err != nil {
		return err
	}
	for _, s := range all.Storages {
		if s.Scratch {
			continue
		}
		if err := a.alloc(s.Name, s.DType, s.Len); err != nil {
			return err
		}
	}
	return nil
}

// load prepares a program to run.
func (a *arrays) load(p *program.Program) (program.Executable, error) {
	e, err := a.dev.Load(p, a.bindings)
	if err != nil {
		return nil, fmt.Errorf("loading program %s: %w", p.Name, err)
	}
	a.owned = append(a.owned, e.Close)
	return e, nil
}

// writeInput is write of an input, which is left out where no program reads it.
func writeInput[T program.Element](a *arrays, storage string, src []T) error {
	if a.bindings[storage] == nil {
		return nil
	}
	return write(a, storage, 0, src)
}

func write[T program.Element](a *arrays, storage string, offset int, src []T) error {
	if err := program.WriteSlice(a.bindings[storage], offset, src); err != nil {
		return fmt.Errorf("writing %s: %w", storage, err)
	}
	return nil
}

func read[T program.Element](a *arrays, storage string, offset int, dst []T) error {
	if err := program.ReadSlice(dst, a.bindings[storage], offset); err != nil {
		return fmt.Errorf("reading %s: %w", storage, err)
	}
	return nil
}

// close frees all, the newest first.
func (a *arrays) close() error {
	var err error
	for i := len(a.owned) - 1; i >= 0; i-- {
		err = errors.Join(err, a.owned[i]())
	}
	a.owned = nil
	return err
}
