package ptxtest

import "fmt"

const warpSize = 32

func (t table) moves() {
	for _, ty := range append(append([]intType{}, intTypes...), bitTypes...) {
		t.add("mov."+ty.name, func(a, _, _ uint64) uint64 { return ty.low(a) })
	}
	t.add("mov.f32", func(a, _, _ uint64) uint64 { return a & 0xffffffff })
	t.add("mov.f64", func(a, _, _ uint64) uint64 { return a })
	t.add("mov.pred", func(a, _, _ uint64) uint64 { return a & 1 })
	t.add("mov.b64 pack", func(a, b, _ uint64) uint64 { return a&0xffffffff | b<<32 })
	t.add("mov.b64 unpack 0", func(a, _, _ uint64) uint64 { return a & 0xffffffff })
	t.add("mov.b64 unpack 1", func(a, _, _ uint64) uint64 { return a >> 32 })
	t.add("mov.b64 unpack high", func(a, _, _ uint64) uint64 { return a >> 32 })
	t.add("mov.b32 pack", func(a, b, _ uint64) uint64 { return a&0xffff | b&0xffff<<16 })
	t.add("mov.b32 unpack 0", func(a, _, _ uint64) uint64 { return a & 0xffff })
	t.add("mov.b32 unpack 1", func(a, _, _ uint64) uint64 { return a >> 16 & 0xffff })
	t.among("mov.b64 pack4", func(in []record, i int) uint64 {
		r := in[i]
		return r[0]&0xffff | r[1]&0xffff<<16 | r[2]&0xffff<<32 | r[3]&0xffff<<48
	})
	special := func(name string, f func(thread, lane uint64) uint64) {
		t.among("mov.u32 "+name, func(_ []record, i int) uint64 { return f(uint64(i), uint64(i%warpSize)) & 0xffffffff })
	}
	special("tid.x", func(thread, _ uint64) uint64 { return thread })
	special("ntid.x", func(_, _ uint64) uint64 { return Threads })
	special("nctaid.x", func(_, _ uint64) uint64 { return 1 })
	special("ctaid.x", func(_, _ uint64) uint64 { return 0 })
	for _, axis := range []string{"y", "z"} {
		special("tid."+axis, func(_, _ uint64) uint64 { return 0 })
		special("ntid."+axis, func(_, _ uint64) uint64 { return 1 })
		special("nctaid."+axis, func(_, _ uint64) uint64 { return 1 })
		special("ctaid."+axis, func(_, _ uint64) uint64 { return 0 })
	}
	special("laneid", func(_, lane uint64) uint64 { return lane })
	special("lanemask_eq", func(_, lane uint64) uint64 { return 1 << lane })
	special("lanemask_lt", func(_, lane uint64) uint64 { return 1<<lane - 1 })
	special("lanemask_le", func(_, lane uint64) uint64 { return 1<<lane - 1 | 1<<lane })
	special("lanemask_gt", func(_, lane uint64) uint64 { return ^uint64(1<<lane - 1 | 1<<lane) })
	special("lanemask_ge", func(_, lane uint64) uint64 { return ^uint64(1<<lane - 1) })

	one := func(uint64, uint64, uint64) uint64 { return 1 }
	for _, sp := range []string{"shared", "global", "local"} {
		t.add("cvta."+sp+".u64", func(a, _, _ uint64) uint64 { return a })
		t.add("cvta.to."+sp+".u64", func(_, b, _ uint64) uint64 { return b })
		t.add("isspacep."+sp+" 1", one)
	}
	t.add("isspacep.shared 0", func(_, _, _ uint64) uint64 { return 0 })
	t.add("cvta.const.u64", func(_, _, _ uint64) uint64 { return 0x123456789abcdef })
	t.add("cvta.to.const.u64", func(_, _, _ uint64) uint64 { return 0x123456789abcdef })
}

