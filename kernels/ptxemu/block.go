package ptxemu

import (
	"fmt"
	"math"
	"math/bits"
	"sync"
	"sync/atomic"
)

// launch is one run of a kernel over a grid.
type launch struct {
	k           *Kernel
	grid, block [3]uint32
	params      []byte
	sharedBytes int
	mem         *memory
	checks      bool
	noProducts  bool
	budget      uint64
	stamp       uint64 // number of the launch << 32, for the shadow of writers
	constants   []lanes
	locks       *[64]sync.Mutex // for atomics on global memory
	idle        *[]*block       // of the kernel
	traffic     *[]*traffic     // those that no worker uses; nil if it is not counted

	next    atomic.Int64
	stopped atomic.Bool
	mu      sync.Mutex
	err     error
	total   counts
}

// block holds the state of the block that a worker runs, reused from block to block.
type block struct {
	run     *launch
	idx     [3]uint32
	stamp   uint64
	warps   []*warp
	threads int
	bars    [16]barrierState
	shared  sharedMemory
	hints   []*allocation // by memory instruction
	fenced  bool          // the block has executed a fence: it may read what other blocks wrote
	counts  counts
	traffic *traffic
}

type barrierState struct {
	arrived, need int
	reduction     int // threads whose predicate holds
}

func (l *launch) blocks() int64 {
	return int64(l.grid[0]) * int64(l.grid[1]) * int64(l.grid[2])
}

// execute runs all blocks on the given number of goroutines. After a fault no new block starts.
func (l *launch) execute(workers int) error {
	workers = int(min(int64(workers), l.blocks()))
	if workers <= 1 {
		l.work()
		return l.err
	}
	var wg sync.WaitGroup
	for range workers {
		wg.Go(l.work)
	}
	wg.Wait()
	return l.err
}

func (l *launch) work() {
	b := l.takeBlock()
	if l.traffic != nil {
		b.traffic = l.takeTraffic()
	}
	for !l.stopped.Load() {
		n := l.next.Add(1) - 1
		if n >= l.blocks() {
			break
		}
		if err := b.execute(n); err != nil {
			l.mu.Lock()
			if l.err == nil {
				l.err = err
			}
			l.mu.Unlock()
			l.stopped.Store(true)
		}
	}
	l.mu.Lock()
	l.total.add(&b.counts)
	*l.idle = append(*l.idle, b)
	if l.traffic != nil {
		*l.traffic = append(*l.traffic, b.traffic)
		b.traffic = nil
	}
	l.mu.Unlock()
}

// takeBlock returns the state of a block that an earlier launch has left, or makes one.
func (l *launch) takeBlock() *block {
	l.mu.Lock()
	defer l.mu.Unlock()
	idle := *l.idle
	if n := len(idle); n > 0 {
		b := idle[n-1]
		*l.idle = idle[:n-1]
		if old := b.run; old.block == l.block && old.sharedBytes == l.sharedBytes {
			b.run, b.counts = l, counts{}
			clear(b.hints)
			return b
		}
	}
	return l.newBlock()
}

func (l *launch) newBlock() *block {
	b := &block{run: l, threads: int(l.block[0] * l.block[1] * l.block[2]), hints: make([]*allocation, l.k.slots)}
	b.shared.init(l.sharedBytes, l.k.granule, l.checks)
	for first := 0; first < b.threads; first += warpSize {
		w := &warp{k: l.k, blk: b, index: len(b.warps), regs: make([]lanes, l.k.registers), consts: l.constants,
			preds: make([]uint32, l.k.predicates), checks: l.checks, counts: &b.counts}
		w.full = fullMask
		if n := b.threads - first; n < warpSize {
			w.full = 1<<n - 1
		}
		for lane := range warpSize {
			t := uint32(first + lane)
			w.tid[0][lane] = uint64(t % l.block[0])
			w.tid[1][lane] = uint64(t / l.block[0] % l.block[1])
			w.tid[2][lane] = uint64(t / l.block[0] / l.block[1])
		}
		w.local = make([]byte, warpSize*l.k.localBytes)
		if l.checks {
			w.localInit = make([]byte, len(w.local))
			w.written = make([]uint32, l.k.registers)
			w.predDone = make([]uint32, l.k.predicates)
		}
		b.warps = append(b.warps, w)
	}
	return b
}

