package cuda

import (
	"errors"
	"fmt"
	"maps"
	"slices"

	"gangpu/engine/program"
)

// pool hands out device memory, keeps what is given back for the next one who wants as much, and
// frees everything on close.
type pool struct {
	driver Driver
	inUse  map[uint64]uint64   // address -> bytes
	free   map[uint64][]uint64 // bytes -> addresses
	held   uint64              // bytes in use
}

// Sizes are rounded up, so that blocks fit their successors and vector loads past an array's end
// stay inside its block.
const poolGranularity = 512

func (p *pool) alloc(device, what string, bytes uint64) (uint64, error) {
	bytes = (max(bytes, 1) + poolGranularity - 1) / poolGranularity * poolGranularity
	if p.inUse == nil {
		p.inUse, p.free = map[uint64]uint64{}, map[uint64][]uint64{}
	}
	var ptr uint64
	if list := p.free[bytes]; len(list) > 0 {
		ptr, p.free[bytes] = list[len(list)-1], list[:len(list)-1]
	} else {
		var err error
		ptr, err = p.driver.MemAlloc(bytes)
		if result(err) == resultOutOfMemory && p.trim() == nil {
			ptr, err = p.driver.MemAlloc(bytes)
		}
		if result(err) == resultOutOfMemory {
			free, _, infoErr := p.driver.MemInfo()
			return 0, errors.Join(&program.OutOfMemoryError{Device: device, What: what, Need: bytes, Held: p.held, Free: free}, infoErr)
		}
		if err != nil {
			return 0, fmt.Errorf("%s: allocating %d bytes for %s: %w", device, bytes, what, err)
		}
	}
	p.inUse[ptr] = bytes
	p.held += bytes
	return ptr, nil
}

func (p *pool) release(ptr uint64) {
	if bytes, ok := p.inUse[ptr]; ok {
		delete(p.inUse, ptr)
		p.held -= bytes
		p.free[bytes] = append(p.free[bytes], ptr)
	}
}

// trim returns to the driver what nobody uses.
func (p *pool) trim() error {
	var errs []error
	for bytes, list := range p.free {
		for _, ptr := range list {
			errs = append(errs, p.driver.MemFree(ptr))
		}
		delete(p.free, bytes)
	}
	return errors.Join(errs...)
}

func (p *pool) close() error {
	for _, ptr := range slices.Sorted(maps.Keys(p.inUse)) {
		p.release(ptr)
	}
	return p.trim()
}
