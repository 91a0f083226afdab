package ptxemu

import (
	"cmp"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"time"
)

// Options describes the device that a Driver pretends to be. The zero value is a device of compute capability 8.0
// with 16 GiB of memory, without checks.
type Options struct {
	// Capability is the compute capability, 80 for 8.0.
	Capability int
	// Memory is the size of device memory in bytes. It costs the host only what is allocated.
	Memory uint64
	// SharedPerBlock is the most shared memory that a block may ask for, static and dynamic: 163 KiB.
	SharedPerBlock int
	// DriverVersion is the CUDA version: 12040 for 12.4.
	DriverVersion int
	// Checks turns on the checkers of package ptxemu's documentation. Without them only what would
	// crash hardware is found: addresses outside allocations, misaligned ones, barriers that never open.
	Checks bool
	// Traffic counts what [Counters] has of it. It takes half as much memory again.
	Traffic bool
	// NoProducts makes mma.sync count and compute nothing, which takes a fifth of the time of kernels that are made of it:
	// for those who want the counters alone.
	NoProducts bool
	// Launched, if not nil, is called after each launch with its grid and what it has executed. It must not call the
	// driver.
	Launched func(grid [3]uint32, c Counters)
	// Budget is how many instructions a warp may execute before a backward branch is taken for one of an
	// infinite loop: 1<<28.
	Budget uint64
	// Workers is how many blocks run at a time: GOMAXPROCS.
	Workers int
}

// Driver emulates one CUDA device. Its methods are those that package engine/cuda asks of a driver; calls may
// come from several goroutines and run one after the other. A launch has been executed when Launch returns, so a
// kernel's fault is the error of its launch; as with CUDA, the context is of no more use after it.
type Driver struct {
	opt   Options
	locks [64]sync.Mutex // of atomic operations

	mu       sync.Mutex
	open     bool
	broken   error
	mem      *memory
	next     uint64 // handle
	modules  map[uint64]*loadedModule
	funcs    map[uint64]*loadedFunction
	streams  map[uint64]*stream
	events   map[uint64]*event
	graphs   map[uint64]*graph
	launches uint64
	counts   map[string]*counts
	traffic  []*traffic
}

type loadedModule struct {
	mod    *Module
	allocs []*allocation
	funcs  []uint64
}

type loadedFunction struct {
	k         *Kernel
	constants []lanes
	dynamic   uint32 // largest dynamic shared memory
	idle      []*block
}

type stream struct{ capture *graph }

type event struct {
	at       time.Time
	recorded bool
}

// graph is a list of launches.
type graph struct{ launches []recorded }

type recorded struct {
	fn          uint64
	grid, block [3]uint32
	shared      uint32
	args        []uint64
}

// New makes a Driver; nothing is allocated before Open.
func New(opt Options) *Driver {
	if opt.Capability == 0 {
		opt.Capability = 80
	}
	if opt.Memory == 0 {
		opt.Memory = 16 << 30
	}
	if opt.SharedPerBlock == 0 {
		opt.SharedPerBlock = 163 << 10
	}
	if opt.DriverVersion == 0 {
		opt.DriverVersion = 12040
	}
	if opt.Budget == 0 {
		opt.Budget = 1 << 28
	}
	if opt.Workers == 0 {
		opt.Workers = runtime.GOMAXPROCS(0)
	}
	return &Driver{opt: opt, counts: map[string]*counts{}}
}

func (d *Driver) DriverVersion() (int, error) { return d.opt.DriverVersion, nil }

func (d *Driver) DeviceCount() (int, error) { return 1, nil }

func (d *Driver) DeviceName(ordinal int) (string, error) {
	return fmt.Sprintf("emulated sm_%d", d.opt.Capability), checkOrdinal(ordinal)
}

func (d *Driver) TotalMem(ordinal int) (uint64, error) { return d.opt.Memory, checkOrdinal(ordinal) }

