package ptxemu

import (
	"math/bits"
	"strings"
)

func (t formTable) control() {
	t.add("bra", form{class: classBranch, build: buildBranch})
	t.add("bra.uni", form{class: classBranch, build: buildBranch})
	t.add("call", form{class: classBranch, build: buildCall})
	t.add("call.uni", form{class: classBranch, build: buildCall})
	t.add("ret", form{class: classBranch, build: buildReturn})
	t.add("ret.uni", form{class: classBranch, build: buildReturn})
	t.add("exit", form{class: classBranch, build: buildReturn})
	t.add("trap", form{class: classBranch, build: func(d *decoder, in *inst, _ *form, st *statement) error {
		in.exec = func(w *warp, in *inst) { w.fail(in, bits.TrailingZeros32(w.act), "trap") }
		return d.count(st, 0)
	}})
	for _, name := range []string{"bar.sync", "barrier.sync", "barrier.sync.aligned", "bar.arrive"} {
		t.add(name, form{class: classBarrier, build: buildBarrier})
	}
	for _, op := range []string{"popc.u32", "and.pred", "or.pred"} {
		t.add("bar.red."+op, form{class: classBarrier, build: buildBarrierReduction})
	}
	fence := func(d *decoder, in *inst, _ *form, st *statement) error {
		in.exec = func(w *warp, in *inst) { w.blk.fenced = true }
		return d.count(st, 0)
	}
	nothing := func(d *decoder, in *inst, _ *form, st *statement) error {
		in.exec = execNothing
		return d.count(st, 0)
	}
	for _, name := range []string{"membar.gl", "membar.sys", "fence.acq_rel.gpu", "fence.sc.gpu"} {
		t.add(name, form{class: classBarrier, build: fence})
	}
	for _, name := range []string{"membar.cta", "fence.acq_rel.cta"} {
		t.add(name, form{class: classBarrier, build: nothing})
	}
}

func buildBranch(d *decoder, in *inst, _ *form, st *statement) error {
	if err := d.count(st, 1); err != nil {
		return err
	}
	o := &st.operands[0]
	if o.kind != operandSymbol {
		return d.errorf(o, "want a label")
	}
	if strings.HasSuffix(st.opcode, ".uni") {
		in.mode = branchUniform
	}
	in.exec = execBranch
	d.fixups = append(d.fixups, fixup{len(d.k.code) - 1, o.symbol, o.pos})
	return nil
}

func buildReturn(d *decoder, in *inst, _ *form, st *statement) error {
	in.exec = execExit
	if !d.fn.entry && st.opcode != "exit" {
		in.exec, in.a = execReturn, d.returns[d.fn]
	}
	return d.count(st, 0)
}

// buildCall is call [(result),] function [, (arguments)]; arguments and results are .param variables.
func buildCall(d *decoder, in *inst, _ *form, st *statement) error {
	ops := st.operands
	var results, arguments []operand
	if len(ops) > 0 && ops[0].kind == operandList {
		results, ops = ops[0].elems, ops[1:]
	}
	if len(ops) == 0 || ops[0].kind != operandSymbol || d.m.functions[ops[0].symbol] == nil {
		return errorAt(st.pos, "%s: want the name of a function (calls through registers are not supported)", st.opcode)
	}
	callee := d.m.functions[ops[0].symbol]
	if callee == d.fn {
		return errRecursion(callee)
	}
	if ops = ops[1:]; len(ops) == 1 && ops[0].kind == operandList {
		arguments, ops = ops[0].elems, nil
	}
	if len(ops) > 0 {
		return d.errorf(&ops[0], "unexpected operand")
	}
	if len(arguments) != len(callee.params) || len(results) != len(callee.returns) {
		return errorAt(st.pos, "call of %s with %d arguments and %d results, which has %d and %d", callee.name,
			len(arguments), len(results), len(callee.params), len(callee.returns))
	}
	in.call = &callInfo{}
	for i := range arguments {
		c, err := d.frameCopy(&arguments[i], callee.params[i])
		if err != nil {
			return err
		}
		in.call.arguments = append(in.call.arguments, c)
	}
	for i := range results {
		c, err := d.frameCopy(&results[i], callee.returns[i])
		if err != nil {
			return err
		}
		c.from, c.to = c.to, c.from
		in.call.results = append(in.call.results, c)
	}
	in.exec, in.target, in.d = execCall, int32(d.entries[callee]), d.returns[callee]
	d.k.code = append(d.k.code, inst{exec: execResults, class: classNone, guard: -1, call: in.call, st: st})
	d.k.uses = append(d.k.uses, uses{})
	return nil
}

