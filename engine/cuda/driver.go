package cuda

// Driver is what a Device asks of the CUDA driver API: the real driver (package cudriver), or the
// emulator of package ptxemu. Handles and device addresses are plain numbers, so that a driver
// needs to know nothing of this package.
//
// A driver's errors have a method Code() int, reachable by errors.As, that returns the CUresult.
type Driver interface {
	// DriverVersion is the newest CUDA version that the driver supports: 12040 is CUDA 12.4.
	DriverVersion() (int, error)
	DeviceCount() (int, error)
	DeviceName(ordinal int) (string, error)
	// DeviceAttribute returns a CUdevice_attribute by its number.
	DeviceAttribute(ordinal, attribute int) (int, error)
	// TotalMem is the device's memory in bytes.
	TotalMem(ordinal int) (uint64, error)

	// Open makes a context on a device, in which all that follows happens. Close destroys it and
	// all that was made in it.
	Open(ordinal int) error
	Close() error
	// Within calls a function on a thread where the context is current, as libraries beside the driver want it.
	Within(f func() error) error

	MemInfo() (free, total uint64, err error)
	MemAlloc(bytes uint64) (ptr uint64, err error)
	MemFree(ptr uint64) error
	MemcpyHtoD(dst uint64, src []byte) error
	MemcpyDtoH(dst []byte, src uint64) error
	MemsetD8(dst uint64, value byte, n uint64) error

	// ModuleLoad compiles PTX. The error of PTX that is refused carries the compiler's log.
	ModuleLoad(ptx []byte) (module uint64, err error)
	ModuleUnload(module uint64) error
	ModuleFunction(module uint64, name string) (fn uint64, err error)
	// FunctionSetMaxDynamicShared lets a function be launched with more dynamic shared memory than
	// 48 KiB.
	FunctionSetMaxDynamicShared(fn uint64, bytes uint32) error
	// Launch enqueues a kernel. args has an 8-byte slot a parameter, its value in the low bytes.
	Launch(fn uint64, grid, block [3]uint32, sharedBytes uint32, stream uint64, args []uint64) error

	// StreamCreate makes a stream whose kernels wait for the copies and clears that were called
	// before them.
	StreamCreate() (stream uint64, err error)
	StreamDestroy(stream uint64) error
	StreamSynchronize(stream uint64) error
	// StreamQuery reports whether all that was enqueued on a stream is done.
	StreamQuery(stream uint64) (done bool, err error)
	EventCreate() (event uint64, err error)
	EventDestroy(event uint64) error
	EventRecord(event, stream uint64) error
	// EventElapsed waits for the second event and returns the time between the two.
	EventElapsed(start, end uint64) (milliseconds float32, err error)

	// CaptureBegin records what is enqueued on a stream until CaptureEnd, which makes a graph of
	// it. A driver without graphs returns errors.ErrUnsupported.
	CaptureBegin(stream uint64) error
	CaptureEnd(stream uint64) (graph uint64, err error)
	GraphLaunch(graph, stream uint64) error
	GraphDestroy(graph uint64) error
}