func checkOrdinal(ordinal int) error {
	if ordinal != 0 {
		return newError(codeInvalidDevice, "no device %d: there is one, 0", ordinal)
	}
	return nil
}

const (
	maxThreadsPerBlock = 1024
	defaultSharedLimit = 48 << 10
)

var (
	maxBlock = [3]uint32{1024, 1024, 64}
	maxGrid  = [3]uint32{1<<31 - 1, 65535, 65535}
)

// DeviceAttribute answers the CUdevice_attribute numbers that programs ask for.
func (d *Driver) DeviceAttribute(ordinal, attribute int) (int, error) {
	if err := checkOrdinal(ordinal); err != nil {
		return 0, err
	}
	switch attribute {
	case 1, 2, 3: // threads in a block; its x, y
		return maxThreadsPerBlock, nil
	case 4: // z
		return int(maxBlock[2]), nil
	case 5, 6, 7: // the grid's x, y, z
		return int(maxGrid[attribute-5]), nil
	case 8: // shared memory of a block
		return defaultSharedLimit, nil
	case 9: // constant memory
		return 64 << 10, nil
	case 10:
		return warpSize, nil
	case 12, 82: // registers of a block, of a multiprocessor
		return 65536, nil
	case 13, 36: // clock rates in kHz
		return 1000000, nil
	case 14: // alignment of textures
		return allocAlign, nil
	case 16: // multiprocessors
		return d.opt.Workers, nil
	case 31, 41, 95: // concurrent kernels, unified addressing, cooperative launch
		return 1, nil
	case 18, 32, 33, 34: // integrated, ECC, PCI bus, PCI device
		return 0, nil
	case 37: // memory bus in bits
		return 256, nil
	case 38: // L2 cache
		return 4 << 20, nil
	case 39: // threads of a multiprocessor
		return 2048, nil
	case 40: // copy engines
		return 1, nil
	case 75:
		return d.opt.Capability / 10, nil
	case 76:
		return d.opt.Capability % 10, nil
	case 81: // shared memory of a multiprocessor
		return d.opt.SharedPerBlock + 1024, nil
	case 97: // shared memory of a block that asks for it
		return d.opt.SharedPerBlock, nil
	case 106: // blocks of a multiprocessor
		return 32, nil
	case 111: // shared memory that the system keeps of each block
		return 1024, nil
	}
	return 0, newError(codeInvalidValue, "unknown device attribute %d", attribute)
}

// Open makes the context.
func (d *Driver) Open(ordinal int) error {
	if err := checkOrdinal(ordinal); err != nil {
		return err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.open {
		return newError(codeInvalidContext, "the device is open already")
	}
	d.open, d.broken = true, nil
	d.mem, d.traffic = newMemory(d.opt), nil
	d.next = 0
	d.modules, d.funcs = map[uint64]*loadedModule{}, map[uint64]*loadedFunction{}
	d.streams, d.events, d.graphs = map[uint64]*stream{}, map[uint64]*event{}, map[uint64]*graph{}
	return nil
}

// Close destroys the context and all that was made in it.
func (d *Driver) Close() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if !d.open {
		return newError(codeInvalidContext, "the device is not open")
	}
	d.open, d.broken = false, nil
	d.mem, d.modules, d.funcs, d.streams, d.events, d.graphs = nil, nil, nil, nil, nil, nil
	return nil
}

// Within calls a function: the emulator's context belongs to no thread.
func (d *Driver) Within(f func() error) error { return f() }

// enter locks the driver and checks the context; the caller unlocks also after an error.
func (d *Driver) enter() error {
	d.mu.Lock()
	switch {
	case !d.open:
		return newError(codeInvalidContext, "the device is not open")
	case d.broken != nil:
		return fmt.Errorf("the context is lost after an earlier fault: %w", d.broken)
	}
	return nil
}

func (d *Driver) handle() uint64 {
	d.next++
	return d.next
}

