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
	WarpInstructions   uint64            // those that at least one lane executed
	ByClass            map[string]uint64 // thread instructions: integer, float, move, load, ...
	FP32               uint64            // single-precision operations; a fused multiply-add counts two
	MatrixFLOP         uint64            // of mma.sync, two a multiply-add
	SharedBytes        uint64            // read and written by threads
	GlobalLoaded       uint64            // bytes that threads asked for
	GlobalStored       uint64
	GlobalSectors      uint64 // 32-byte pieces of memory that warps touched, an instruction at a time

	// With Options.Traffic only. A sector that is both loaded and stored counts twice.
	BlockSectors     uint64 // each counted once a block: what a first-level cache that keeps all leaves to the second
	LaunchSectors    uint64 // each counted once a launch: what a second-level cache that keeps all leaves to memory
	SharedWavefronts uint64 // visits to shared memory: more than one an instruction for 8 and 16 bytes, and bank conflicts
}

type counts struct {
	classes       [classCount]uint64
	warp          uint64
	fp32          uint64
	matrix        uint64
	sharedBytes   uint64
	globalLoaded  uint64
	globalStored  uint64
	sectors       uint64
	blockSectors  uint64
	launchSectors uint64
	wavefronts    uint64
	launches      uint64
}

func (c *counts) add(o *counts) {
	for i := range c.classes {
		c.classes[i] += o.classes[i]
	}
	c.warp += o.warp
	c.fp32 += o.fp32
	c.matrix += o.matrix
	c.sharedBytes += o.sharedBytes
	c.globalLoaded += o.globalLoaded
	c.globalStored += o.globalStored
	c.sectors += o.sectors
	c.blockSectors += o.blockSectors
	c.launchSectors += o.launchSectors
	c.wavefronts += o.wavefronts
	c.launches += o.launches
}

func (c *counts) export(kernel string) Counters {
	out := Counters{Kernel: kernel, Launches: c.launches, ByClass: map[string]uint64{}, WarpInstructions: c.warp,
		FP32: c.fp32, MatrixFLOP: c.matrix, SharedBytes: c.sharedBytes, GlobalLoaded: c.globalLoaded, GlobalStored: c.globalStored,
		GlobalSectors: c.sectors, BlockSectors: c.blockSectors, LaunchSectors: c.launchSectors, SharedWavefronts: c.wavefronts}
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
	each := uint64(in.size) * uint64(len(in.regs))
	n := uint64(bits.OnesCount32(w.act)) * each
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
		if w.blk.traffic != nil {
			w.countWavefronts(base, in.offset, each, w.act)
		}
	case spaceGlobal:
		if store {
			w.counts.globalStored += n
		} else {
			w.counts.globalLoaded += n
		}
		w.countSectors(in, base, each, w.act, store)
	}
}

// countSectors counts changes from lane to lane: exact for addresses that grow with the lane.
func (w *warp) countSectors(in *inst, base *lanes, n uint64, mask uint32, store bool) {
	if w.blk.traffic != nil {
		w.countTraffic(in, base, n, mask, store)
	}
	last := ^uint64(0)
	for m := mask; m != 0; m &= m - 1 {
		addr := base[bits.TrailingZeros32(m)&31] + in.offset
		first, end := addr/sectorBytes, (addr+n-1)/sectorBytes
		if first != last {
			w.counts.sectors++
		}
		w.counts.sectors += end - first
		last = end
	}
}