func (t table) control() {
	t.add("bra loop", func(a, b, _ uint64) uint64 { return (a & 15) * b })
	t.add("bra else", func(a, _, _ uint64) uint64 { return a & 3 })
	t.add("call", func(a, b, _ uint64) uint64 {
		if b&1 == 0 {
			return a
		}
		for range 2 {
			a = 3*a + a&1
		}
		return a
	})
	t.add("exit 0", func(a, _, _ uint64) uint64 { return a })
	t.add("exit 1", func(a, b, _ uint64) uint64 { return choose(a&1 != 0, untouched, b) })
	for word, name := range []string{"bar.sync 0", "bar.sync 1", "barrier.sync 0", "barrier.sync.aligned 0"} {
		t.among(name, func(in []record, i int) uint64 { return in[Threads-1-i][word] })
	}
	t.among("bar.arrive", func(in []record, i int) uint64 { return choose(i < 64, 0, in[Threads-1-i][0]) })
	odd := func(in []record) (n uint64) {
		for _, r := range in {
			n += r[0] & 1
		}
		return n
	}
	t.among("bar.red.popc.u32", func(in []record, _ int) uint64 { return odd(in) })
	t.among("bar.red.and.pred", func(in []record, _ int) uint64 { return boolean(odd(in) == Threads) })
	t.among("bar.red.or.pred", func(in []record, _ int) uint64 { return boolean(odd(in) < Threads) })
	for i, name := range []string{"membar.cta", "membar.gl", "membar.sys", "fence.acq_rel.cta", "fence.acq_rel.gpu", "fence.sc.gpu"} {
		t.among(name, func(in []record, thread int) uint64 { return in[thread][i%4] })
	}
}

// lanes are the records of a thread's warp.
func lanes(in []record, thread int) []record {
	return in[thread/warpSize*warpSize:][:warpSize]
}

func (t table) warps() {
	t.among("bar.warp.sync", func(in []record, i int) uint64 { return in[i^5][0] })
	t.among("activemask.b32", func([]record, int) uint64 { return 0xffffffff })
	for _, s := range []struct {
		mode    string
		by      int
		segment int // lanes that exchange values
	}{{"up", 3, 32}, {"up", 1, 8}, {"down", 5, 32}, {"down", 2, 8}, {"bfly", 16, 32}, {"bfly", 3, 4}, {"idx", 7, 32}, {"idx", 2, 8}} {
		clamp := (32-s.segment)<<8 | 31
		if s.mode == "up" {
			clamp &^= 31
		}
		source := func(lane int) (int, bool) {
			base, at := lane/s.segment*s.segment, lane%s.segment
			switch s.mode {
			case "up":
				at -= s.by
			case "down":
				at += s.by
			case "bfly":
				at ^= s.by
			case "idx":
				at = s.by
			}
			if at < 0 || at >= s.segment {
				return lane, false
			}
			return base + at, true
		}
		name := fmt.Sprintf("shfl.sync.%s.b32 %d %d", s.mode, s.by, clamp)
		t.among(name, func(in []record, i int) uint64 {
			from, _ := source(i % warpSize)
			return lanes(in, i)[from][0] & 0xffffffff
		})
		t.among(name+" inside", func(_ []record, i int) uint64 {
			_, ok := source(i % warpSize)
			return boolean(ok)
		})
	}
	t.among("shfl.sync.idx.b32 varying", func(in []record, i int) uint64 { return lanes(in, i)[in[i][1]&31][0] & 0xffffffff })

	ballot := func(in []record, i int) (set uint64) {
		for lane, r := range lanes(in, i) {
			set |= r[0] & 1 << lane
		}
		return set
	}
	t.among("vote.sync.all.pred odd", func(in []record, i int) uint64 { return boolean(ballot(in, i) == 0xffffffff) })
	t.among("vote.sync.any.pred odd", func(in []record, i int) uint64 { return boolean(ballot(in, i) != 0) })
	t.among("vote.sync.uni.pred odd", func(in []record, i int) uint64 { return boolean(ballot(in, i) == 0 || ballot(in, i) == 0xffffffff) })
	t.among("vote.sync.ballot.b32", ballot)
	for _, mode := range []string{"all", "any", "uni"} {
		t.among("vote.sync."+mode+".pred always", func([]record, int) uint64 { return 1 })
	}
	for name, mask := range map[string]uint64{"b32": 3, "b64": 1<<63 | 5} {
		t.among("match.any.sync."+name, func(in []record, i int) (set uint64) {
			for lane, r := range lanes(in, i) {
				set |= boolean(r[0]&mask == in[i][0]&mask) << lane
			}
			return set
		})
	}
	for name, f := range map[string]func(a, b uint32) uint32{
		"add.u32": func(a, b uint32) uint32 { return a + b },
		"add.s32": func(a, b uint32) uint32 { return a + b },
		"min.u32": func(a, b uint32) uint32 { return min(a, b) },
		"max.u32": func(a, b uint32) uint32 { return max(a, b) },
		"min.s32": func(a, b uint32) uint32 { return uint32(min(int32(a), int32(b))) },
		"max.s32": func(a, b uint32) uint32 { return uint32(max(int32(a), int32(b))) },
		"and.b32": func(a, b uint32) uint32 { return a & b },
		"or.b32":  func(a, b uint32) uint32 { return a | b },
		"xor.b32": func(a, b uint32) uint32 { return a ^ b },
	} {
		t.among("redux.sync."+name, func(in []record, i int) uint64 {
			all := lanes(in, i)
			v := uint32(all[0][0])
			for _, r := range all[1:] {
				v = f(v, uint32(r[0]))
			}
			return uint64(v)
		})
	}
}

