package ptxemu

import (
	"math"
	"math/bits"
)

const warpSize = 32

const fullMask = math.MaxUint32

// lanes holds one register of a warp: a value a lane, narrower types zero-extended.
type lanes [warpSize]uint64

// inst is a decoded instruction. Source operands are slots: registers from 0 up, constants from -1 down.
type inst struct {
	exec        func(w *warp, in *inst)
	alu         func(d, a, b, c *lanes)        // of execALU
	cmp         func(a, b *lanes) (set uint32) // of execSetp
	d, a, b, c  int32
	guard       int32 // predicate, or -1
	guardNot    uint32
	guardUnsure bool  // the guard may never have been written
	pd, pd2     int32 // predicate destinations, or -1
	pa, pb      int32 // predicate sources, or -1
	paNot       uint32
	pbNot       uint32
	offset      uint64
	regs        []int32 // elements of vectors: ld, st, mma
	target      int32   // of a branch
	slot        int32   // in the cache of allocations
	mode        uint8   // what else the opcode selects
	space       space
	size        uint8 // bytes an element
	extend      uint8 // ld: shift that sign-extends the element into its register, plus 1
	class       class
	fp32        uint8 // floating-point operations a thread
	readOnly    bool  // ld.global.nc
	call        *callInfo
	st          *statement
}

// callInfo says what a call copies between frames in local memory.
type callInfo struct {
	arguments []frameCopy
	results   []frameCopy
}

type frameCopy struct{ from, to, bytes int }

// group is a set of lanes of a warp that are at the same instruction, other than the running ones.
type group struct {
	pc     int
	mask   uint32
	parked bool   // waits at pc for more lanes
	need   uint32 // then: the lanes that must come
}

type warpState uint8

const (
	warpReady warpState = iota
	warpAtBarrier
	warpDone
)

// warp runs one decoded instruction at a time for its active lanes. Lanes that diverge become groups; the
// group with the smallest pc runs, and groups that meet at a pc become one.
type warp struct {
	k      *Kernel
	blk    *block
	index  int // in the block
	regs   []lanes
	consts []lanes
	preds  []uint32
	checks bool

	pc      int
	mask    uint32 // running lanes
	act     uint32 // running lanes whose guard holds, during an instruction
	horizon int    // a pc from here on needs reschedule
	others  []group
	live    uint32 // lanes that have not exited
	full    uint32 // lanes that exist
	state   warpState
	err     error

	tid       [3]lanes
	local     []byte
	localInit []byte
	written   []uint32 // per register: lanes that have been written
	predDone  []uint32
	tmp       lanes

	barrier   *inst // where the warp waits
	barrierID int
	syncs     uint64 // warp-wide synchronisations since the last barrier
	async     asyncQueue
	steps     uint64
	counts    *counts
}

func (w *warp) src(slot int32) *lanes {
	if slot >= 0 {
		return &w.regs[slot]
	}
	return &w.consts[^slot]
}

// run executes until the warp waits at a barrier, has exited, or failed.
func (w *warp) run() {
	code := w.k.code
	for {
		pc := w.pc
		in := &code[pc]
		act := w.mask
		w.pc = pc + 1
		if in.guard >= 0 {
			if w.checks && in.guardUnsure && !w.checkGuard(in) {
				return
			}
			act &= w.preds[in.guard] ^ in.guardNot
		}
		if act != 0 {
			w.act = act
			w.steps++
			n := uint64(bits.OnesCount32(act))
			w.counts.classes[in.class] += n
			w.counts.warp++
			w.counts.fp32 += n * uint64(in.fp32)
			if w.checks && !w.checkRegisters(in, pc) {
				return
			}
			in.exec(w, in)
		}
		if w.pc >= w.horizon && !w.reschedule() {
			return
		}
	}
}

// interrupt makes run call reschedule after the current instruction.
func (w *warp) interrupt() { w.horizon = 0 }

