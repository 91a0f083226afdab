// Package cpu is the device that runs programs on the processor: worker goroutines on all cores,
// and kernels in assembly for amd64 (AVX-512, or AVX2 with FMA) with plain-Go twins for other
// processors and for builds with the tag noasm.
package cpu

import (
	"fmt"
	"runtime"

	"gangpu/engine/program"
	"gangpu/internal/hostmemory"
)

// Options say how a device uses the processor.
type Options struct {
	Threads int // workers; 0 for one a core that Go may use (GOMAXPROCS)
}

// Device is the processor. Results do not depend on its number of threads, to the bit.
type Device struct {
	pool   *pool
	budget *budget
}

// Open starts a device.
func Open(o Options) (*Device, error) {
	threads := o.Threads
	if threads < 0 {
		return nil, fmt.Errorf("cpu: %d threads, want at least 1, or 0 for all cores", threads)
	}
	if threads == 0 {
		threads = runtime.GOMAXPROCS(0)
	}
	return &Device{pool: newPool(threads), budget: newBudget()}, nil
}

// Info names the processor, the number of threads and the instruction set in use.
func (d *Device) Info() program.Info {
	threads := "no threads"
	if d.pool != nil {
		threads = fmt.Sprintf("%d threads", d.pool.threads)
		if d.pool.threads == 1 {
			threads = "1 thread"
		}
	}
	return program.Info{
		Name:        "cpu",
		Description: fmt.Sprintf("%s, %s, %s", processor(), threads, unit.name),
		Precision:   "fp32",
		Memory:      hostmemory.Total(),
	}
}

// Alloc makes an array of zeros. More than there is memory for is a *program.OutOfMemoryError.
func (d *Device) Alloc(name string, t program.DType, n int) (program.Memory, error) {
	switch {
	case d.pool == nil:
		return nil, fmt.Errorf("cpu: allocating %s: %w", name, errClosed)
	case t > program.Uint32:
		return nil, fmt.Errorf("cpu: allocating %s: unknown type %v", name, t)
	case n < 0:
		return nil, fmt.Errorf("cpu: allocating %s: %d elements", name, n)
	}
	if err := d.budget.take(name, n, t.Size()); err != nil {
		return nil, err
	}
	m := newMemory(name, t, n)
	m.budget = d.budget
	return m, nil
}

// Sync has nothing to wait for: Run returns when all is done.
func (d *Device) Sync() error { return nil }

// Close ends the workers.
func (d *Device) Close() error {
	if d.pool != nil {
		d.pool.close()
		d.pool = nil
	}
	return nil
}