func (t table) matrices() {
	for _, trans := range []string{"", ".trans"} {
		for _, n := range []int{1, 2, 4} {
			for m := range n {
				t.among(fmt.Sprintf("ldmatrix.sync.aligned.m8n8.x%d%s.shared.b16 %d", n, trans, m), func(in []record, i int) uint64 {
					warp, lane := lanes(in, i), i%warpSize
					element := func(row, col int) uint64 {
						if trans != "" {
							row, col = col, row
						}
						// Row r of matrix m is words a and b of lane 8m+r.
						return warp[8*m+row][col/4] >> (16 * (col % 4)) & 0xffff
					}
					return element(lane/4, lane%4*2) | element(lane/4, lane%4*2+1)<<16
				})
			}
		}
	}
	for _, shape := range []struct {
		k    int
		typ  string
		size int // bits of an element of A and B
	}{{4, "tf32", 32}, {8, "tf32", 32}, {8, "bf16", 16}, {16, "bf16", 16}, {16, "f16", 16}} {
		name := fmt.Sprintf("mma.sync.aligned.m16n8k%d.row.col.f32.%s.%s.f32", shape.k, shape.typ, shape.typ)
		for i := range 4 {
			t.set(fmt.Sprintf("%s %d", name, i), reference{func(in []record, thread int) uint64 {
				return multiply(lanes(in, thread), thread%warpSize, i, shape.k, shape.typ, shape.size)
			}, number32})
		}
	}
}

// multiply is element i of a lane's part of A*B + C. The low halves of a to d hold A, the high halves of a and b
// hold B, those of c and d the elements 0 and 3, and 1 and 2 of C.
func multiply(warp []record, lane, i, k int, typ string, size int) uint64 {
	perReg := 32 / size
	value := func(word uint64, e int) float64 {
		v := word >> (size * e)
		switch typ {
		case "f16":
			sign := 1 - 2*float64(v>>15&1)
			return sign * halfValue(v&0x7fff)
		case "bf16":
			return bfloatValue(v & 0xffff)
		}
		return float64(f32(v))
	}
	// As in the figures of NVIDIA's PTX manual: which lane and register hold an element of A and B.
	a := func(row, col int) float64 {
		group := 4 * perReg // columns that the four lanes of a row cover
		reg := row/8 + 2*(col/group)
		return value(warp[row%8*4+col%group/perReg][reg]&0xffffffff, col%perReg)
	}
	b := func(row, col int) float64 {
		group := 4 * perReg
		return value(warp[col*4+row%group/perReg][row/group]>>32, row%perReg)
	}
	row, col := lane/4+i/2*8, lane%4*2+i%2
	c := warp[lane][2]
	if i == 1 || i == 2 {
		c = warp[lane][3]
	}
	sum := float64(f32(c >> 32))
	for j := range k {
		sum += a(row, j) * b(j, col)
	}
	return bits32(float32(sum))
}