// reschedule joins groups that meet and picks the next one to run; false ends run.
func (w *warp) reschedule() bool {
	if w.err != nil || w.state != warpReady {
		return false
	}
	if w.live == 0 {
		w.state = warpDone
		return false
	}
	if w.mask != 0 {
		w.others = append(w.others, group{pc: w.pc, mask: w.mask})
		w.mask = 0
	}
	best := w.joinGroups()
	if best < 0 {
		if !w.joinWarpBarriers() {
			w.deadlock()
			return false
		}
		best = w.joinGroups()
	}
	g := w.others[best]
	last := len(w.others) - 1
	w.others[best] = w.others[last]
	w.others = w.others[:last]
	w.pc, w.mask = g.pc, g.mask
	w.horizon = math.MaxInt
	for _, o := range w.others {
		if o.pc > w.pc && o.pc < w.horizon {
			w.horizon = o.pc
		}
	}
	return true
}

// joinGroups merges groups at the same pc, which unparks them, and returns the index of the first one that can
// run, or -1.
func (w *warp) joinGroups() int {
	list := w.others[:0]
next:
	for _, g := range w.others {
		for i := range list {
			if list[i].pc == g.pc {
				list[i].mask |= g.mask
				list[i].parked = list[i].parked && g.parked
				continue next
			}
		}
		list = append(list, g)
	}
	w.others = list
	best := -1
	for i, g := range list {
		if !g.parked && (best < 0 || g.pc < list[best].pc) {
			best = i
		}
	}
	return best
}

// converge reports whether all lanes of need execute this instruction now; if not, it parks those that do
// until the others come.
func (w *warp) converge(in *inst, need uint32) bool {
	if need&^w.act == 0 {
		return true
	}
	if gone := need &^ w.live; gone != 0 {
		w.fail(in, bits.TrailingZeros32(w.act), "waits for %s that exited or do not exist", laneList(gone))
		return false
	}
	w.others = append(w.others, group{pc: w.pc - 1, mask: w.act, parked: true, need: need})
	w.mask &^= w.act
	w.interrupt()
	return false
}

// joinWarpBarriers lets lanes pass that wait for each other at different bar.warp.sync.
func (w *warp) joinWarpBarriers() bool {
	passed := false
	for _, g := range w.others {
		if !g.parked || w.k.code[g.pc].exec == nil || !w.k.code[g.pc].isWarpBarrier() {
			continue
		}
		need := uint32(w.src(w.k.code[g.pc].a)[bits.TrailingZeros32(g.mask)])
		var here uint32
		for _, o := range w.others {
			in := &w.k.code[o.pc]
			if o.parked && in.isWarpBarrier() && uint32(w.src(in.a)[bits.TrailingZeros32(o.mask)]) == need {
				here |= o.mask
			}
		}
		if need&^here != 0 {
			continue
		}
		for i, o := range w.others {
			if o.parked && o.mask&need != 0 && w.k.code[o.pc].isWarpBarrier() {
				w.others[i].parked = false
				w.others[i].pc++
				passed = true
			}
		}
		w.syncs++
		return passed
	}
	return false
}

func (in *inst) isWarpBarrier() bool { return in.st.opcode == "bar.warp.sync" }

// deadlock reports groups that wait for lanes that never come.
func (w *warp) deadlock() {
	g := w.others[0]
	in := &w.k.code[g.pc]
	lane := bits.TrailingZeros32(g.mask)
	missing := g.need &^ g.mask
	switch gone := missing &^ w.live; {
	case gone != 0:
		w.fail(in, lane, "waits for %s that exited", laneList(gone))
	case in.class == classBarrier:
		w.fail(in, lane, "barrier reached by part of a warp: %s are here, %s are not", laneList(g.mask), laneList(missing))
	default:
		w.fail(in, lane, "%s wait for %s, which wait elsewhere", laneList(g.mask), laneList(missing))
	}
}

// execALU computes all lanes and keeps the active ones.
func execALU(w *warp, in *inst) {
	if w.act == fullMask {
		in.alu(&w.regs[in.d], w.src(in.a), w.src(in.b), w.src(in.c))
		return
	}
	in.alu(&w.tmp, w.src(in.a), w.src(in.b), w.src(in.c))
	w.blend(in.d, &w.tmp)
}

func (w *warp) blend(slot int32, from *lanes) {
	d := &w.regs[slot]
	for m := w.act; m != 0; m &= m - 1 {
		i := bits.TrailingZeros32(m) & 31
		d[i] = from[i]
	}
}

func (w *warp) setPred(p int32, value uint32) {
	if p >= 0 {
		w.preds[p] = w.preds[p]&^w.act | value&w.act
	}
}

func (w *warp) pred(p int32, not uint32) uint32 { return w.preds[p] ^ not }

