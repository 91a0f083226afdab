package cpu

import (
	"fmt"
	"math"
	"math/bits"
	"runtime"
	"unsafe"

	"gangpu/engine/program"
	"gangpu/internal/hostmemory"
)

const (
	// alignment is that of every array, in bytes: a cache line, and the longest vector.
	alignment = 64
	// hugePage is the alignment of arrays of at least that size. Where the system has pages so large, one entry of the
	// processor's table of pages does for 512: a large array, read with a stride, needs more than the table holds.
	hugePage = 2 << 20
)

// Memory is an array in the host's memory, 64-byte aligned.
type Memory struct {
	name   string
	dtype  program.DType
	bytes  []byte
	budget *budget // that it was taken from, nil for none
}

// A budget is the memory that there was for a device when it was opened, and what it holds of that.
type budget struct {
	limited     bool
	limit, held uint64 // bytes
	name        string // of the limit
}

func newBudget() *budget {
	runtime.GC() // what is garbage can be had
	s, ok := hostmemory.Now()
	return &budget{limited: ok, limit: s.Free, name: s.Limit}
}

// take adds to what is held, or reports that it is too much.
func (b *budget) take(what string, elements, size int) error {
	over, need := bits.Mul64(uint64(elements), uint64(size))
	if over > 0 {
		need = math.MaxUint64
	}
	free, name := b.limit-b.held, b.name
	// The rest of the process has grown since, perhaps. What is small fits into what package hostmemory keeps free.
	const small = 1 << 20
	if b.limited && need > small && need <= free {
		if s, lacks := hostmemory.Lacks(need); lacks {
			free, name = s.Free, s.Limit
		}
	}
	if b.limited && need > free {
		return &program.OutOfMemoryError{Device: "cpu", What: what, Need: need, Held: b.held, Free: free, Limit: name}
	}
	b.held += need
	return nil
}

func (b *budget) giveBack(bytes int) { b.held -= uint64(bytes) }

func newMemory(name string, t program.DType, n int) *Memory {
	return &Memory{name: name, dtype: t, bytes: alignedBytes(n * t.Size())}
}

func alignedBytes(n int) []byte {
	align := uintptr(alignment)
	if n >= hugePage {
		align = hugePage
	}
	b := make([]byte, n+int(align))
	skip := -uintptr(unsafe.Pointer(unsafe.SliceData(b))) & (align - 1)
	b = b[skip:][:n:n]
	if n >= hugePage {
		preferHugePages(b)
	}
	return b
}

func alignedFloats(n int) []float32 { return elements[float32](alignedBytes(n * 4)) }

func elements[T program.Element](b []byte) []T {
	return unsafe.Slice((*T)(unsafe.Pointer(unsafe.SliceData(b))), len(b)/int(unsafe.Sizeof(*new(T))))
}

func (m *Memory) DType() program.DType { return m.dtype }

// Len is the number of elements, 0 once freed.
func (m *Memory) Len() int { return len(m.bytes) / m.dtype.Size() }

// Write copies src to the bytes from offset on.
func (m *Memory) Write(offset int, src []byte) error {
	if err := m.check("write", offset, len(src)); err != nil {
		return err
	}
	copy(m.bytes[offset:], src)
	return nil
}

// Read copies the bytes from offset on to dst.
func (m *Memory) Read(dst []byte, offset int) error {
	if err := m.check("read", offset, len(dst)); err != nil {
		return err
	}
	copy(dst, m.bytes[offset:])
	return nil
}

func (m *Memory) check(verb string, offset, n int) error {
	if offset < 0 || n > len(m.bytes) || offset > len(m.bytes)-n {
		return fmt.Errorf("cpu: cannot %s bytes [%d, %d) of %s, which has %d", verb, offset, offset+n, m.name, len(m.bytes))
	}
	return nil
}

// Free gives the memory back to the garbage collector, once no executable is bound to it.
func (m *Memory) Free() error {
	if m.budget != nil {
		m.budget.giveBack(len(m.bytes))
	}
	m.bytes = nil
	return nil
}
