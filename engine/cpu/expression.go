package cpu

import (
	"fmt"
	"slices"
	"unsafe"

	"gangpu/engine/expr"
	"gangpu/engine/program"
)

// An expression is a code made ready to be computed block by block: for the points of a block, one instruction
// after the other, with the values between in buffers that stay in the first-level cache.
type expression struct {
	shape      []int // of the iteration, simplified
	points     int
	block      int // points of a block
	stride     int // floats from a buffer to the next
	loaders    []loader
	numbers    []number
	steps      []blockStep
	slots      []slot
	buffers    int
	consts     []float32 // one vector for each constant
	memory     region    // of a worker: its buffers, then a vector for each number
	args       []workerArgs
	moving     []int       // slots in arrays
	increments []uintptr   // of all slots
	arrays     [][]float32 // of the sources, from their first element on, and of the results
}

const (
	blockPoints  = 1024
	vectorPoints = 16 // of a vector loop's step; how often a number that stands for all is repeated
)

// blockStep is an instruction on slots.
type blockStep struct {
	op         expr.Op
	d, a, b, c int
	horner     []float32 // coefficients of a polynomial in a, the highest power first
}

// opHorner is a polynomial: a chain of fused multiply-adds by the same factor. opCopy copies.
const (
	opHorner = expr.Op(100)
	opCopy   = expr.Op(101)
)

// slot is where an operand lies during a block.
type slot struct {
	kind  slotKind
	index int
}

type slotKind uint8

const (
	inBuffer   slotKind = iota // of the worker
	inConstant                 // a vector of one constant
	inNumber                   // a vector of one element
	inArray                    // of a source that is dense, or of a result
)

// workerArgs are a worker's: where its slots lie, and the operands of the loop that it runs.
type workerArgs struct {
	loopArgs
	at    []unsafe.Pointer
	fresh bool // what prepare loaded is still there
}

// number is a source of which all points read one element.
type number struct{ source, element int }

// loader copies what a source is at the points of a block to a buffer.
type loader struct {
	source, buffer int
	walk           program.Walk
	periodic       bool // the same for every block
}

// newExpression makes the code ready for sources and results in arrays, the latter of one element a point. With
// results nil, the results stay in buffers, see result.
func newExpression(shape []int, in []program.Source, code expr.Code, sources, results [][]float32, l *layout) (*expression, []int, error) {
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
	e := &expression{points: 1, arrays: slices.Concat(sources, results)}
	e.shape, indices = program.Simplify(shape, indices)
	for _, d := range e.shape {
		e.points *= d
	}
	e.block = blockPoints
	last := len(e.shape) - 1
	if last >= 0 && e.shape[last] < blockPoints { // whole rows, so that what depends on the place in a row alone is loaded once
		e.block = blockPoints / e.shape[last] * e.shape[last]
	}
	// A page and some more: places a multiple of a page apart are one to a processor that looks for what a load
	// may have to wait for.
	e.stride = roundUp(e.block, vectorPoints) + 5*vectorPoints
	places := make([]slot, len(in)) // of the sources
	for i, x := range indices {
		w := x.Walk(e.shape)
		still := !slices.ContainsFunc(w.Stride, func(s int) bool { return s != 0 })
		switch {
		case w.IsDense(e.shape) && e.points > 1:
			e.arrays[i] = sources[i][w.Base:]
			places[i] = slot{inArray, i}
		case still && len(w.Guards) == 0:
			places[i] = slot{inNumber, len(e.numbers)}
			e.numbers = append(e.numbers, number{i, w.Base})
		default:
			rows := last >= 0 && e.shape[last] < blockPoints && len(w.Guards) == 0
			for d := range last {
				rows = rows && w.Stride[d] == 0
			}
			places[i] = slot{inBuffer, e.buffers}
			e.loaders = append(e.loaders, loader{i, e.buffers, w, rows})
			e.buffers++
		}
	}
	where, err := e.compile(instructions, outputs, places, len(in), results, overlaps(sources, results))
	if err != nil {
		return nil, nil, err
	}
	if len(e.slots) == 0 {
		e.slots = []slot{{}}
	}
	const vectorBytes = 4 * vectorPoints
	for i, s := range e.slots {
		e.increments = append(e.increments, vectorBytes)
		switch s.kind {
		case inArray:
			e.moving = append(e.moving, i)
		case inConstant, inNumber:
			e.increments[i] = 0
		}
	}
	e.args = make([]workerArgs, l.workspace.threads)
	for i := range e.args {
		e.args[i].at = make([]unsafe.Pointer, len(e.slots))
	}
	e.memory = l.perWorker(e.buffers*e.stride + len(e.numbers)*vectorPoints)
	return e, where, nil
}

// overlaps reports whether a result lies where a source does.
func overlaps(sources, results [][]float32) bool {
	for _, r := range results {
		for _, s := range sources {
			a, b := uintptr(unsafe.Pointer(unsafe.SliceData(r))), uintptr(unsafe.Pointer(unsafe.SliceData(s)))
			if len(r) > 0 && len(s) > 0 && a < b+uintptr(4*len(s)) && b < a+uintptr(4*len(r)) {
				return true
			}
		}
	}
	return false
}

