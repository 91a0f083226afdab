package ptxemu

import "math"

// prune drops from the uses of a function's instructions the reads of registers and predicates that every path
// has written, and the writes that no remaining read asks about, so that running checks look at few.
//
// It is the usual forward analysis of definite assignment, over bit sets of basic blocks. A guarded write is not
// certain.
func (k *Kernel) prune(start, regBase, regs, predBase, preds int) {
	code, all := k.code[start:], k.uses[start:]
	blocks, blockAt := basicBlocks(code, start)
	words := (regs + preds + 63) / 64
	bit := func(r int32, isPred bool) int {
		if isPred {
			return regs + int(r) - predBase
		}
		return int(r) - regBase
	}
	set := func(b []uint64, i int) { b[i/64] |= 1 << (i % 64) }
	has := func(b []uint64, i int) bool { return b[i/64]>>(i%64)&1 != 0 }
	apply := func(b []uint64, i int) {
		if code[i].guard >= 0 {
			return
		}
		for _, r := range all[i].writes {
			set(b, bit(r, false))
		}
		for _, p := range all[i].predWrites {
			set(b, bit(p, true))
		}
	}
	in := make([][]uint64, len(blocks))
	for i := range in {
		in[i] = make([]uint64, words)
		if i > 0 {
			for j := range in[i] {
				in[i][j] = math.MaxUint64
			}
		}
	}
	out := make([]uint64, words)
	work := []int{0}
	queued := make([]bool, len(blocks))
	visited := make([]bool, len(blocks))
	for len(work) > 0 {
		n := work[len(work)-1]
		work = work[:len(work)-1]
		queued[n], visited[n] = false, true
		copy(out, in[n])
		for i := blocks[n].first; i < blocks[n].end; i++ {
			apply(out, i)
		}
		for _, next := range blocks[n].next {
			if next < 0 || next >= len(code) {
				continue
			}
			s := blockAt[next]
			changed := !visited[s]
			for j := range out {
				if v := in[s][j] & out[j]; v != in[s][j] {
					in[s][j], changed = v, true
				}
			}
			if changed && !queued[s] {
				queued[s] = true
				work = append(work, s)
			}
		}
	}
	wanted := make([]uint64, words)
	for n, b := range blocks {
		copy(out, in[n])
		for i := b.first; i < b.end; i++ {
			u := &all[i]
			u.reads = keep(u.reads, func(r int32) bool { return !has(out, bit(r, false)) })
			u.predReads = keep(u.predReads, func(p int32) bool { return !has(out, bit(p, true)) })
			if g := code[i].guard; g >= 0 && !has(out, bit(g, true)) {
				code[i].guardUnsure = true
				set(wanted, bit(g, true))
			}
			for _, r := range u.reads {
				set(wanted, bit(r, false))
			}
			for _, p := range u.predReads {
				set(wanted, bit(p, true))
			}
			apply(out, i)
		}
	}
	for i := range all {
		u := &all[i]
		u.writes = keep(u.writes, func(r int32) bool { return has(wanted, bit(r, false)) })
		u.predWrites = keep(u.predWrites, func(p int32) bool { return has(wanted, bit(p, true)) })
	}
}

func keep(list []int32, ok func(int32) bool) []int32 {
	var out []int32
	for _, v := range list {
		if ok(v) {
			out = append(out, v)
		}
	}
	return out
}

// basicBlock is code[first:end]; next holds the first instructions of its successors.
type basicBlock struct {
	first, end int
	next       []int
}

// basicBlocks cuts a function's code; blockAt maps a block's first instruction to its index.
func basicBlocks(code []inst, start int) ([]basicBlock, map[int]int) {
	leader := make([]bool, len(code)+1)
	leader[0] = true
	for i := range code {
		if code[i].jumps() {
			leader[i+1] = true
			if code[i].class == classBranch && code[i].call == nil && !code[i].leaves() {
				leader[int(code[i].target)-start] = true
			}
		}
	}
	var blocks []basicBlock
	blockAt := map[int]int{}
	for i := 0; i < len(code); {
		b := basicBlock{first: i, end: i + 1}
		for b.end < len(code) && !leader[b.end] {
			b.end++
		}
		last := &code[b.end-1]
		if !last.jumps() || last.guard >= 0 {
			b.next = append(b.next, b.end)
		}
		if last.jumps() && !last.leaves() {
			b.next = append(b.next, int(last.target)-start)
		}
		blockAt[i] = len(blocks)
		blocks = append(blocks, b)
		i = b.end
	}
	return blocks, blockAt
}

// jumps reports whether the next instruction may be another than the following one; calls come back.
func (in *inst) jumps() bool { return in.class == classBranch && in.call == nil }

// leaves reports whether the instruction ends the lane's run through the function.
func (in *inst) leaves() bool {
	switch in.st.opcode {
	case "bra", "bra.uni":
		return false
	}
	return true
}
