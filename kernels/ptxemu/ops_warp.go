package ptxemu

import (
	"math/bits"
)

func (t formTable) warps() {
	for mode, name := range []string{"up", "down", "bfly", "idx"} {
		t.add("shfl.sync."+name+".b32", form{class: classWarp, build: func(d *decoder, in *inst, _ *form, st *statement) error {
			in.mode = uint8(mode)
			return buildShfl(d, in, st)
		}})
	}
	for mode, name := range []string{"all.pred", "any.pred", "uni.pred", "ballot.b32"} {
		t.add("vote.sync."+name, form{class: classWarp, build: func(d *decoder, in *inst, _ *form, st *statement) error {
			in.mode = uint8(mode)
			return buildVote(d, in, st)
		}})
	}
	t.add("activemask.b32", form{class: classWarp, build: func(d *decoder, in *inst, _ *form, st *statement) error {
		err := d.count(st, 1)
		if err != nil {
			return err
		}
		in.exec = func(w *warp, in *inst) {
			w.tmp.splat(uint64(w.act))
			w.blend(in.d, &w.tmp)
		}
		in.d, err = d.dest(&st.operands[0], b32, strict)
		return err
	}})
	t.add("bar.warp.sync", form{class: classWarp, build: func(d *decoder, in *inst, _ *form, st *statement) error {
		err := d.count(st, 1)
		if err != nil {
			return err
		}
		in.exec = func(w *warp, in *inst) { w.meet(in, in.a) }
		in.a, err = d.source(&st.operands[0], b32, strict)
		return err
	}})
	for _, ty := range []scalar{b32, b64} {
		t.add("match.any.sync."+ty.String(), form{class: classWarp, build: func(d *decoder, in *inst, _ *form, st *statement) error {
			return buildReduce(d, in, st, b32, ty, matchAny)
		}})
	}
	for name, f := range map[string]func(a, b uint32) uint32{
		"add.u32": func(a, b uint32) uint32 { return a + b }, "add.s32": func(a, b uint32) uint32 { return a + b },
		"min.u32": func(a, b uint32) uint32 { return min(a, b) }, "max.u32": func(a, b uint32) uint32 { return max(a, b) },
		"min.s32": func(a, b uint32) uint32 { return uint32(min(int32(a), int32(b))) },
		"max.s32": func(a, b uint32) uint32 { return uint32(max(int32(a), int32(b))) },
		"and.b32": func(a, b uint32) uint32 { return a & b }, "or.b32": func(a, b uint32) uint32 { return a | b },
		"xor.b32": func(a, b uint32) uint32 { return a ^ b },
	} {
		ty := scalarByName[name[len(name)-3:]]
		t.add("redux.sync."+name, form{class: classWarp, target: 80, build: func(d *decoder, in *inst, _ *form, st *statement) error {
			return buildReduce(d, in, st, ty, ty, func(d, a *lanes, mask uint32) {
				first := bits.TrailingZeros32(mask)
				v := uint32(a[first])
				for m := mask & (mask - 1); m != 0; m &= m - 1 {
					v = f(v, uint32(a[bits.TrailingZeros32(m)]))
				}
				d.splat(uint64(v))
			})
		}})
	}
}

// meet waits until all lanes that the mask in slot names are here; it returns the mask.
func (w *warp) meet(in *inst, slot int32) (uint32, bool) {
	lane := bits.TrailingZeros32(w.act)
	mask := uint32(w.src(slot)[lane])
	for m := w.act; m != 0; m &= m - 1 {
		i := bits.TrailingZeros32(m)
		own := uint32(w.src(slot)[i])
		if own>>i&1 == 0 {
			w.fail(in, i, "the mask %#08x leaves out the lane that executes it", own)
			return 0, false
		}
	}
	if !w.converge(in, mask&w.full) {
		return 0, false
	}
	w.syncs++
	return mask, true
}

