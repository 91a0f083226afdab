package engine

import (
	"cmp"
	"slices"

	"gangpu/engine/program"
)

// arenaAlign is where values may begin in scratch memory, in elements: at 256 bytes, as what the CUDA driver allocates.
// Vector loads of a GPU want 16, the CPU's like 64.
const arenaAlign = 64

// block is a part of scratch memory: of one value, or of several in turn, each computed over the one before.
type block struct {
	len         int // elements
	first, last int // the steps from which to which it is in use
	offset      int // elements, where it lies
}

// blocksOf gives every scratch value a block, which is in use from the step that computes the value to the last one that
// reads it. With inPlace, an elementwise step overwrites an operand that it is the last to read. Without reuse all
// blocks are in use all the time. Constants always are, so that a device may fill them once for all runs.
func blocksOf(steps []*step, inPlace, reuse bool) []*block {
	lastUse := map[*value]int{}
	for i, s := range steps {
		for _, v := range s.args {
			lastUse[v] = i
		}
	}
	var blocks []*block
	for i, s := range steps {
		var overwritten []*value
		for _, r := range s.results() {
			if !r.isScratch() {
				continue
			}
			if inPlace && !isFill(s) {
				over := slices.IndexFunc(s.reads(), func(v *value) bool {
					return v.isScratch() && v.len == r.len && lastUse[v] == i && !isFill(v.def) && mayOverwrite(s, v) &&
						!slices.Contains(overwritten, v)
				})
				if over >= 0 {
					v := s.reads()[over]
					overwritten = append(overwritten, v)
					r.block, v.block.last = v.block, max(v.block.last, lastUse[r])
					continue
				}
			}
			r.block = &block{len: r.len, first: i, last: lastUse[r]}
			if !reuse || isFill(s) {
				r.block.first, r.block.last = 0, len(steps)-1
			}
			blocks = append(blocks, r.block)
		}
	}
	return blocks
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

// place lays the blocks out so that no two that are in use at the same time overlap, and returns how many elements they
// take: the largest first, each in the smallest gap that holds it between those that are there already (Pisarchyk and
// Lee, 2020, "greedy by size").
func place(blocks []*block) int {
	bySize := slices.Clone(blocks)
	slices.SortStableFunc(bySize, func(a, b *block) int { return cmp.Compare(b.len, a.len) })
	size := 0
	placed := make([]*block, 0, len(blocks)) // by their offsets
	for _, b := range bySize {
		end, gap := 0, 0
		found := false
		for _, p := range placed {
			if p.last < b.first || b.last < p.first {
				continue
			}
			if room := p.offset - end; room >= b.len && (!found || room < gap) {
				b.offset, gap, found = end, room, true
			}
			end = max(end, (p.offset+p.len+arenaAlign-1)/arenaAlign*arenaAlign)
		}
		if !found {
			b.offset = end
		}
		size = max(size, b.offset+b.len)
		at, _ := slices.BinarySearchFunc(placed, b.offset, func(p *block, offset int) int { return cmp.Compare(p.offset, offset) })
		placed = slices.Insert(placed, at, b)
	}
	return size
}
