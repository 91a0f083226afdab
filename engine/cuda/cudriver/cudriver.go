//go:build gpu && linux && (amd64 || arm64)

package cudriver

import (
	"errors"
	"fmt"
	"reflect"
	"runtime"
	"unsafe"

	"gangpu/engine/cuda/cudriver/libcuda"

	"gorgonia.org/cu"
)

// Driver is one GPU's context. Its methods are those of cuda.Driver and may be called from any
// goroutine, by one at a time.
type Driver struct {
	context cu.CUContext
	ordinal int
	open    bool
	launch  launchBuffer
}

// New starts the CUDA driver. It returns an error that says why if the machine has no GPU to use.
func New() (*Driver, error) {
	if _, reason := libcuda.Status(); reason != "" {
		return nil, errors.New(reason)
	}
	return &Driver{}, nil
}

// Error is a failed call of the CUDA driver API.
type Error struct {
	Call   string // "cuMemAlloc"
	Result int    // the CUresult
	Detail string // the driver's name of the result, or its compiler's log
}

func (e *Error) Error() string {
	return fmt.Sprintf("%s: CUDA error %d: %s", e.Call, e.Result, e.Detail)
}

// Code is the CUresult, as the driver API documents it.
func (e *Error) Code() int { return e.Result }

// failed names the call in an error of cu, whose type is an unexported integer.
func failed(call string, err error) error {
	if err == nil {
		return nil
	}
	e := &Error{Call: call, Result: 999, Detail: err.Error()}
	if v := reflect.ValueOf(err); v.CanInt() {
		e.Result = int(v.Int())
	}
	return e
}

// enter makes the context current: contexts belong to threads, and a goroutine may come on any.
func (d *Driver) enter() error {
	if !d.open {
		return &Error{Call: "cuCtxSetCurrent", Result: 201, Detail: "no device is open"}
	}
	runtime.LockOSThread()
	if err := cu.SetCurrentContext(d.context); err != nil {
		runtime.UnlockOSThread()
		return failed("cuCtxSetCurrent", err)
	}
	return nil
}

func leave() { runtime.UnlockOSThread() }

// DriverVersion is the newest CUDA version that the driver supports: 12040 is CUDA 12.4.
func (d *Driver) DriverVersion() (int, error) {
	v := cu.Version()
	if v < 0 {
		return 0, &Error{Call: "cuDriverGetVersion", Result: 999, Detail: "unknown"}
	}
	return v, nil
}

func (d *Driver) DeviceCount() (int, error) {
	n, err := cu.NumDevices()
	return n, failed("cuDeviceGetCount", err)
}

func (d *Driver) DeviceName(ordinal int) (string, error) {
	name, err := cu.Device(ordinal).Name()
	return name, failed("cuDeviceGetName", err)
}

// DeviceAttribute returns a CUdevice_attribute by its number.
func (d *Driver) DeviceAttribute(ordinal, attribute int) (int, error) {
	v, err := cu.Device(ordinal).Attribute(cu.DeviceAttribute(attribute))
	return v, failed("cuDeviceGetAttribute", err)
}

// TotalMem is the device's memory in bytes.
func (d *Driver) TotalMem(ordinal int) (uint64, error) {
	n, err := cu.Device(ordinal).TotalMem()
	return uint64(n), failed("cuDeviceTotalMem", err)
}

// Open makes the device's primary context its own, which libraries that use CUDA's runtime work in, too. The calling thread
// waits in the driver without spinning.
func (d *Driver) Open(ordinal int) error {
	const active = 708 // CUDA_ERROR_PRIMARY_CONTEXT_ACTIVE: before CUDA 11 another user's flags stay
	err := failed("cuDevicePrimaryCtxSetFlags", cu.Device(ordinal).SetPrimaryCtxFlags(cu.SchedBlockingSync))
	if of := (*Error)(nil); errors.As(err, &of) && of.Result != active {
		return err
	}
	ctx, err := cu.Device(ordinal).RetainPrimaryCtx()
	if err != nil {
		return failed("cuDevicePrimaryCtxRetain", err)
	}
	d.context, d.ordinal, d.open = ctx, ordinal, true
	return nil
}

// Close releases the context: it is destroyed, with all that was made in it, if nobody else uses it.
func (d *Driver) Close() error {
	if !d.open {
		return nil
	}
	d.open = false
	return failed("cuDevicePrimaryCtxRelease", cu.Device(d.ordinal).ReleasePrimaryCtx())
}

// Within calls a function on a thread where the context is current.
func (d *Driver) Within(f func() error) error {
	if err := d.enter(); err != nil {
		return err
	}
	defer leave()
	return f()
}

// MemInfo returns the bytes of device memory that are free and those that there are.
func (d *Driver) MemInfo() (free, total uint64, err error) {
	if err := d.enter(); err != nil {
		return 0, 0, err
	}
	defer leave()
	f, t, err := cu.MemInfo()
	return uint64(f), uint64(t), failed("cuMemGetInfo", err)
}

