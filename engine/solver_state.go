package engine

import (
	"fmt"
	"reflect"
	"unsafe"

	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"gangpu/engine/program"
)

// A solver of Gorgonia's keeps its state in a slice "cache", a value for each parameter: a struct of two values, of
// which Momentum and RMSProp use the first. Adam counts its updates in "iter".

// stateFields are the fields of a value of the cache, by the number of the state.
var stateFields = [2]string{"Value", "d"}

// fieldAt is a field as a value that can be set.
func fieldAt(of any, name string, kind reflect.Kind) (reflect.Value, error) {
	f, err := field(of, name, kind)
	if err != nil {
		return f, err
	}
	return reflect.NewAt(f.Type(), unsafe.Pointer(f.UnsafeAddr())).Elem(), nil
}

// hostState is a state of parameter i as the solver has it, or nil if it has none yet.
func (s *solver) hostState(i, state int) (gorgonia.Value, error) {
	cache, err := fieldAt(s.of, "cache", reflect.Slice)
	if err != nil || cache.Len() <= i || cache.Index(i).IsNil() {
		return nil, err
	}
	f, err := fieldAt(cache.Index(i).Interface(), stateFields[state], reflect.Interface)
	if err != nil || f.IsNil() {
		return nil, err
	}
	return f.Interface().(gorgonia.Value), nil
}

// setHostStates gives the solver the states of n parameters, made by a function.
func (s *solver) setHostStates(n int, state func(i, state int) (gorgonia.Value, error)) error {
	cache, err := fieldAt(s.of, "cache", reflect.Slice)
	if err != nil {
		return err
	}
	if cache.Len() != n {
		cache.Set(reflect.MakeSlice(cache.Type(), n, n))
	}
	for i := range n {
		if cache.Index(i).IsNil() {
			cache.Index(i).Set(reflect.New(cache.Type().Elem().Elem()))
		}
		for j, name := range stateFields {
			f, err := fieldAt(cache.Index(i).Interface(), name, reflect.Interface)
			if err != nil {
				return err
			}
			v, err := state(i, j)
			if err != nil {
				return err
			}
			f.Set(reflect.ValueOf(v))
		}
	}
	return nil
}

// counter is how many updates Adam has made; another solver does not count.
func (s *solver) counter() (reflect.Value, bool, error) {
	if _, counts := s.of.(*gorgonia.AdamSolver); !counts {
		return reflect.Value{}, false, nil
	}
	f, err := fieldAt(s.of, "iter", reflect.Int)
	return f, err == nil, err
}

// uploadState gives the device what the solver remembers from the host.
func (t *training) uploadState(vm *VM) error {
	if n, counts, err := t.solver.counter(); err != nil {
		return err
	} else if counts {
		t.updates = int(n.Int())
	}
	for i, n := range t.nodes {
		for state := range t.solver.states {
			v, err := t.solver.hostState(i, state)
			if err != nil || v == nil {
				if err != nil {
					return err
				}
				continue
			}
			data, err := elements[float32](v)
			if err == nil && len(data) != n.Shape().TotalSize() {
				err = fmt.Errorf("%d elements, for as many parameters as %v", len(data), n.Shape())
			}
			if err == nil {
				err = program.WriteSlice(vm.memory[t.stateAt(i, state)], 0, data)
			}
			if err != nil {
				return fmt.Errorf("the solver's state of %s: %w", describe(n), err)
			}
		}
	}
	return nil
}

// downloadState gives the solver on the host what the device remembers.
func (t *training) downloadState(vm *VM) error {
	if n, counts, err := t.solver.counter(); err != nil {
		return err
	} else if counts {
		n.SetInt(int64(t.updates))
	}
	if t.solver.states == 0 {
		return nil
	}
	return t.solver.setHostStates(len(t.nodes), func(i, state int) (gorgonia.Value, error) {
		shape := t.nodes[i].Shape()
		data := make([]float32, shape.TotalSize())
		if state < t.solver.states {
			if err := program.ReadSlice(data, vm.memory[t.stateAt(i, state)], 0); err != nil {
				return nil, fmt.Errorf("the solver's state of %s: %w", describe(t.nodes[i]), err)
			}
		}
		return newValue(tensor.Shape(shape), data), nil
	})
}
