package ptxemu

import (
	"math"
	"math/bits"
)

// asyncCopy is one cp.async of a warp. Its bytes are read when it is issued and land in shared memory when the
// thread waits for them.
type asyncCopy struct {
	in    *inst
	mask  uint32 // lanes whose bytes have not landed
	group [warpSize]int32
	to    [warpSize]uint32
	data  [warpSize][16]byte
}

// asyncQueue holds a warp's pending copies, oldest first.
type asyncQueue struct {
	pending   []*asyncCopy
	spare     []*asyncCopy
	committed [warpSize]int32 // groups that each lane has committed
}

func (q *asyncQueue) reset() {
	q.spare = append(q.spare, q.pending...)
	q.pending = q.pending[:0]
	q.committed = [warpSize]int32{}
}

// copying reports whether a pending copy of the block will fill any of n bytes at o.
func (b *block) copying(o, n int) bool {
	for _, w := range b.warps {
		for _, c := range w.async.pending {
			for m := c.mask; m != 0; m &= m - 1 {
				if to := int(c.to[bits.TrailingZeros32(m)]); to < o+n && o < to+int(c.in.size) {
					return true
				}
			}
		}
	}
	return false
}

func (t formTable) async() {
	for _, name := range []string{"ca.shared.global", "cg.shared.global"} {
		t.add("cp.async."+name, form{class: classLoad, target: 80, build: buildAsync})
	}
	simple := func(name string, n int, exec func(w *warp, in *inst)) {
		t.add("cp.async."+name, form{class: classBarrier, target: 80, build: func(d *decoder, in *inst, _ *form, st *statement) error {
			err := d.count(st, n)
			if err == nil && n == 1 {
				if st.operands[0].kind != operandImmediate {
					return d.errorf(&st.operands[0], "want a number")
				}
				in.offset = st.operands[0].imm
			}
			in.exec = exec
			return err
		}})
	}
	simple("commit_group", 0, func(w *warp, in *inst) {
		for m := w.act; m != 0; m &= m - 1 {
			w.async.committed[bits.TrailingZeros32(m)&31]++
		}
	})
	simple("wait_group", 1, func(w *warp, in *inst) {
		w.land(func(lane int) int32 { return w.async.committed[lane] - int32(min(in.offset, math.MaxInt32)) })
	})
	simple("wait_all", 0, func(w *warp, in *inst) { w.land(func(int) int32 { return math.MaxInt32 }) })
}

// buildAsync is cp.async [shared], [global], size {, source size}.
func buildAsync(d *decoder, in *inst, _ *form, st *statement) error {
	n := len(st.operands)
	if n != 3 && n != 4 {
		return errorAt(st.pos, "%s has %d operands", st.opcode, n)
	}
	to := inst{}
	if _, err := d.address(&to, &st.operands[0], spaceShared); err != nil {
		return err
	}
	if _, err := d.address(in, &st.operands[1], spaceGlobal); err != nil {
		return err
	}
	size := &st.operands[2]
	cg := st.opcode[len("cp.async.")+1] == 'g'
	if size.kind != operandImmediate || size.imm != 16 && (cg || size.imm != 4 && size.imm != 8) {
		return d.errorf(size, "copies of this size do not exist")
	}
	in.b, in.target = to.a, int32(to.offset)
	in.c = d.constant(size.imm)
	if n == 4 {
		var err error
		if in.c, err = d.source(&st.operands[3], u32, strict); err != nil {
			return err
		}
	}
	d.memoryAccess(in, b32)
	in.size = uint8(size.imm)
	in.exec = execAsync
	return nil
}

func execAsync(w *warp, in *inst) {
	q := &w.async
	var c *asyncCopy
	if n := len(q.spare); n > 0 {
		c, q.spare = q.spare[n-1], q.spare[:n-1]
	} else {
		c = new(asyncCopy)
	}
	c.in, c.mask, c.group = in, 0, q.committed
	from, to, size := w.src(in.a), w.src(in.b), w.src(in.c)
	shared := &w.blk.shared
	reading := uint32(0)
	for m := w.act; m != 0; m &= m - 1 {
		i := bits.TrailingZeros32(m) & 31
		n := uint64(in.size)
		addr, dst := from[i]+in.offset, to[i]+uint64(int64(in.target))
		if size[i] > n {
			w.fail(in, i, "copies %d of %d bytes", size[i], n)
			return
		}
		if dst&(n-1) != 0 || addr&(n-1) != 0 {
			w.failCode(codeMisaligned, in, i, "misaligned: copies %d bytes from %#x (%s) to shared address %#x", n, addr, w.where(spaceGlobal, addr), dst)
			return
		}
		if uint64(len(shared.data)) < n || dst > uint64(len(shared.data))-n {
			w.failCode(codeIllegalAddress, in, i, "writes %d bytes at shared address %#x, past the block's %d bytes of shared memory", n, dst, len(shared.data))
			return
		}
		c.data[i] = [16]byte{}
		if size[i] > 0 {
			b := w.globalBytes(in, i, addr, size[i], accessRead)
			if b == nil {
				return
			}
			copy(c.data[i][:], b)
			w.counts.globalLoaded += size[i]
			reading |= 1 << i
		}
		if w.checks {
			// The bytes may land at any time from here on: a write, and nobody may read them.
			if !w.noteSharedWrite(in, i, int(dst), int(n)) {
				return
			}
			clear(shared.written[dst : dst+n])
		}
		c.to[i] = uint32(dst)
		c.mask |= 1 << i
	}
	w.countSectors(in, from, uint64(in.size), reading, false)
	if w.blk.traffic != nil {
		w.countWavefronts(to, uint64(int64(in.target)), uint64(in.size), w.act)
	}
	q.pending = append(q.pending, c)
}

// land writes what the active lanes have copied in the groups before limit.
func (w *warp) land(limit func(lane int) int32) {
	q := &w.async
	left := q.pending[:0]
	for _, c := range q.pending {
		for m := c.mask & w.act; m != 0; m &= m - 1 {
			i := bits.TrailingZeros32(m) & 31
			if c.group[i] >= limit(i) {
				continue
			}
			c.mask &^= 1 << i
			b := w.bytes(c.in, spaceShared, i, uint64(c.to[i]), uint64(c.in.size), accessWrite)
			if b == nil {
				return
			}
			copy(b, c.data[i][:])
			w.counts.sharedBytes += uint64(c.in.size)
		}
		if c.mask != 0 {
			left = append(left, c)
		} else {
			q.spare = append(q.spare, c)
		}
	}
	q.pending = left
}