// buildShfl is shfl.sync.mode.b32 d[|p], a, b, c, membermask.
func buildShfl(d *decoder, in *inst, st *statement) error {
	err := d.count(st, 5)
	if err != nil {
		return err
	}
	if in.a, err = d.source(&st.operands[1], b32, strict); err != nil {
		return err
	}
	if in.b, err = d.source(&st.operands[2], b32, strict); err != nil {
		return err
	}
	if in.c, err = d.source(&st.operands[3], b32, strict); err != nil {
		return err
	}
	mask, err := d.source(&st.operands[4], b32, strict)
	if err != nil {
		return err
	}
	in.regs = []int32{mask}
	dst := &st.operands[0]
	if dst.kind == operandPair {
		if in.pd, err = d.predDest(&dst.elems[1]); err != nil {
			return err
		}
		dst = &dst.elems[0]
	}
	in.d, err = d.dest(dst, b32, strict)
	in.exec = execShfl
	return err
}

const (
	shflUp uint8 = iota
	shflDown
	shflButterfly
	shflIndex
)

func execShfl(w *warp, in *inst) {
	if _, ok := w.meet(in, in.regs[0]); !ok {
		return
	}
	a, b, c := w.src(in.a), w.src(in.b), w.src(in.c)
	var inside uint32
	for m := w.act; m != 0; m &= m - 1 {
		lane := bits.TrailingZeros32(m)
		by, clamp, segment := int(b[lane]&31), int(c[lane]&31), int(c[lane]>>8&31)
		last := lane&segment | clamp&^segment
		from, ok := lane, false
		switch in.mode {
		case shflUp:
			from = lane - by
			ok = from >= last
		case shflDown:
			from = lane + by
			ok = from <= last
		case shflButterfly:
			from = lane ^ by
			ok = from <= last
		case shflIndex:
			from = lane&segment | by&^segment
			ok = from <= last
		}
		if !ok {
			from = lane
		} else {
			inside |= 1 << lane
		}
		if w.act>>from&1 == 0 && w.checks {
			w.fail(in, lane, "takes the value of lane %d, which does not take part", from)
			return
		}
		w.tmp[lane] = a[from&31]
	}
	w.blend(in.d, &w.tmp)
	w.setPred(in.pd, inside)
}

func buildVote(d *decoder, in *inst, st *statement) error {
	err := d.count(st, 3)
	if err != nil {
		return err
	}
	if in.pa, in.paNot, err = d.predicate(&st.operands[1]); err != nil {
		return err
	}
	if in.a, err = d.source(&st.operands[2], b32, strict); err != nil {
		return err
	}
	if in.mode == voteBallot {
		in.d, err = d.dest(&st.operands[0], b32, strict)
	} else {
		in.pd, err = d.predDest(&st.operands[0])
	}
	in.exec = execVote
	return err
}

const (
	voteAll uint8 = iota
	voteAny
	voteUniform
	voteBallot
)

func execVote(w *warp, in *inst) {
	mask, ok := w.meet(in, in.a)
	if !ok {
		return
	}
	set := w.pred(in.pa, in.paNot) & mask & w.act
	yes := false
	switch in.mode {
	case voteBallot:
		w.tmp.splat(uint64(set))
		w.blend(in.d, &w.tmp)
		return
	case voteAll:
		yes = set == mask&w.act
	case voteAny:
		yes = set != 0
	case voteUniform:
		yes = set == 0 || set == mask&w.act
	}
	var v uint32
	if yes {
		v = fullMask
	}
	w.setPred(in.pd, v)
}

// buildReduce is op d, a, membermask.
func buildReduce(d *decoder, in *inst, st *statement, to, from scalar, f func(d, a *lanes, mask uint32)) error {
	err := d.count(st, 3)
	if err != nil {
		return err
	}
	if in.a, err = d.source(&st.operands[1], from, strict); err != nil {
		return err
	}
	if in.b, err = d.source(&st.operands[2], b32, strict); err != nil {
		return err
	}
	in.d, err = d.dest(&st.operands[0], to, strict)
	in.exec = func(w *warp, in *inst) {
		if mask, ok := w.meet(in, in.b); ok {
			f(&w.tmp, w.src(in.a), mask&w.act)
			w.blend(in.d, &w.tmp)
		}
	}
	return err
}

// matchAny gives each lane the lanes that hold its value.
func matchAny(d, a *lanes, mask uint32) {
	for m := mask; m != 0; m &= m - 1 {
		i := bits.TrailingZeros32(m)
		d[i] = 0
		for n := mask; n != 0; n &= n - 1 {
			if j := bits.TrailingZeros32(n); a[j] == a[i] {
				d[i] |= 1 << j
			}
		}
	}
}
