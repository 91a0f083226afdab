package cuda

import (
	"fmt"

	"gangpu/engine/program"
)

// windower is a driver that finds accesses outside of an array, also where arrays lie side by side in one
// allocation, or one after the other in the same place: it gives each an address of its own, see
// [ptxemu.Driver.MemWindow].
type windower interface {
	MemWindow(ptr, bytes uint64) (window uint64, err error)
}

// addresses are those of a step's arguments. lies is where these are: elsewhere than the addresses that
// kernels get, if the driver has windows.
type addresses struct{ args, lies []uint64 }

// where is the place of an address in an argument: the last one that begins there or before.
func (a addresses) where(address uint64) uint64 {
	in := -1
	for i, arg := range a.args {
		if arg <= address && (in < 0 || arg > a.args[in]) {
			in = i
		}
	}
	if in < 0 {
		return address
	}
	return a.lies[in] + address - a.args[in]
}

// addresses are those of the arguments of all steps of the program, whose storages lie at the addresses.
func (e *executable) addresses(storages []uint64) ([]addresses, error) {
	all := make([]addresses, len(e.program.Steps))
	for i, s := range e.program.Steps {
		lies := make([]uint64, len(s.Args))
		for j, v := range s.Args {
			lies[j] = storages[v.Storage] + bytesOf(e.program, v.Storage, v.Offset)
		}
		all[i] = addresses{lies, lies}
	}
	driver, ok := e.device.driver.(windower)
	if !ok {
		return all, nil
	}
	values, of, err := e.program.Values()
	if err != nil {
		return nil, err
	}
	windows := make([]uint64, len(values))
	for i, v := range values {
		windows[i], err = driver.MemWindow(storages[v.Storage]+bytesOf(e.program, v.Storage, v.Offset), bytesOf(e.program, v.Storage, v.Len))
		if err != nil {
			return nil, e.device.fault(fmt.Errorf("making a window: %w", err))
		}
		e.windows = append(e.windows, windows[i])
	}
	for i, s := range e.program.Steps {
		args := make([]uint64, len(s.Args))
		for j, v := range s.Args {
			if args[j] = all[i].lies[j]; of[i][j] >= 0 {
				args[j] = windows[of[i][j]] + bytesOf(e.program, v.Storage, v.Offset-values[of[i][j]].Offset)
			}
		}
		all[i].args = args
	}
	return all, nil
}

// bytesOf is the size of so many elements of a storage.
func bytesOf(p *program.Program, storage, elements int) uint64 {
	return uint64(elements) * uint64(p.Storages[storage].DType.Size())
}
