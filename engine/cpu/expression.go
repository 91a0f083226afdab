package cpu

import (
	"fmt"
	"slices"
	"unsafe"

	"gangpu/engine/expr"
	"gangpu/engine/program"
)

// An expression is a code made ready to be computed block by block. Sources that are dense are read in place, and
// results written in place; other sources are copied to buffers, as far as a block needs them. What lies between is
// in chunks that stay in the first-level cache.
type expression struct {
	shape  []int // of the iteration, simplified
	inner  []int // points of one step along each dimension
	points int
	block  int // points of a block, at most
	span   int // points whose ends no block crosses: a row if it is longer than a block, else all

	arrays  [][]float32 // of the sources, those that are dense from their first element on, then of the results
	sources int
	loaders []loader
	// windowed is the dimension along which sources share windows, -1 if there are none. With chained, rows of the dimension
	// before take over from each other.
	windowed int
	chained  bool
	slots    []slot
	// The steady code computes what is the same for blocks in a row, for steadyBlocks such blocks or more; the code
	// computes the rest.
	steady, code []chunkInstr
	advancing    int // slots that advance from chunk to chunk: the first ones
	reading      int // of those, the first ones, which are sources in arrays
	buffers      int // of a block each, or a window of it
	stride       int // floats from a buffer to the next
	registers    int // of a chunk each
	consts       []float32
	chunk        int // points
	machine      func(*chunkState)
	memory       region // of a worker: buffers, registers, and a chunk for the end of each array
	workers      []expressionWorker
}

const (
	blockPoints  = 1024
	steadyBlocks = 4
)

// slot is where an operand lies.
type slot struct {
	kind  slotKind
	index int
	moved int // floats behind the beginning of a buffer
}

type slotKind uint8

const (
	inArray    slotKind = iota // of a source that is dense, or of a result
	inBuffer                   // of the worker
	inRegister                 // of the worker
	inConstant                 // one float
	inNumber                   // one float: a source of which all points read one element
)

// expressionWorker is what one worker has at hand.
type expressionWorker struct {
	slots   []uintptr
	buffers []int // where the buffers lie
	keys    []int // of the loaders: of which blocks their buffers hold the values, or -1
	steady  int   // points for which the values are loaded that the keys tell, and the steady code has run
	state   chunkState
}

// newExpression makes the code ready for sources and results in arrays, the latter of one element a point. The results
// after these stay in slots, see value. With inLine, blocks begin where cache lines of the results do, if these begin
// where one does. With windowed, the blocks may be such that sources share windows.
func newExpression(shape []int, in []program.Source, code expr.Code, sources, results [][]float32, inLine, windowed bool, l *layout) (
	*expression, []int, error) {
	lowered, err := code.Lower()
	if err != nil {
		return nil, nil, err
	}
	instructions, outputs, err := lowered.Parse()
	if err != nil {
		return nil, nil, err
	}
	indices := make([]program.Index, len(in))
	for i, s := range in {
		indices[i] = s.Index
	}
	e := &expression{arrays: slices.Concat(sources, results), sources: len(sources)}
	w := windows{dim: -1}
	if windowed {
		w = findWindows(shape, in, sources)
	}
	e.windowed = w.dim
	if e.shape = shape; w.dim < 0 {
		e.shape, indices = program.Simplify(shape, indices)
	}
	if len(e.shape) > maxRank {
		return nil, nil, fmt.Errorf("an iteration of %d dimensions, which is more than %d", len(e.shape), maxRank)
	}
	walks := make([]program.Walk, len(in))
	for i, x := range indices {
		walks[i] = x.Walk(w.shape(e.shape, i))
		if n := len(walks[i].Guards); n > maxRank {
			return nil, nil, fmt.Errorf("operand x%d has %d conditions, which is more than %d", i, n, maxRank)
		}
	}
	if len(e.shape) == 0 { // a single point
		e.shape = []int{1}
		for i := range walks {
			walks[i].Stride = []int{0}
			for j := range walks[i].Guards {
				walks[i].Guards[j].Coef = []int{0}
			}
		}
	}
	e.cut(walks, w)
	over := overlaps(sources, results)
	where, err := e.compile(instructions, outputs, walks, w, len(results), over, inLine && !over)
	if err != nil {
		return nil, nil, err
	}
	w.chain(e, in)
	e.arrange(where)
	e.stride = roundUp(e.block+slices.Max(append(w.more, 0))*w.inner(e), maxChunk) + 80 // not a page: places a page apart look alike to a processor's loads
	e.consts = slices.Clip(e.consts)
	e.workers = make([]expressionWorker, l.workspace.threads)
	for i := range e.workers {
		e.workers[i] = expressionWorker{slots: make([]uintptr, len(e.slots)+1), keys: make([]int, len(e.loaders)), buffers: make([]int, e.buffers)}
		for k := range e.buffers {
			e.workers[i].buffers[k] = k
		}
	}
	e.memory = l.perWorker(e.buffers*e.stride + (e.registers+len(e.arrays))*maxChunk)
	return e, where, nil
}