// MemInfo returns the free and the total bytes of device memory.
func (d *Driver) MemInfo() (free, total uint64, err error) {
	err = d.enter()
	defer d.mu.Unlock()
	if err != nil {
		return 0, 0, err
	}
	return d.mem.total - d.mem.used, d.mem.total, nil
}

// MemAlloc allocates device memory, aligned to 512 bytes; between allocations lies a guard of 4 KiB.
func (d *Driver) MemAlloc(bytes uint64) (uint64, error) {
	err := d.enter()
	defer d.mu.Unlock()
	if err != nil {
		return 0, err
	}
	if bytes == 0 {
		return 0, newError(codeInvalidValue, "allocation of 0 bytes")
	}
	if err := d.notCapturing("MemAlloc"); err != nil {
		return 0, err
	}
	a, err := d.mem.alloc(bytes, "an allocation")
	if err != nil {
		return 0, err
	}
	return a.base, nil
}

// MemWindow gives n bytes of device memory another address. What lies there is the same, but by this address no
// access may leave these bytes, nor read what was not written by this address: windows of one allocation tell
// arrays apart that lie in it side by side, or one after the other in the same place. The address is aligned as the
// other one. MemFree frees the window alone.
func (d *Driver) MemWindow(ptr, n uint64) (uint64, error) {
	err := d.enter()
	defer d.mu.Unlock()
	if err != nil {
		return 0, err
	}
	if n == 0 {
		return 0, newError(codeInvalidValue, "window of 0 bytes")
	}
	if err := d.notCapturing("MemWindow"); err != nil {
		return 0, err
	}
	a, err := d.mem.window(ptr, n, "a window")
	if err != nil {
		return 0, fmt.Errorf("MemWindow: %w", err)
	}
	return a.base, nil
}

// MemFree frees what MemAlloc or MemWindow returned.
func (d *Driver) MemFree(ptr uint64) error {
	err := d.enter()
	defer d.mu.Unlock()
	if err != nil {
		return err
	}
	return d.mem.free(ptr)
}

func (d *Driver) MemcpyHtoD(dst uint64, src []byte) error {
	return d.copy("MemcpyHtoD", dst, len(src), func(a *allocation, o uint64) {
		copy(a.data[o:], src)
		a.noteHostWrite(o, uint64(len(src)))
	})
}

func (d *Driver) MemcpyDtoH(dst []byte, src uint64) error {
	return d.copy("MemcpyDtoH", src, len(dst), func(a *allocation, o uint64) { copy(dst, a.data[o:]) })
}

func (d *Driver) MemsetD8(dst uint64, value byte, n uint64) error {
	return d.copy("MemsetD8", dst, int(n), func(a *allocation, o uint64) {
		fill(a.data[o:o+n], value)
		a.noteHostWrite(o, n)
	})
}

func (a *allocation) noteHostWrite(o, n uint64) {
	if a.init != nil {
		fill(a.init[o:o+n], a.mark)
	}
}

func (d *Driver) copy(call string, addr uint64, n int, f func(a *allocation, o uint64)) error {
	err := d.enter()
	defer d.mu.Unlock()
	if err != nil || n == 0 {
		return err
	}
	if err := d.notCapturing(call); err != nil {
		return err
	}
	a, o, err := d.mem.rangeAt(addr, uint64(n))
	if err != nil {
		return fmt.Errorf("%s: %w", call, err)
	}
	f(a, o)
	return nil
}

// notCapturing refuses what would invalidate a capture.
func (d *Driver) notCapturing(call string) error {
	for _, s := range d.streams {
		if s.capture != nil {
			return newError(codeCaptureUnsupported, "%s while a stream is capturing", call)
		}
	}
	return nil
}

// Counters returns what has been executed since New, by kernel name.
func (d *Driver) Counters() []Counters {
	d.mu.Lock()
	defer d.mu.Unlock()
	var out []Counters
	for name, c := range d.counts {
		out = append(out, c.export(name))
	}
	slices.SortFunc(out, func(a, b Counters) int { return cmp.Compare(a.Kernel, b.Kernel) })
	return out
}
