//go:build gpu && linux && cgo && (amd64 || arm64)

package softnccl

/*
#include <stdint.h>

// The context that is current on a thread, as the CUDA driver keeps it: a Device's number, 0 for none.
static _Thread_local int current;
static int swap_current(int device) {
	int old = current;
	current = device;
	return old;
}
static int get_current(void) { return current; }
*/
import "C"

import (
	"errors"
	"runtime"
	"sync"
	"sync/atomic"

	"gangpu/kernels/ptxemu"
)

// Device is an emulated device whose exchanges of memory go on while calls return, as on a GPU, and so do launches after them.
// What copies waits for their end.
type Device struct {
	*ptxemu.Driver
	number C.int

	mu      sync.Mutex
	pending chan struct{} // is closed when the exchanges that were enqueued are done; nil for none
	failure error         // of what was launched after an exchange
	group   []transfer
	frozen  atomic.Bool
}

var devices struct {
	sync.Mutex
	all []*Device // number 1 first
}

// NewDevice makes a device of an emulator that nobody else uses.
func NewDevice(d *ptxemu.Driver) *Device {
	devices.Lock()
	defer devices.Unlock()
	of := &Device{Driver: d, number: C.int(len(devices.all) + 1)}
	devices.all = append(devices.all, of)
	return of
}

// currentDevice is the one whose context is current on this thread, nil for none.
func currentDevice() *Device {
	number := C.get_current()
	devices.Lock()
	defer devices.Unlock()
	if number == 0 {
		return nil
	}
	return devices.all[number-1]
}

// Within calls a function on a thread where the device is current.
func (d *Device) Within(f func() error) error {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	defer C.swap_current(C.swap_current(d.number))
	return f()
}

// enqueue has a function run when what was enqueued before is done.
func (d *Device) enqueue(f func()) {
	d.mu.Lock()
	defer d.mu.Unlock()
	before, done := d.pending, make(chan struct{})
	d.pending = done
	go func() {
		defer close(done)
		if before != nil {
			<-before
		}
		f()
	}()
}

// settle waits for all exchanges.
func (d *Device) settle() {
	d.mu.Lock()
	pending := d.pending
	d.mu.Unlock()
	if pending != nil {
		<-pending
	}
}

// later does something when what was enqueued is done: at once, or after the call has returned. A failure then is one of what
// waits for the device.
func (d *Device) later(f func() error) error {
	if d.idle() {
		return f()
	}
	d.enqueue(func() {
		if err := f(); err != nil {
			d.mu.Lock()
			defer d.mu.Unlock()
			d.failure = errors.Join(d.failure, err)
		}
	})
	return nil
}

func (d *Device) idle() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	select {
	case <-d.pending:
		return true
	default:
		return d.pending == nil
	}
}

// Freeze has the device's exchanges never be done from then on, until they are given up.
func (d *Device) Freeze() { d.frozen.Store(true) }

func (d *Device) StreamQuery(stream uint64) (done bool, err error) {
	if !d.idle() {
		return false, nil
	}
	return true, d.StreamSynchronize(stream)
}

func (d *Device) StreamSynchronize(stream uint64) error {
	d.settle()
	d.mu.Lock()
	defer d.mu.Unlock()
	return errors.Join(d.failure, d.Driver.StreamSynchronize(stream))
}

func (d *Device) Launch(fn uint64, grid, block [3]uint32, shared uint32, stream uint64, args []uint64) error {
	return d.later(func() error { return d.Driver.Launch(fn, grid, block, shared, stream, args) })
}

func (d *Device) GraphLaunch(graph, stream uint64) error {
	return d.later(func() error { return d.Driver.GraphLaunch(graph, stream) })
}

func (d *Device) MemcpyHtoD(dst uint64, src []byte) error {
	d.settle()
	return d.Driver.MemcpyHtoD(dst, src)
}

func (d *Device) MemcpyDtoH(dst []byte, src uint64) error {
	d.settle()
	return d.Driver.MemcpyDtoH(dst, src)
}

func (d *Device) MemsetD8(dst uint64, value byte, n uint64) error {
	d.settle()
	return d.Driver.MemsetD8(dst, value, n)
}