// frameCopy copies the variable of a call to the parameter of a function.
func (d *decoder) frameCopy(o *operand, p *variable) (frameCopy, error) {
	if o.kind != operandSymbol || o.v == nil || o.v.space != spaceParam {
		return frameCopy{}, d.errorf(o, "want a .param variable")
	}
	if o.v.bytes != p.bytes {
		return frameCopy{}, d.errorf(o, "%s has %d bytes, the parameter %s has %d", o.v.name, o.v.bytes, p.name, p.bytes)
	}
	return frameCopy{d.offsets[o.v], d.offsets[p], p.bytes}, nil
}

// barrierOperands resolves a, b: the barrier's number and how many threads it waits for.
func (d *decoder) barrierOperands(in *inst, ops []operand) error {
	in.a, in.b = d.constant(0), d.constant(0)
	var err error
	if len(ops) > 0 {
		if in.a, err = d.source(&ops[0], u32, strict); err != nil {
			return err
		}
	}
	if len(ops) > 1 {
		in.b, err = d.source(&ops[1], u32, strict)
	}
	return err
}

func buildBarrier(d *decoder, in *inst, _ *form, st *statement) error {
	if n := len(st.operands); n < 1 || n > 2 || n < 2 && st.opcode == "bar.arrive" {
		return errorAt(st.pos, "%s has %d operands", st.opcode, n)
	}
	in.exec = execBarrier
	if st.opcode == "bar.arrive" {
		in.mode = barrierArrive
	}
	return d.barrierOperands(in, st.operands)
}

func buildBarrierReduction(d *decoder, in *inst, _ *form, st *statement) error {
	n := len(st.operands)
	if n < 3 || n > 4 {
		return errorAt(st.pos, "%s has %d operands", st.opcode, n)
	}
	var err error
	if in.pa, in.paNot, err = d.predicate(&st.operands[n-1]); err != nil {
		return err
	}
	if err := d.barrierOperands(in, st.operands[1:n-1]); err != nil {
		return err
	}
	in.exec = execBarrier
	switch st.opcode {
	case "bar.red.popc.u32":
		in.mode = barrierCount
		in.d, err = d.dest(&st.operands[0], u32, strict)
		return err
	case "bar.red.and.pred":
		in.mode = barrierAll
	default:
		in.mode = barrierAny
	}
	in.pd, err = d.predDest(&st.operands[0])
	return err
}

const (
	barrierSync uint8 = iota
	barrierArrive
	barrierCount
	barrierAll
	barrierAny
)

func execBarrier(w *warp, in *inst) {
	need := w.live
	if w.checks {
		need = w.full
	}
	if !w.converge(in, need) {
		return
	}
	lane := bits.TrailingZeros32(w.act)
	id, threads := w.src(in.a)[lane], int(uint32(w.src(in.b)[lane]))
	if id >= uint64(len(w.blk.bars)) {
		w.fail(in, lane, "barrier %d: there are %d", id, len(w.blk.bars))
		return
	}
	if threads == 0 {
		threads = w.blk.threads
	} else if threads%warpSize != 0 || threads > w.blk.threads {
		w.fail(in, lane, "barrier of %d threads in a block of %d: want a multiple of %d", threads, w.blk.threads, warpSize)
		return
	}
	if in.mode >= barrierCount {
		w.blk.bars[id].reduction += bits.OnesCount32(w.pred(in.pa, in.paNot) & w.act)
	}
	w.arrive(in, int(id), threads, in.mode != barrierArrive)
}

// finishBarrier gives a warp the result of the reduction.
func (w *warp) finishBarrier(bar *barrierState) {
	in := w.barrier
	var set uint32
	switch in.mode {
	case barrierCount:
		for m := w.live; m != 0; m &= m - 1 {
			w.regs[in.d][bits.TrailingZeros32(m)] = uint64(bar.reduction)
		}
	case barrierAll:
		if bar.reduction == bar.arrived {
			set = fullMask
		}
		w.preds[in.pd] = set
	case barrierAny:
		if bar.reduction > 0 {
			set = fullMask
		}
		w.preds[in.pd] = set
	}
}