// compile turns instructions to steps, and gives their results slots.
func (e *expression) compile(instructions []expr.Instr, outputs []int, sources []slot, firstResult int, results [][]float32, over bool) (where []int, err error) {
	uses := make([]int, len(instructions))
	for _, in := range instructions {
		for _, a := range in.Args() {
			uses[a]++
		}
	}
	for _, o := range outputs {
		uses[o]++
	}
	// Chains of multiply-adds by the same factor with constants are polynomials.
	type polynomial struct {
		x            int
		coefficients []float32
	}
	polynomials, absorbed := map[int]polynomial{}, make([]bool, len(instructions))
	for i, in := range instructions {
		if in.Op != expr.OpFMA || instructions[in.C].Op != expr.OpConst {
			continue
		}
		c := instructions[in.C].Value
		if instructions[in.A].Op == expr.OpConst {
			polynomials[i] = polynomial{in.B, []float32{instructions[in.A].Value, c}}
		} else if p, ok := polynomials[in.A]; ok && p.x == in.B && uses[in.A] == 1 {
			polynomials[i] = polynomial{in.B, append(slices.Clone(p.coefficients), c)}
			absorbed[in.A] = true
		}
	}
	args := func(i int) []int {
		if p, ok := polynomials[i]; ok {
			return []int{p.x}
		}
		return instructions[i].Args()
	}
	lastUse := make([]int, len(instructions))
	for i := range instructions {
		if !absorbed[i] {
			for _, a := range args(i) {
				lastUse[a] = i
			}
		}
	}
	for _, o := range outputs {
		lastUse[o] = len(instructions)
	}
	slotOf := make([]int, len(instructions))
	var free []int
	add := func(s slot) int {
		e.slots = append(e.slots, s)
		return len(e.slots) - 1
	}
	for i, in := range instructions {
		if absorbed[i] {
			continue
		}
		switch in.Op {
		case expr.OpInput:
			if in.Index >= len(sources) {
				return nil, fmt.Errorf("an expression of %d operands reads operand %d", len(sources), in.Index)
			}
			slotOf[i] = add(sources[in.Index])
			continue
		case expr.OpConst:
			slotOf[i] = add(slot{inConstant, len(e.consts) / vectorPoints})
			e.consts = append(e.consts, slices.Repeat([]float32{in.Value}, vectorPoints)...)
			continue
		}
		s := blockStep{op: in.Op}
		operands := args(i)
		for j, p := range []*int{&s.a, &s.b, &s.c}[:len(operands)] {
			*p = slotOf[operands[j]]
		}
		if p, ok := polynomials[i]; ok {
			s.op, s.horner = opHorner, p.coefficients
		}
		for j, a := range operands {
			isValue := instructions[a].Op != expr.OpInput && instructions[a].Op != expr.OpConst
			if at := e.slots[slotOf[a]]; isValue && lastUse[a] == i && at.kind == inBuffer && !slices.Contains(operands[:j], a) {
				free = append(free, at.index)
			}
		}
		if k := slices.Index(outputs, i); k >= 0 && results != nil && !over {
			s.d = add(slot{inArray, firstResult + k})
		} else if n := len(free); n > 0 {
			s.d = add(slot{inBuffer, free[n-1]})
			free = free[:n-1]
		} else {
			s.d = add(slot{inBuffer, e.buffers})
			e.buffers++
		}
		slotOf[i] = s.d
		e.steps = append(e.steps, s)
	}
	where = make([]int, len(outputs))
	for k, o := range outputs {
		where[k] = slotOf[o]
		if results == nil {
			if at := e.slots[slotOf[o]]; at.kind == inConstant || at.kind == inNumber {
				where[k] = add(slot{inBuffer, e.buffers})
				e.buffers++
				e.steps = append(e.steps, blockStep{op: opCopy, a: slotOf[o], d: where[k]})
			}
			continue
		}
		if at := e.slots[slotOf[o]]; at != (slot{inArray, firstResult + k}) {
			e.steps = append(e.steps, blockStep{op: opCopy, a: slotOf[o], d: add(slot{inArray, firstResult + k})})
		}
	}
	e.consts = append(alignedFloats(len(e.consts))[:0], e.consts...)
	return where, nil
}

// prepare loads what is the same for all blocks of a task, each of which begins with a row of the last
// dimension.
func (e *expression) prepare(worker int) {
	memory := e.memory.worker(worker)
	e.args[worker].fresh = true
	e.locate(worker)
	for i, n := range e.numbers {
		v := memory[e.buffers*e.stride+i*vectorPoints:][:vectorPoints]
		value := e.arrays[n.source][n.element]
		for j := range v {
			v[j] = value
		}
	}
	for i := range e.loaders {
		if l := &e.loaders[i]; l.periodic {
			l.load(memory[l.buffer*e.stride:][:min(e.block, e.points)], e.arrays[l.source], e.shape, 0)
		}
	}
}

