package ptxemu

import (
	"cmp"
	"fmt"
	"slices"
	"sync/atomic"
)

// Device addresses. Shared and local windows are what cvta adds to an address of that space; they lie far from
// any allocation. Allocations are aligned as CUDA's are and never adjacent.
const (
	globalBase   = 0x7f_0000_0000
	globalEnd    = 0x7fff_0000_0000
	sharedWindow = 0x1_0000_0000_0000
	localWindow  = 0x2_0000_0000_0000
	windowSize   = 1 << 32
	allocAlign   = 512
	allocGuard   = 4096
)

// allocation is a piece of global memory with its shadow.
type allocation struct {
	base, size uint64
	name       string // what messages call it
	readOnly   bool   // .const
	data       []byte
	window     bool   // data and shadow are parts of another allocation's
	init       []byte // the mark of who has written it last for each byte, 0 for nobody; nil without checks
	mark       uint8  // what is written by way of this allocation has

	// writers holds for each 4 bytes the launch and the block that wrote them last: launch<<32 | block+1.
	writers []uint64

	marks *sectorMarks // nil unless traffic is counted
}

func (a *allocation) describe(addr uint64) string {
	return fmt.Sprintf("%s of %d bytes at %#x, offset %d", a.name, a.size, a.base, int64(addr-a.base))
}

// noteWrite records that block wrote 4 bytes at offset o in launch, and returns another block that wrote them in
// the same launch, or -1.
func (a *allocation) noteWrite(o uint64, stamp uint64) int {
	old := atomic.SwapUint64(&a.writers[o/4], stamp)
	if old>>32 == stamp>>32 && old != stamp {
		return int(uint32(old)) - 1
	}
	return -1
}

// writer returns the block that wrote the 4 bytes at offset o in the launch of stamp, or -1.
func (a *allocation) writer(o uint64, stamp uint64) int {
	if old := atomic.LoadUint64(&a.writers[o/4]); old>>32 == stamp>>32 {
		return int(uint32(old)) - 1
	}
	return -1
}

// memory is the device's global memory: allocations sorted by address.
type memory struct {
	allocs []*allocation
	total  uint64
	used   uint64
	next   uint64
	mark   uint8 // of the last window
	checks bool
	marks  bool
}

func newMemory(opt Options) *memory {
	return &memory{total: opt.Memory, next: globalBase, checks: opt.Checks, marks: opt.Traffic}
}

func (m *memory) alloc(size uint64, name string) (*allocation, error) {
	if size > m.total-m.used {
		return nil, newError(codeOutOfMemory, "out of memory: %d bytes wanted, %d of %d free", size, m.total-m.used, m.total)
	}
	a := &allocation{size: size, name: name, data: make([]byte, size), mark: ownMark}
	if m.checks {
		a.init = make([]byte, size)
		a.writers = make([]uint64, (size+3)/4)
	}
	if m.marks {
		a.marks = newSectorMarks(size)
	}
	m.used += size
	m.place(a, 0)
	return a, nil
}

// place gives an allocation an address, so much behind an aligned one.
func (m *memory) place(a *allocation, behind uint64) {
	a.base = m.next + behind
	m.next += (behind + a.size + allocGuard + allocAlign - 1) / allocAlign * allocAlign
	m.allocs = append(m.allocs, a)
}

// ownMark is the mark of what is written without a window. Windows have the others, in turn.
const ownMark = 1

// window makes a window of size bytes at an address. Nothing in it has been written, for whoever reads.
func (m *memory) window(addr, size uint64, name string) (*allocation, error) {
	of, o, err := m.rangeAt(addr, size)
	if err != nil {
		return nil, err
	}
	if o%4 != 0 {
		return nil, newError(codeInvalidValue, "a window at %#x, which no word begins at", addr)
	}
	if m.mark++; m.mark <= ownMark {
		m.mark = ownMark + 1
	}
	a := &allocation{size: size, name: name, data: of.data[o:][:size:size], window: true, mark: m.mark}
	if m.checks {
		a.init, a.writers = of.init[o:][:size:size], of.writers[o/4:][:(size+3)/4]
		clear(a.init)
	}
	if m.marks {
		a.marks = newSectorMarks(size)
	}
	m.place(a, addr%allocAlign)
	return a, nil
}

// find returns the allocation that holds addr, or nil.
func (m *memory) find(addr uint64) *allocation {
	i, ok := slices.BinarySearchFunc(m.allocs, addr, func(a *allocation, addr uint64) int { return cmp.Compare(a.base, addr) })
	if !ok {
		if i == 0 {
			return nil
		}
		i--
	}
	if a := m.allocs[i]; addr-a.base < a.size {
		return a
	}
	return nil
}

// near describes the allocation closest below addr, for messages about addresses outside any.
func (m *memory) near(addr uint64) string {
	var best *allocation
	for _, a := range m.allocs {
		if a.base <= addr {
			best = a
		}
	}
	switch {
	case addr < allocGuard:
		return "a null pointer"
	case best == nil:
		return "no allocation below it"
	}
	return "outside any allocation; below it: " + best.describe(addr)
}

func (m *memory) free(base uint64) error {
	i, ok := slices.BinarySearchFunc(m.allocs, base, func(a *allocation, b uint64) int { return cmp.Compare(a.base, b) })
	if !ok {
		return newError(codeInvalidValue, "%#x is no allocation", base)
	}
	if !m.allocs[i].window {
		m.used -= m.allocs[i].size
	}
	m.allocs = slices.Delete(m.allocs, i, i+1)
	return nil
}

// rangeAt returns the allocation that holds n bytes from addr and the offset there.
func (m *memory) rangeAt(addr, n uint64) (*allocation, uint64, error) {
	a := m.find(addr)
	if a == nil {
		return nil, 0, newError(codeInvalidValue, "%#x: %s", addr, m.near(addr))
	}
	o := addr - a.base
	if n > a.size-o {
		return nil, 0, newError(codeInvalidValue, "%d bytes at %#x leave %s", n, addr, a.describe(addr))
	}
	return a, o, nil
}

func fill(b []byte, v byte) {
	if len(b) == 0 {
		return
	}
	b[0] = v
	for n := 1; n < len(b); n *= 2 {
		copy(b[n:], b[:n])
	}
}