const (
	combineNone uint8 = iota
	combineAnd
	combineOr
	combineXor
)

// execSetp: pd, pd2 = cmp(a, b) op pa, !cmp(a, b) op pa.
func execSetp(w *warp, in *inst) {
	set := in.cmp(w.src(in.a), w.src(in.b))
	unset := ^set
	if in.mode != combineNone {
		p := w.pred(in.pa, in.paNot)
		set, unset = combine(in.mode, set, p), combine(in.mode, unset, p)
	}
	w.setPred(in.pd, set)
	w.setPred(in.pd2, unset)
}

func combine(mode uint8, a, b uint32) uint32 {
	switch mode {
	case combineAnd:
		return a & b
	case combineOr:
		return a | b
	case combineXor:
		return a ^ b
	}
	return a
}

// execSelp: d = pa ? a : b.
func execSelp(w *warp, in *inst) {
	p, a, b, d := w.pred(in.pa, in.paNot), w.src(in.a), w.src(in.b), &w.regs[in.d]
	if w.act == fullMask {
		for i := range d {
			if p>>i&1 != 0 {
				d[i] = a[i]
			} else {
				d[i] = b[i]
			}
		}
		return
	}
	for m := w.act; m != 0; m &= m - 1 {
		i := bits.TrailingZeros32(m) & 31
		if p>>i&1 != 0 {
			d[i] = a[i]
		} else {
			d[i] = b[i]
		}
	}
}

// execPredLogic: pd = pa op pb; mode combineNone moves.
func execPredLogic(w *warp, in *inst) {
	v := w.pred(in.pa, in.paNot)
	if in.mode != combineNone {
		v = combine(in.mode, v, w.pred(in.pb, in.pbNot))
	}
	w.setPred(in.pd, v)
}

func execBranch(w *warp, in *inst) {
	if int(in.target) < w.pc && w.steps > w.blk.run.budget {
		w.fail(in, bits.TrailingZeros32(w.act), "%d instructions executed by this warp: an infinite loop?", w.steps)
		return
	}
	if rest := w.mask &^ w.act; rest != 0 {
		if in.mode == branchUniform {
			w.fail(in, bits.TrailingZeros32(w.act), "diverges: %s branch, %s do not", laneList(w.act), laneList(rest))
			return
		}
		w.others = append(w.others, group{pc: w.pc, mask: rest})
		w.mask = w.act
	}
	w.pc = int(in.target)
	if len(w.others) > 0 {
		w.interrupt()
	}
}

const branchUniform uint8 = 1

func execExit(w *warp, in *inst) {
	w.live &^= w.act
	w.mask &^= w.act
	w.interrupt()
}

// execCall copies the arguments into the callee's parameters and remembers for each lane where to return.
func execCall(w *warp, in *inst) {
	c := in.call
	for _, a := range c.arguments {
		w.copyLocal(a)
	}
	back := &w.regs[in.d]
	for m := w.act; m != 0; m &= m - 1 {
		back[bits.TrailingZeros32(m)&31] = uint64(w.pc)
	}
	if rest := w.mask &^ w.act; rest != 0 {
		// Lanes that do not call resume behind the copying of results.
		w.others = append(w.others, group{pc: w.pc + 1, mask: rest})
		w.mask = w.act
	}
	w.pc = int(in.target)
	if len(w.others) > 0 {
		w.interrupt()
	}
}

// execResults follows a call: it copies what the callee returned.
func execResults(w *warp, in *inst) {
	for _, a := range in.call.results {
		w.copyLocal(a)
	}
}

func execReturn(w *warp, in *inst) {
	back := &w.regs[in.a]
	rest := w.act
	w.mask &^= w.act
	for rest != 0 {
		pc := back[bits.TrailingZeros32(rest)&31]
		g := group{pc: int(pc)}
		for m := rest; m != 0; m &= m - 1 {
			if i := bits.TrailingZeros32(m) & 31; back[i] == pc {
				g.mask |= 1 << i
			}
		}
		rest &^= g.mask
		w.others = append(w.others, g)
	}
	if w.mask == 0 && len(w.others) == 1 {
		w.pc, w.mask = w.others[0].pc, w.others[0].mask
		w.others = w.others[:0]
		return
	}
	w.interrupt()
}

func execNothing(w *warp, in *inst) {}