// cut chooses the blocks: rows of the inner dimensions that fit, or parts of a row. Windows have blocks of their own.
func (e *expression) cut(walks []program.Walk, w windows) {
	last := len(e.shape) - 1
	e.inner, e.points = make([]int, len(e.shape)), 1
	for d := last; d >= 0; d-- {
		e.inner[d] = e.points
		e.points *= e.shape[d]
	}
	if w.dim >= 0 {
		e.block, e.span = w.steps*e.inner[w.dim], e.shape[w.dim]*e.inner[w.dim]
		return
	}
	row := e.row()
	e.block, e.span = blockPoints/row*row, e.points
	if e.shape[last] > blockPoints {
		e.span = e.shape[last]
	} else if slices.ContainsFunc(walks, e.transposes) {
		e.block = max(e.block, ceilDiv(8*e.shape[last], row)*row)
	}
	e.block = min(e.block, e.span)
}

// row is how many points the inner dimensions have that fit a block.
func (e *expression) row() int {
	row := 1
	for d := len(e.shape) - 1; d >= 0 && row*e.shape[d] <= blockPoints; d-- {
		row *= e.shape[d]
	}
	return row
}

// transposes reports whether neighbours in memory are neighbours along another dimension than the last one.
func (e *expression) transposes(w program.Walk) bool {
	last := len(e.shape) - 1
	return w.Stride[last] != 0 && w.Stride[last] != 1 && slices.Contains(w.Stride[:last], 1)
}

// prepare is for a worker that begins a task: others may have used its memory.
func (e *expression) prepare(worker int) {
	w := &e.workers[worker]
	w.steady = 0
	for i := range w.keys {
		w.keys[i] = -1
	}
	memory := e.memory.worker(worker)
	for i, s := range e.slots {
		switch s.kind {
		case inRegister:
			w.slots[i] = address(&memory[e.buffers*e.stride+s.index*maxChunk])
		case inConstant:
			w.slots[i] = address(&e.consts[s.index])
		case inNumber:
			w.slots[i] = address(&e.arrays[s.index][0])
		}
	}
}

// address is that of memory which the expression's workspace or arrays keep alive.
func address(p *float32) uintptr { return uintptr(unsafe.Pointer(p)) }

// run computes the points [first, first+n), no more than a block.
func (e *expression) run(first, n, worker int) {
	w := &e.workers[worker]
	memory := e.memory.worker(worker)
	more := n > w.steady
	changed := more
	for i := range e.loaders {
		l := &e.loaders[i]
		if l.more > 0 {
			e.loadWindow(i, first, n, w, memory)
			continue
		}
		key := l.key(first, n)
		if key >= 0 && key == w.keys[i] && !more {
			continue
		}
		w.keys[i] = key
		if key >= 0 {
			w.steady = n
		}
		changed = changed || l.steady
		l.load(memory[w.buffers[l.buffer]*e.stride:][:n], e.arrays[l.source], first, e)
	}
	if changed {
		w.steady = n
		e.compute(e.steady, false, w, memory, first, n)
	}
	e.compute(e.code, true, w, memory, first, n)
}

// compute runs a code, which writes the results or not, for the points of a block.
func (e *expression) compute(code []chunkInstr, writes bool, w *expressionWorker, memory []float32, first, n int) {
	if len(code) <= 1 {
		return
	}
	for i, s := range e.slots[:e.advancing] {
		if s.kind == inArray {
			w.slots[i] = address(&e.arrays[s.index][first])
		} else {
			w.slots[i] = address(&memory[w.buffers[s.index]*e.stride+s.moved])
		}
	}
	whole := n / e.chunk * e.chunk
	e.chunksOf(code, w, whole/e.chunk, e.chunk)
	if whole == n {
		return
	}
	// The end of the block, by a whole chunk of memory that is the worker's own.
	ends := memory[e.buffers*e.stride+e.registers*maxChunk:]
	for i, s := range e.slots[:e.advancing] {
		if s.kind == inBuffer {
			w.slots[i] = address(&memory[w.buffers[s.index]*e.stride+s.moved+whole])
			continue
		}
		end := ends[s.index*maxChunk:]
		w.slots[i] = address(&end[0])
		if s.index < e.sources {
			copy(end, e.arrays[s.index][first+whole:first+n])
		}
	}
	e.chunksOf(code, w, 1, n-whole)
	if !writes {
		return
	}
	for _, s := range e.slots[:e.advancing] {
		if s.kind == inArray && s.index >= e.sources {
			copy(e.arrays[s.index][first+whole:first+n], ends[s.index*maxChunk:])
		}
	}
}

// chunksOf runs a code for whole chunks, of which the points count.
func (e *expression) chunksOf(code []chunkInstr, w *expressionWorker, chunks, points int) {
	if chunks == 0 {
		return
	}
	s := &w.state
	*s = chunkState{code: &code[0], next: &code[0], slots: &w.slots[0], chunks: chunks}
	s.advancing, s.reading = e.advancing, e.reading
	for e.machine(s); s.chunks > 0; e.machine(s) {
		s.external(points)
	}
}

// value is the elements of a result in the block of the n points from first on that was run last.
func (e *expression) value(slot, first, n, worker int) []float32 {
	if s := e.slots[slot]; s.kind == inBuffer {
		return e.memory.worker(worker)[e.workers[worker].buffers[s.index]*e.stride+s.moved:][:n]
	}
	return e.arrays[e.slots[slot].index][first:][:n]
}
