package ptxemu

import "math/bits"

// class groups instructions for the counters.
type class uint8

const (
	classNone class = iota // takes part in no count
	classInteger
	classFloat
	classMove
	classLoad
	classStore
	classAtomic
	classBranch
	classBarrier
	classWarp
	classMatrix
	classCount
)

var classNames = [classCount]string{"none", "integer", "float", "move", "load", "store", "atomic", "branch", "barrier", "warp", "matrix"}

// Counters tells what the launches of one kernel have executed.
type Counters struct {
	Kernel             string
	Launches           uint64
	ThreadInstructions uint64
	ByClass            map[string]uint64 // thread instructions: integer, float, move, load, ...
	FP32               uint64            // single-precision operations; a fused multiply-add counts two
	MatrixFLOP         uint64            // of mma.sync, two a multiply-add
	SharedBytes        uint64            // read and written by threads
	GlobalLoaded       uint64            // bytes that threads asked for
	GlobalStored       uint64
	GlobalSectors      uint64 // 32-byte pieces of memory that warps touched, an instruction at a time
}

type counts struct {
	classes      [classCount]uint64
	fp32         uint64
	matrix       uint64
	sharedBytes  uint64
	globalLoaded uint64
	globalStored uint64
	sectors      uint64
	launches     uint64
}

func (c *counts) add(o *counts) {
	for i := range c.classes {
		c.classes[i] += o.classes[i]
	}
	c.fp32 += o.fp32
	c.matrix += o.matrix
	c.sharedBytes += o.sharedBytes
	c.globalLoaded += o.globalLoaded
	c.globalStored += o.globalStored
	c.sectors += o.sectors
	c.launches += o.launches
}

func (c *counts) export(kernel string) Counters {
	out := Counters{Kernel: kernel, Launches: c.launches, ByClass: map[string]uint64{}, FP32: c.fp32, MatrixFLOP: c.matrix,
		SharedBytes: c.sharedBytes, GlobalLoaded: c.globalLoaded, GlobalStored: c.globalStored, GlobalSectors: c.sectors}
	for i := classNone + 1; i < classCount; i++ {
		out.ThreadInstructions += c.classes[i]
		if c.classes[i] > 0 {
			out.ByClass[classNames[i]] = c.classes[i]
		}
	}
	return out
}

// countAccess counts the bytes and sectors of a load or store.
func (w *warp) countAccess(in *inst, store bool) {
	n := uint64(bits.OnesCount32(w.act)) * uint64(in.size) * uint64(len(in.regs))
	base := w.src(in.a)
	sp := in.space
	if sp == spaceGeneric {
		switch base[bits.TrailingZeros32(w.act)&31] >> 48 {
		case 0:
			sp = spaceGlobal
		case sharedWindow >> 48:
			sp = spaceShared
		}
	}
	switch sp {
	case spaceShared:
		w.counts.sharedBytes += n
	case spaceGlobal:
		if store {
			w.counts.globalStored += n
		} else {
			w.counts.globalLoaded += n
		}
		w.countSectors(base, in.offset, uint64(in.size)*uint64(len(in.regs)))
	}
}

// countSectors counts changes from lane to lane: exact for addresses that grow with the lane.
func (w *warp) countSectors(base *lanes, offset, n uint64) {
	last := ^uint64(0)
	for m := w.act; m != 0; m &= m - 1 {
		first := (base[bits.TrailingZeros32(m)&31] + offset) / 32
		end := (base[bits.TrailingZeros32(m)&31] + offset + n - 1) / 32
		if first != last {
			w.counts.sectors++
		}
		w.counts.sectors += end - first
		last = end
	}
}
