package cpu

import (
	"slices"
	"unsafe"

	"gangpu/engine/expr"
	"gangpu/engine/program"
)

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

// streamed is the length from which on a result is written past the caches: it would not stay there, and need not be
// read to be written.
const streamed = 1 << 23

// streams reports whether a result is written past the caches. Its chunks begin at whole cache lines then.
func (e *expression) streams(result []float32) bool {
	const line = alignment / 4
	return len(result) >= streamed && address(&result[0])%alignment == 0 && e.block%line == 0 && e.span%line == 0
}

// add is the number of a slot.
func (e *expression) add(s slot) int {
	if i := slices.Index(e.slots, s); i >= 0 {
		return i
	}
	e.slots = append(e.slots, s)
	return len(e.slots) - 1
}

func (e *expression) newBuffer() int {
	e.buffers++
	return e.add(slot{kind: inBuffer, index: e.buffers - 1})
}

func (e *expression) newRegister() int {
	e.registers++
	return e.add(slot{kind: inRegister, index: e.registers - 1})
}

// source finds where the machine reads a source, and whether it is the same for blocks in a row.
func (e *expression) source(i int, walks []program.Walk, of windows) (at place, steady bool) {
	if f, ok := of.loaderOf(i); ok {
		k := slices.IndexFunc(e.loaders, func(l loader) bool { return l.source == f })
		if k < 0 {
			k = len(e.loaders)
			e.loaders = append(e.loaders, newWindow(e, f, walks[f], of))
			e.buffers++
			e.loaders[k].buffer = e.buffers - 1
		}
		return place{slot: e.add(slot{kind: inBuffer, index: e.loaders[k].buffer, moved: of.moved[i] * of.inner(e)})}, false
	}
	w := walks[i]
	moves := slices.ContainsFunc(w.Stride, func(s int) bool { return s != 0 })
	switch {
	case w.IsDense(e.shape) && e.points > 1:
		e.arrays[i] = e.arrays[i][w.Base:]
		return place{slot: e.add(slot{kind: inArray, index: i})}, false
	case !moves && len(w.Guards) == 0:
		e.arrays[i] = e.arrays[i][w.Base:]
		return place{slot: e.add(slot{kind: inNumber, index: i}), scalar: true}, true
	}
	l := newLoader(e, i, w)
	at = place{slot: e.newBuffer()}
	l.buffer = e.buffers - 1
	e.loaders = append(e.loaders, l)
	return at, l.steady
}

// compile writes the steady code and the code, and gives the slots of the results, of which the first ones are in
// arrays. With over, a result lies where a source does, and all are written when all is read. With past, results may be
// written past the caches.
func (e *expression) compile(instructions []expr.Instr, outputs []int, walks []program.Walk, of windows, inArrays int, over, past bool) (
	where []int, err error) {
	places, steady := make([]place, len(instructions)), make([]bool, len(instructions))
	computed := func(i int) bool { return instructions[i].Op > expr.OpConst }
	left := map[int]bool{} // by the steady code, for the code
	for i, in := range instructions {
		places[i] = nowhere
		switch in.Op {
		case expr.OpInput:
			places[i], steady[i] = e.source(in.Index, walks, of)
			continue
		case expr.OpConst:
			places[i], steady[i] = place{slot: e.add(slot{kind: inConstant, index: len(e.consts)}), scalar: true}, true
			e.consts = append(e.consts, in.Value)
			continue
		}
		steady[i] = e.points >= steadyBlocks*e.block
		for _, a := range in.Args() {
			steady[i] = steady[i] && steady[a]
		}
		for _, a := range in.Args() {
			left[a] = left[a] || computed(a) && steady[a] && !steady[i]
		}
	}
	for _, o := range outputs {
		left[o] = left[o] || computed(o) && steady[o]
	}
	w := newCodeWriter(instructions, func(i int) bool { return steady[i] }, nil, slices.Clone(places), e.newRegister)
	for i := range instructions {
		if !computed(i) || !steady[i] {
			continue
		}
		if err := w.write(i); err != nil {
			return nil, err
		}
		if left[i] {
			places[i] = place{slot: e.newBuffer()}
			w.store(i, places[i].slot)
		}
	}
	e.steady = w.end()

	where = make([]int, len(outputs))
	var written []int
	for k, o := range outputs {
		if k < inArrays {
			where[k] = e.add(slot{kind: inArray, index: e.sources + k})
		} else if in := places[o]; in != nowhere && !in.scalar && !over {
			where[k] = in.slot
			continue
		} else {
			where[k] = e.newBuffer()
		}
		written = append(written, k)
	}
	var kept []int
	for _, k := range written {
		kept = append(kept, outputs[k])
	}
	w = newCodeWriter(instructions, func(i int) bool { return !steady[i] }, kept, places, e.newRegister)
	write := func(k int) {
		if k < inArrays && past && e.streams(e.arrays[e.sources+k]) {
			w.stream(outputs[k], where[k])
		} else {
			w.store(outputs[k], where[k])
		}
		w.use(-1, outputs[k])
	}
	for i := range instructions {
		if !computed(i) || steady[i] {
			continue
		}
		if err := w.write(i); err != nil {
			return nil, err
		}
		for _, k := range written {
			if outputs[k] == i && !over {
				write(k)
			}
		}
	}
	for _, k := range written {
		if o := outputs[k]; over && !computed(o) && !places[o].scalar {
			w.toRegister(o) // before another result is written over it
		}
	}
	for _, k := range written {
		if o := outputs[k]; over || steady[o] || !computed(o) {
			write(k)
		}
	}
	e.code = w.end()
	return where, nil
}

// arrange brings the sources in arrays to the front, and other slots that advance behind them.
func (e *expression) arrange(where []int) {
	class := func(s slot) int {
		switch {
		case s.kind == inArray && s.index < e.sources:
			return 0
		case s.kind == inArray || s.kind == inBuffer:
			return 1
		}
		return 2
	}
	slots, to := make([]slot, 0, len(e.slots)), make([]int, len(e.slots))
	for c := range 3 {
		e.reading, e.advancing = e.advancing, len(slots) // in the end, how many are of class 0, and of 0 and 1
		for i, s := range e.slots {
			if class(s) == c {
				to[i] = len(slots)
				slots = append(slots, s)
			}
		}
	}
	e.slots = slots
	e.chunk, e.machine = unit.chunk, unit.run
	for _, code := range [][]chunkInstr{e.steady, e.code} {
		for i := range code {
			in := &code[i]
			for _, p := range []*uintptr{&in.a, &in.b, &in.c} {
				if *p != noSlot {
					*p = uintptr(8 * to[*p/8])
				}
			}
			if unit.handlers != nil {
				in.op = unit.handlers[in.op]
			}
		}
	}
	for k := range where {
		where[k] = to[where[k]]
	}
}