func (d *Driver) MemAlloc(bytes uint64) (uint64, error) {
	if err := d.enter(); err != nil {
		return 0, err
	}
	defer leave()
	p, err := cu.MemAlloc(int64(bytes))
	return uint64(p), failed("cuMemAlloc", err)
}

func (d *Driver) MemFree(ptr uint64) error {
	if err := d.enter(); err != nil {
		return err
	}
	defer leave()
	return failed("cuMemFree", cu.MemFree(cu.DevicePtr(ptr)))
}

func (d *Driver) MemsetD8(dst uint64, value byte, n uint64) error {
	if err := d.enter(); err != nil {
		return err
	}
	defer leave()
	return failed("cuMemsetD8", cu.MemsetD8(cu.DevicePtr(dst), value, int64(n)))
}

func (d *Driver) ModuleUnload(module uint64) error {
	if err := d.enter(); err != nil {
		return err
	}
	defer leave()
	return failed("cuModuleUnload", handle[cu.Module](module).Unload())
}

func (d *Driver) ModuleFunction(module uint64, name string) (uint64, error) {
	if err := d.enter(); err != nil {
		return 0, err
	}
	defer leave()
	f, err := handle[cu.Module](module).Function(name)
	return number(f), failed("cuModuleGetFunction "+name, err)
}

// StreamCreate makes a stream that waits for the default one, on which memory is cleared and small
// copies end after their call has returned: a non-blocking stream's kernels could overtake them.
func (d *Driver) StreamCreate() (uint64, error) {
	if err := d.enter(); err != nil {
		return 0, err
	}
	defer leave()
	s, err := cu.MakeStream(cu.DefaultStream)
	return number(s), failed("cuStreamCreate", err)
}

func (d *Driver) StreamDestroy(stream uint64) error {
	if err := d.enter(); err != nil {
		return err
	}
	defer leave()
	s := handle[cu.Stream](stream)
	return failed("cuStreamDestroy", s.Destroy())
}

func (d *Driver) StreamSynchronize(stream uint64) error {
	if err := d.enter(); err != nil {
		return err
	}
	defer leave()
	return failed("cuStreamSynchronize", handle[cu.Stream](stream).Synchronize())
}

// StreamQuery reports whether all that was enqueued on a stream is done.
func (d *Driver) StreamQuery(stream uint64) (done bool, err error) {
	if err := d.enter(); err != nil {
		return false, err
	}
	defer leave()
	const notReady = 600 // CUDA_ERROR_NOT_READY
	err = failed("cuStreamQuery", handle[cu.Stream](stream).Query())
	if of := (*Error)(nil); errors.As(err, &of) && of.Result == notReady {
		return false, nil
	}
	return err == nil, err
}

func (d *Driver) EventCreate() (uint64, error) {
	if err := d.enter(); err != nil {
		return 0, err
	}
	defer leave()
	e, err := cu.MakeEvent(cu.DefaultEvent)
	return number(e), failed("cuEventCreate", err)
}

func (d *Driver) EventDestroy(event uint64) error {
	if err := d.enter(); err != nil {
		return err
	}
	defer leave()
	e := handle[cu.Event](event)
	return failed("cuEventDestroy", cu.DestroyEvent(&e))
}

func (d *Driver) EventRecord(event, stream uint64) error {
	if err := d.enter(); err != nil {
		return err
	}
	defer leave()
	return failed("cuEventRecord", handle[cu.Event](event).Record(handle[cu.Stream](stream)))
}

// EventElapsed waits for the second event and returns the time between the two in milliseconds.
func (d *Driver) EventElapsed(start, end uint64) (float32, error) {
	if err := d.enter(); err != nil {
		return 0, err
	}
	defer leave()
	if err := handle[cu.Event](end).Synchronize(); err != nil {
		return 0, failed("cuEventSynchronize", err)
	}
	ms, err := handle[cu.Event](start).Elapsed(handle[cu.Event](end))
	return float32(ms), failed("cuEventElapsedTime", err)
}

// cuHandle is a type of cu that wraps one C handle and nothing else.
type cuHandle interface {
	cu.Module | cu.Function | cu.Stream | cu.Event
}

// The conversions below hold as long as those types are one pointer wide.
const _ = -(unsafe.Sizeof(cu.Module{}) ^ unsafe.Sizeof(uintptr(0))) -
	(unsafe.Sizeof(cu.Function{}) ^ unsafe.Sizeof(uintptr(0))) -
	(unsafe.Sizeof(cu.Stream{}) ^ unsafe.Sizeof(uintptr(0))) -
	(unsafe.Sizeof(cu.Event{}) ^ unsafe.Sizeof(uintptr(0)))

func number[H cuHandle](h H) uint64 { return *(*uint64)(unsafe.Pointer(&h)) }

func handle[H cuHandle](n uint64) (h H) {
	*(*uint64)(unsafe.Pointer(&h)) = n
	return h
}
