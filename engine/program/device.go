package program

import (
	"fmt"
	"time"
	"unsafe"
)

// A Device runs programs and owns the memory that they work on. Its methods are for one
// goroutine at a time.
type Device interface {
	// Info describes the device to a person.
	Info() Info
	// Alloc makes an array of n elements, all zero. The name is for errors.
	Alloc(name string, t DType, n int) (Memory, error)
	// Load prepares p to run: it checks that the device knows every operation, binds the external
	// storages to the arrays of the same name, allocates the scratch ones and chooses an algorithm
	// for each step. After it, running allocates nothing.
	Load(p *Program, bindings Bindings) (Executable, error)
	// Sync waits until all that was run is done and reports a failure of any of it.
	Sync() error
	// Close frees what the device still owns. Memory and executables are of no use after it.
	Close() error
}

// Info describes a device.
type Info struct {
	Name        string // as a user names it: "cpu", "cuda:0", "emulated"
	Description string // the processor or card, and how it is used
	Precision   string // "fp32" or "tf32"
	Memory      uint64 // bytes that the device has, 0 if unknown

	// Modules is the number of modules of GPU code that programs have had loaded so far, and LoadTime what the driver
	// took to assemble them; zero on a device without such code.
	Modules  int
	LoadTime time.Duration
}

// Memory is an array on a device.
type Memory interface {
	DType() DType
	Len() int // elements
	// Write copies src to the bytes from offset on.
	Write(offset int, src []byte) error
	// Read waits for what was run before and copies the bytes from offset on to dst.
	Read(dst []byte, offset int) error
	// Free gives the memory back. It is no longer bound to anything.
	Free() error
}

// Part is the elements [First, First+Len) of an array on a device.
type Part struct {
	Memory     Memory
	First, Len int
}

// Bindings are the arrays behind a program's external storages, by name.
type Bindings map[string]Memory

// An Executable is a program on a device.
type Executable interface {
	// Run runs the steps in order. It may return before they are done: what reads the results
	// waits, and reports a failure.
	Run() error
	// Profile is Run with each step waited for and timed: times has an entry a step.
	Profile(times []time.Duration) error
	// ScratchBytes is the memory that the executable holds beyond what it is bound to.
	ScratchBytes() int
	Close() error
}

// Element is a type that an array on a device can hold.
type Element interface{ float32 | uint8 | uint32 }

// WriteSlice copies src to the elements of m from offset on.
func WriteSlice[T Element](m Memory, offset int, src []T) error {
	return m.Write(offset*int(unsafe.Sizeof(*new(T))), AsBytes(src))
}

// ReadSlice copies the elements of m from offset on to dst.
func ReadSlice[T Element](dst []T, m Memory, offset int) error {
	return m.Read(AsBytes(dst), offset*int(unsafe.Sizeof(*new(T))))
}

// AsBytes are the elements of s as they lie in memory.
func AsBytes[T Element](s []T) []byte {
	return unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(s))), len(s)*int(unsafe.Sizeof(*new(T))))
}

// OutOfMemoryError is a device without room for an array.
type OutOfMemoryError struct {
	Device string
	What   string // the array, or the program whose scratch it is
	Need   uint64 // bytes asked for
	Held   uint64 // bytes that the device held before, for this user
	Free   uint64 // bytes that were free
	Limit  string // what sets how much there is, to be read after "of"; empty for the device's own memory
}

func (e *OutOfMemoryError) Error() string {
	const mib = 1 << 20
	of := ""
	if e.Limit != "" {
		of = " of " + e.Limit
	}
	return fmt.Sprintf("%s is out of memory: %s needs %.1f MiB, %.1f MiB%s are free and %.1f MiB in use by this run",
		e.Device, e.What, float64(e.Need)/mib, float64(e.Free)/mib, of, float64(e.Held)/mib)
}
