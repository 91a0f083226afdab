package cuda

import (
	"errors"
	"fmt"

	"gangpu/engine/program"
)

// Device is an open GPU. It is for one goroutine at a time.
type Device struct {
	driver      Driver
	card        Card
	info        program.Info
	version     int // of CUDA that the driver supports
	synchronous bool
	stream      uint64
	pool        pool
	modules     map[string]uint64 // by the PTX's name
	functions   map[string]function
	last        *executable // what was enqueued last, for the report of a fault
	failure     error       // the first fault, after which the context is unusable
	closed      bool
	linked      linked
}

var errClosed = errors.New("the device is closed")

// Info describes the card.
func (d *Device) Info() program.Info { return d.info }

// Alloc makes an array of zeros on the device.
func (d *Device) Alloc(name string, t program.DType, n int) (program.Memory, error) {
	switch {
	case d.closed:
		return nil, fmt.Errorf("allocating %s: %w", name, errClosed)
	case d.failure != nil:
		return nil, d.failure
	case t > program.Uint32:
		return nil, fmt.Errorf("allocating %s: unknown type %v", name, t)
	case n < 0:
		return nil, fmt.Errorf("allocating %s: %d elements", name, n)
	}
	bytes := uint64(n) * uint64(t.Size())
	ptr, err := d.pool.alloc(d.info.Name, name, bytes)
	if err != nil {
		return nil, err
	}
	if bytes > 0 {
		if err := d.Sync(); err != nil {
			return nil, err
		}
		if err := d.driver.MemsetD8(ptr, 0, bytes); err != nil {
			d.pool.release(ptr)
			return nil, d.fault(fmt.Errorf("clearing %s: %w", name, err))
		}
	}
	return &memory{device: d, name: name, dtype: t, len: n, ptr: ptr}, nil
}

// Sync waits until all that was run is done.
func (d *Device) Sync() error {
	if d.closed {
		return errClosed
	}
	if d.failure != nil {
		return d.failure
	}
	if err := d.waitExchange(); err != nil {
		return err
	}
	if err := d.driver.StreamSynchronize(d.stream); err != nil {
		return d.fault(fmt.Errorf("waiting for %w", d.running(err)))
	}
	return nil
}

// running puts before an error what it may have happened in: launches do not wait for their end.
func (d *Device) running(err error) error {
	switch {
	case d.last == nil:
		return fmt.Errorf("the device: %w", err)
	case d.synchronous:
		return fmt.Errorf("program %s: %w", d.last.program.Name, err)
	}
	return &ProgramError{Program: d.last.program.Name, Kernels: len(d.last.launches), Err: err}
}

// Close frees all memory and the context.
func (d *Device) Close() error {
	if d.closed {
		return nil
	}
	unsynced := d.waitExchange()
	links := d.closeLinks()
	d.closed = true
	if d.failure != nil {
		// The context is broken: destroying it is all that still works.
		return errors.Join(unsynced, links, d.driver.Close())
	}
	errs := []error{links, d.driver.StreamSynchronize(d.stream), d.pool.close()}
	for _, m := range d.modules {
		errs = append(errs, d.driver.ModuleUnload(m))
	}
	errs = append(errs, d.driver.StreamDestroy(d.stream), d.driver.Close())
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("closing %s: %w", d.info.Name, err)
	}
	return nil
}

// fault explains an error of the driver and, if the context did not survive it, remembers it: from
// then on every call returns it.
func (d *Device) fault(err error) error {
	if d.failure != nil {
		return d.failure
	}
	code := result(err)
	switch code {
	case resultIllegalAddress, resultMisalignedAddress, resultLaunchFailed, resultIllegalInstr, resultHardwareStack:
		err = fmt.Errorf("%s: a kernel failed: %w", d.info.Name, err)
	case resultLaunchTimeout:
		err = fmt.Errorf("%s: a kernel ran longer than this machine's display driver allows: %w", d.info.Name, err)
	case resultECCUncorrectable:
		err = fmt.Errorf("%s: the card's memory is faulty: %w", d.info.Name, err)
	default:
		err = fmt.Errorf("%s: %w", d.info.Name, err)
	}
	if code >= resultIllegalAddress || code == resultECCUncorrectable {
		d.failure = err
	}
	return err
}
