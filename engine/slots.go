package engine

import (
	"fmt"
	"slices"

	"gangpu/engine/program"
)

// assignSlots gives every scratch value a slot, an array that it has to itself from the step that
// computes it to the last one that reads it, and returns the slots' sizes in elements. With
// inPlace, an elementwise step overwrites an operand that it is the last to read. With reuse, a
// slot given up is taken by the next value that it fits best. Constants keep theirs, so that a device
// may fill them once for all runs.
func assignSlots(steps []*step, inPlace, reuse bool) []int {
	lastUse := map[*value]int{}
	for i, s := range steps {
		for _, v := range s.args {
			lastUse[v] = i
		}
	}
	var slots slotAllocator
	for i, s := range steps {
		var dying []*value // in slots that are free after this step
		for _, v := range s.reads() {
			if v.isScratch() && lastUse[v] == i && !isFill(v.def) && !slices.Contains(dying, v) {
				dying = append(dying, v)
			}
		}
		for _, r := range s.results() {
			if !r.isScratch() {
				continue
			}
			over := -1
			if inPlace && !isFill(s) {
				over = slices.IndexFunc(dying, func(v *value) bool { return v.len == r.len && mayOverwrite(s, v) })
			}
			switch {
			case isFill(s):
				r.slot = slots.add(r.len)
			case over >= 0:
				r.slot = dying[over].slot
				dying = slices.Delete(dying, over, over+1)
			default:
				r.slot = slots.take(r.len)
			}
		}
		if reuse {
			for _, v := range dying {
				slots.free = append(slots.free, v.slot)
			}
		}
	}
	return slots.sizes
}

// mayOverwrite reports whether a step may write a result where its operand v lies.
func mayOverwrite(s *step, v *value) bool {
	for i, read := range s.reads() {
		if read == v && !program.MayOverwrite(s.op, i) {
			return false
		}
	}
	return true
}

func isFill(s *step) bool {
	_, ok := s.op.(program.Fill)
	return ok
}

type slotAllocator struct {
	sizes []int
	free  []int // indices into sizes
}

// take gives a slot of at least n elements: the smallest free one that is large enough, or else
// the largest free one, enlarged, or else a new one.
func (a *slotAllocator) take(n int) int {
	best := -1
	for i, slot := range a.free {
		if best < 0 {
			best = i
			continue
		}
		size, bestSize := a.sizes[slot], a.sizes[a.free[best]]
		if bestSize < n && size > bestSize || size >= n && size < bestSize {
			best = i
		}
	}
	if best < 0 {
		return a.add(n)
	}
	slot := a.free[best]
	a.free = slices.Delete(a.free, best, best+1)
	a.sizes[slot] = max(a.sizes[slot], n)
	return slot
}

// add gives a new slot of n elements.
func (a *slotAllocator) add(n int) int {
	a.sizes = append(a.sizes, n)
	return len(a.sizes) - 1
}

// emit writes the program down. Scratch storages go by size, the largest first, so that programs
// which are joined share them well.
func emit(name string, steps []*step, slots []int) (*program.Program, error) {
	p := &program.Program{Name: name}
	order := make([]int, len(slots))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return slots[b] - slots[a] })
	storage := make([]int, len(slots))
	for i, slot := range order {
		storage[slot] = i
		p.Storages = append(p.Storages, program.Storage{
			Name: fmt.Sprintf("scratch%d", i), Len: slots[slot], Scratch: true})
	}
	for _, s := range steps {
		out := program.Step{Op: s.op, Name: s.name}
		operands := s.op.Operands()
		for j, v := range s.args {
			view := program.View{Len: v.len}
			if v.isScratch() {
				view.Storage = storage[v.slot]
			} else {
				i, err := p.External(v.at.Storage, program.Float32, v.at.Offset+v.len)
				if err != nil {
					return nil, err
				}
				view.Storage, view.Offset = i, v.at.Offset
			}
			if j < len(s.args)-1 {
				out.Args = append(out.Args, view)
				continue
			}
			for _, r := range operands[j:] { // of several results a node has one after the other
				view.Len = r.Len
				out.Args = append(out.Args, view)
				view.Offset += r.Len
			}
		}
		p.Steps = append(p.Steps, out)
	}
	return p, nil
}