func (b *block) execute(n int64) error {
	l := b.run
	x, y := int64(l.grid[0]), int64(l.grid[1])
	b.idx = [3]uint32{uint32(n % x), uint32(n / x % y), uint32(n / x / y)}
	b.stamp = l.stamp | uint64(uint32(n)+1)
	b.fenced = false
	if b.traffic != nil {
		b.traffic.block++
	}
	b.bars = [16]barrierState{}
	b.shared.reset()
	for _, w := range b.warps {
		w.reset()
	}
	for {
		for _, w := range b.warps {
			if w.state == warpReady {
				w.run()
				if w.err != nil {
					return w.err
				}
			}
		}
		switch done, err := b.settle(); {
		case err != nil:
			return err
		case done:
			return nil
		}
	}
}

func (w *warp) reset() {
	w.pc, w.mask, w.live = w.k.entry, w.full, w.full
	w.horizon = math.MaxInt
	w.others = w.others[:0]
	w.state, w.err = warpReady, nil
	w.syncs, w.steps = 0, 0
	w.async.reset()
	clear(w.localInit)
	clear(w.written)
	clear(w.predDone)
}

// settle looks at a block none of whose warps can run, unless a barrier opened for a warp that had already
// been passed over: all are done, or some wait for threads that never come.
func (b *block) settle() (done bool, err error) {
	var waiting *warp
	for _, w := range b.warps {
		switch w.state {
		case warpReady:
			return false, nil
		case warpAtBarrier:
			if waiting == nil {
				waiting = w
			}
		}
	}
	if waiting == nil {
		return true, nil
	}
	live := 0
	for _, w := range b.warps {
		live += bits.OnesCount32(w.live)
	}
	bar := &b.bars[waiting.barrierID]
	if !b.run.checks && bar.arrived == live {
		// As on hardware, threads that have exited are not waited for.
		b.open(waiting.barrierID)
		return false, nil
	}
	waiting.fail(waiting.barrier, bits.TrailingZeros32(waiting.live),
		"barrier %d reached by part of the block: %d of %d threads have arrived, %d have exited",
		waiting.barrierID, bar.arrived, bar.need, b.threads-live)
	return false, waiting.err
}

// arrive counts the warp's threads at a barrier of need threads and opens it behind the last.
func (w *warp) arrive(in *inst, id, need int, wait bool) {
	b := w.blk
	bar := &b.bars[id]
	lane := bits.TrailingZeros32(w.act)
	if bar.arrived > 0 && bar.need != need {
		w.fail(in, lane, "barrier %d is for %d threads here and for %d elsewhere", id, need, bar.need)
		return
	}
	bar.need = need
	bar.arrived += bits.OnesCount32(w.act)
	if wait {
		w.state, w.barrier, w.barrierID = warpAtBarrier, in, id
		w.interrupt()
	}
	switch {
	case bar.arrived == need:
		b.open(id)
	case bar.arrived > need:
		w.fail(in, lane, "barrier %d is for %d threads, and %d arrived", id, need, bar.arrived)
	}
}

// open lets the warps pass that wait at a barrier.
func (b *block) open(id int) {
	bar := &b.bars[id]
	for _, w := range b.warps {
		if w.state == warpAtBarrier && w.barrierID == id {
			w.state = warpReady
			w.finishBarrier(bar)
		}
	}
	if bar.need == b.threads {
		b.shared.epoch()
		for _, w := range b.warps {
			w.syncs = 0
		}
	}
	*bar = barrierState{}
}

func (l *launch) blockName(n int) string {
	x, y := int(l.grid[0]), int(l.grid[1])
	return fmt.Sprintf("(%d,%d,%d)", n%x, n/x%y, n/x/y)
}