// run computes the points [first, first+n), no more than a block.
func (e *expression) run(first, n, worker int) {
	memory := e.memory.worker(worker)
	aligned := len(e.shape) == 0 || first%e.shape[len(e.shape)-1] == 0
	if !aligned {
		e.args[worker].fresh = false
	} else if !e.args[worker].fresh {
		e.prepare(worker)
	}
	for i := range e.loaders {
		if l := &e.loaders[i]; !l.periodic || !aligned {
			l.load(memory[l.buffer*e.stride:][:n], e.arrays[l.source], e.shape, first)
		}
	}
	w := &e.args[worker]
	for _, i := range e.moving {
		w.at[i] = unsafe.Pointer(&e.arrays[e.slots[i].index][first])
	}
	p := &w.loopArgs
	whole := n &^ (vectorPoints - 1)
	for i := range e.steps {
		s := &e.steps[i]
		p.n = whole
		p.d, p.a, p.b, p.c = w.at[s.d], w.at[s.a], w.at[s.b], w.at[s.c]
		p.incA, p.incB, p.incC = e.increments[s.a], e.increments[s.b], e.increments[s.c]
		p.constants = s.horner
		if whole > 0 {
			unit.expression(s.op, p)
		}
		if n > whole {
			p.advance(whole)
			p.n = n - whole
			expressionGo(s.op, p)
		}
	}
}

// locate finds where a worker's slots lie, but for those in arrays, which move from block to block.
func (e *expression) locate(worker int) {
	memory := e.memory.worker(worker)
	w := &e.args[worker]
	for i, s := range e.slots {
		switch s.kind {
		case inBuffer:
			w.at[i] = unsafe.Pointer(&memory[s.index*e.stride])
		case inConstant:
			w.at[i] = unsafe.Pointer(&e.consts[s.index*vectorPoints])
		case inNumber:
			w.at[i] = unsafe.Pointer(&memory[e.buffers*e.stride+s.index*vectorPoints])
		}
	}
}

// value is the elements of a slot in the block of n points that was run last.
func (e *expression) value(i, n, worker int) []float32 {
	return unsafe.Slice((*float32)(e.args[worker].at[i]), n)
}

// load copies what the source is at the points from first on to dst, row by row of the last dimension.
func (l *loader) load(dst, array []float32, shape []int, first int) {
	last := len(shape) - 1
	if last < 0 {
		dst[0] = l.element(array, nil)
		return
	}
	var at [maxRank]int
	rest := first
	for d := last; d >= 0; d-- {
		at[d] = rest % shape[d]
		rest /= shape[d]
	}
	for len(dst) > 0 {
		n := min(shape[last]-at[last], len(dst))
		l.row(dst[:n], array, at[:last+1])
		dst = dst[n:]
		at[last] += n
		for d := last; d > 0 && at[d] == shape[d]; d-- {
			at[d] = 0
			at[d-1]++
		}
	}
}

const maxRank = 16

// row copies the points from at on, along the last dimension.
func (l *loader) row(dst, array []float32, at []int) {
	last := len(at) - 1
	base, low, high := l.walk.Base, 0, len(dst)
	for d, s := range l.walk.Stride {
		base += s * at[d]
	}
	for i := range l.walk.Guards {
		g := &l.walk.Guards[i]
		v, step := g.Offset, g.Coef[last]
		for d, c := range g.Coef {
			v += c * at[d]
		}
		switch {
		case step == 0:
			if v < 0 || v >= g.Limit || v%g.Div != 0 {
				clear(dst)
				return
			}
			if g.Div > 1 {
				base += g.Stride * (v / g.Div)
			}
		case g.Div > 1:
			l.elements(dst, array, at)
			return
		case step > 0: // 0 <= v + step*j < Limit
			if v < 0 {
				low = max(low, (-v+step-1)/step)
			}
			high = min(high, (g.Limit-v+step-1)/step)
		default:
			if v >= g.Limit {
				low = max(low, (v-g.Limit)/-step+1)
			}
			high = min(high, v/-step+1)
			if v < 0 {
				high = 0
			}
		}
	}
	if low >= high {
		clear(dst)
		return
	}
	clear(dst[:low])
	clear(dst[high:])
	in, stride := dst[low:high], l.walk.Stride[last]
	from := base + stride*low
	switch stride {
	case 1:
		copy(in, array[from:])
	case 0:
		v := array[from]
		for i := range in {
			in[i] = v
		}
	default:
		for i := range in {
			in[i] = array[from]
			from += stride
		}
	}
}

// elements is row, each point by itself.
func (l *loader) elements(dst, array []float32, at []int) {
	last := len(at) - 1
	first := at[last]
	for i := range dst {
		at[last] = first + i
		dst[i] = l.element(array, at)
	}
	at[last] = first
}

func (l *loader) element(array []float32, at []int) float32 {
	e := l.walk.Base
	for d, s := range l.walk.Stride {
		e += s * at[d]
	}
	for i := range l.walk.Guards {
		g := &l.walk.Guards[i]
		v := g.Offset
		for d, c := range g.Coef {
			v += c * at[d]
		}
		if v < 0 || v >= g.Limit || v%g.Div != 0 {
			return 0
		}
		if g.Div > 1 {
			e += g.Stride * (v / g.Div)
		}
	}
	return array[e]
}
