package cpu

import "sync/atomic"

// A phase is a set of tasks that may run in any order, on any worker, at once: no two write the
// same element. How many there are depends on the problem, never on the number of workers, so that
// the bits of a result do not depend on it either.
type phase struct {
	tasks int
	run   func(task, worker int) // worker < workspace.threads: which worker's own memory to use
}

// A kernel is an operation bound to its arrays: phases that run in turn.
type kernel []phase

// blocks cuts [0, n) into runs of size elements and calls f with each: a phase of ceil(n/size)
// tasks.
func blocks(n, size int, f func(first, end, worker int)) phase {
	return phase{tasks: (n + size - 1) / size, run: func(task, worker int) {
		f(task*size, min((task+1)*size, n), worker)
	}}
}

// workspace is memory that the kernels of one executable use in turn: nothing in it outlives the
// run of a kernel. A constructor reserves what its kernel needs; the memory is there when it runs.
type workspace struct {
	threads int // workers that may run a phase's tasks at once
	floats  []float32
	size    int
	failure atomic.Pointer[error]
}

// fail makes the run of the executable fail with err, after the phases of this kernel. Of several
// failures one is reported.
func (w *workspace) fail(err error) { w.failure.CompareAndSwap(nil, &err) }

// failed is the error of a task since it was last asked for.
func (w *workspace) failed() error {
	if err := w.failure.Swap(nil); err != nil {
		return *err
	}
	return nil
}

// reserve makes floats at least n elements long, from the end of loading on.
func (w *workspace) reserve(n int) { w.size = max(w.size, n) }

func (w *workspace) allocate() { w.floats = alignedFloats(w.size) }

// A region is a part of a workspace that a constructor laid out.
type region struct {
	workspace   *workspace
	offset, len int
}

// floats is the region's memory: for when the kernel runs.
func (r region) floats() []float32 {
	return r.workspace.floats[r.offset : r.offset+r.len : r.offset+r.len]
}

// worker is the memory of one worker in a region made by layout.perWorker.
func (r region) worker(worker int) []float32 {
	n := r.len / r.workspace.threads
	return r.workspace.floats[r.offset+worker*n : r.offset+(worker+1)*n : r.offset+(worker+1)*n]
}

// layout hands out the parts of a workspace that one kernel uses, each 64-byte aligned.
type layout struct {
	workspace *workspace
	used      int
}

func (l *layout) shared(n int) region {
	r := region{workspace: l.workspace, offset: l.used, len: n}
	l.used += roundUp(n, 16)
	l.workspace.reserve(l.used)
	return r
}

func (l *layout) perWorker(n int) region { return l.shared(roundUp(n, 16) * l.workspace.threads) }

func roundUp(n, multiple int) int { return (n + multiple - 1) / multiple * multiple }

func ceilDiv(n, d int) int { return (n + d - 1) / d }
