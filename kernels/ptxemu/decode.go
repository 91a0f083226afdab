package ptxemu

import (
	"fmt"
	"math"
	"slices"
	"sync"
)

// form describes one spelling of an instruction, all modifiers included: "add.s32". What is not in the table of
// forms is refused.
type form struct {
	types  []scalar // of the operands, the destination first
	class  class
	fp32   uint8
	target int // lowest compute capability
	alu    func(d, a, b, c *lanes)
	build  func(d *decoder, in *inst, f *form, st *statement) error
}

// forms is made when the first module is parsed.
var forms = sync.OnceValue(func() map[string]*form {
	t := formTable{}
	t.integers()
	t.bitwise()
	t.floats()
	t.conversions()
	t.predicates()
	t.moves()
	t.memory()
	t.atomics()
	t.control()
	t.warps()
	t.async()
	t.matrices()
	return t
})

type formTable map[string]*form

func (t formTable) add(name string, f form) {
	if t[name] != nil {
		panic("ptxemu: two forms of " + name)
	}
	t[name] = &f
}

// alu adds an instruction that execALU runs.
func (t formTable) alu(name string, c class, alu func(d, a, b, c *lanes), types ...scalar) *form {
	t.add(name, form{types: types, class: c, alu: alu, build: buildALU})
	return t[name]
}

// decoder turns the functions that one kernel reaches into its code.
type decoder struct {
	k     *Kernel
	m     *Module
	forms map[string]*form

	fn        *function
	st        *statement
	regBase   int
	predBase  int
	cur       *uses
	constants map[uint64]int32
	offsets   map[*variable]int   // of shared, local and parameter variables
	entries   map[*function]int   // pc
	returns   map[*function]int32 // register that holds where to return
	visiting  map[*function]bool
	fixups    []fixup
	granule   int
}

type fixup struct {
	pc    int
	label string
	pos   position
}

func (m *Module) decode() error {
	for _, k := range m.Kernels {
		if err := m.decodeKernel(k); err != nil {
			return err
		}
	}
	// Functions that no kernel calls are decoded too, so that nothing unknown hides in them.
	for _, f := range m.functions {
		if f.body && !f.entry {
			if err := m.decodeKernel(&Kernel{Name: f.name, module: m}); err != nil {
				return err
			}
		}
	}
	return nil
}

func (m *Module) decodeKernel(k *Kernel) error {
	f := m.functions[k.Name]
	d := &decoder{k: k, m: m, forms: forms(), constants: map[uint64]int32{}, offsets: map[*variable]int{},
		entries: map[*function]int{}, returns: map[*function]int32{}, visiting: map[*function]bool{}, granule: 4}
	for _, p := range f.params {
		if !p.kernel {
			continue
		}
		k.paramBytes = roundUp(k.paramBytes, p.align)
		d.offsets[p] = k.paramBytes
		k.Params = append(k.Params, Param{p.name, k.paramBytes, p.bytes, p.align})
		k.paramBytes += p.bytes
	}
	if err := d.placeShared(); err != nil {
		return err
	}
	if err := d.function(f); err != nil {
		return err
	}
	k.entry = d.entries[f]
	for 1<<k.granule < d.granule {
		k.granule++
	}
	k.registers = max(k.registers, 1)
	return nil
}

func errRecursion(f *function) error {
	return errorAt(f.pos, "%s calls itself: recursion is not supported", f.name)
}

func roundUp(n, to int) int { return (n + to - 1) / to * to }

// placeShared lays out the shared variables that the kernel reaches: its own and its callees', then the
// extern arrays, which all begin where the others end.
func (d *decoder) placeShared() error {
	var fixed, dynamic []*variable
	seen := map[*variable]bool{}
	note := func(v *variable) {
		if v == nil || v.space != spaceShared || seen[v] {
			return
		}
		seen[v] = true
		if v.extern {
			dynamic = append(dynamic, v)
		} else {
			fixed = append(fixed, v)
		}
	}
	for _, f := range d.reachable(d.m.functions[d.k.Name], nil) {
		for _, st := range f.statements {
			for _, o := range st.operands {
				note(o.v)
			}
		}
		for _, v := range f.locals {
			note(v)
		}
	}
	at := 0
	for _, v := range fixed {
		at = roundUp(at, v.align)
		d.offsets[v] = at
		at += v.bytes
	}
	d.k.StaticShared = at
	for _, v := range dynamic {
		at = roundUp(at, max(16, v.align))
		d.k.StaticShared = at
		d.k.dynamic = true
	}
	for _, v := range dynamic {
		d.offsets[v] = at
	}
	return nil
}

func (d *decoder) reachable(f *function, list []*function) []*function {
	if f == nil || slices.Contains(list, f) {
		return list
	}
	list = append(list, f)
	for _, st := range f.statements {
		for _, o := range st.operands {
			if o.kind == operandSymbol && o.v == nil {
				list = d.reachable(d.m.functions[o.symbol], list)
			}
		}
	}
	return list
}

// place gives variables room in the thread's local memory.
func (d *decoder) place(vs []*variable) {
	for _, v := range vs {
		if v.space != spaceLocal && v.space != spaceParam || v.kernel {
			continue
		}
		d.k.localBytes = roundUp(d.k.localBytes, v.align)
		d.offsets[v] = d.k.localBytes
		d.k.localBytes += v.bytes
	}
	d.k.localBytes = roundUp(d.k.localBytes, 16)
}

// maxLocal is CUDA's limit of a thread's local memory.
const maxLocal = 512 << 10

// function decodes f behind the functions that it calls: a lane in a callee has a smaller pc than the lanes
// that wait for it, and so runs first.
func (d *decoder) function(f *function) error {
	if d.visiting[f] {
		return errRecursion(f)
	}
	if !f.body {
		return errorAt(f.pos, "function %s has no body", f.name)
	}
	d.visiting[f] = true
	for _, callee := range d.reachable(f, nil)[1:] {
		if _, done := d.entries[callee]; !done {
			if err := d.function(callee); err != nil {
				return err
			}
		}
	}
	d.visiting[f] = false
	d.place(f.params)
	d.place(f.returns)
	d.place(f.locals)
	if d.k.localBytes > maxLocal {
		return errorAt(f.pos, "%s needs %d bytes of local memory, at most %d", f.name, d.k.localBytes, maxLocal)
	}

	d.fn, d.fixups = f, nil
	d.regBase, d.predBase = d.k.registers, d.k.predicates
	d.returns[f] = int32(d.regBase + len(f.registers))
	d.k.registers += len(f.registers) + 1
	d.k.predicates += len(f.predicates)
	for _, r := range f.registers {
		d.k.names = append(d.k.names, r.name)
	}
	d.k.names = append(d.k.names, "return address of "+f.name)
	d.entries[f] = len(d.k.code)

	d.k.code = slices.Grow(d.k.code, len(f.statements)+1)
	d.k.uses = slices.Grow(d.k.uses, len(f.statements)+1)
	labels := make([]int, len(f.statements)+1) // statement -> pc
	for i := range f.statements {
		labels[i] = len(d.k.code)
		if err := d.statement(&f.statements[i]); err != nil {
			return err
		}
	}
	labels[len(f.statements)] = len(d.k.code)
	if err := d.statement(&statement{pos: f.pos, opcode: "ret", text: "ret (end of function)"}); err != nil {
		return err
	}
	for _, fix := range d.fixups {
		i, ok := f.labels[fix.label]
		if !ok {
			return errorAt(fix.pos, "unknown label %s", fix.label)
		}
		d.k.code[fix.pc].target = int32(labels[i])
	}
	d.k.prune(d.entries[f], d.regBase, len(f.registers)+1, d.predBase, len(f.predicates))
	return nil
}

func (d *decoder) statement(st *statement) error {
	f := d.forms[st.opcode]
	if f == nil {
		return errorAt(st.pos, "unknown instruction %s", st.opcode)
	}
	if f.target > d.m.Target {
		return errorAt(st.pos, "%s needs sm_%d, the module is for sm_%d", st.opcode, f.target, d.m.Target)
	}
	in := inst{st: st, class: f.class, fp32: f.fp32, guard: -1, pd: -1, pd2: -1, pa: -1, pb: -1}
	d.st = st
	d.k.uses = append(d.k.uses, uses{})
	d.cur = &d.k.uses[len(d.k.uses)-1]
	if st.guard != nil {
		in.guard = int32(d.predBase + st.guard.index)
		if st.guardNot {
			in.guardNot = math.MaxUint32
		}
	}
	// build may append to the code itself, behind this instruction.
	at := len(d.k.code)
	d.k.code = append(d.k.code, in)
	if err := f.build(d, &in, f, st); err != nil {
		return err
	}
	d.k.code[at] = in
	return nil
}

func (d *decoder) count(st *statement, n int) error {
	if len(st.operands) != n {
		return errorAt(st.pos, "%s has %d operands, want %d", st.opcode, len(st.operands), n)
	}
	return nil
}

func (d *decoder) errorf(o *operand, format string, args ...any) error {
	return errorAt(o.pos, "%s: %s", d.st.opcode, fmt.Sprintf(format, args...))
}

// constant returns the slot of a value that all lanes read.
func (d *decoder) constant(v uint64) int32 {
	slot, ok := d.constants[v]
	if !ok {
		d.k.constants = append(d.k.constants, v)
		slot = ^int32(len(d.k.constants) - 1)
		d.constants[v] = slot
	}
	return slot
}

// rule says which registers an operand may be.
type rule func(t, reg scalar) bool

var (
	strict  rule = scalar.accepts
	relaxed rule = scalar.holds
)

func (d *decoder) register(o *operand, t scalar, ok rule) (int32, error) {
	if o.kind == operandSpecial {
		return 0, d.errorf(o, "%s is no declared register (and only mov reads special ones)", o.symbol)
	}
	if o.kind != operandRegister || o.negated {
		return 0, d.errorf(o, "want a register of type %v", t)
	}
	if o.reg.typ == pred || !ok(t, o.reg.typ) {
		return 0, d.errorf(o, "register %s is .%v, the instruction needs .%v", o.reg.name, o.reg.typ, t)
	}
	return int32(d.regBase + o.reg.index), nil
}

// dest resolves a destination register.
func (d *decoder) dest(o *operand, t scalar, ok rule) (int32, error) {
	r, err := d.register(o, t, ok)
	d.cur.writes = append(d.cur.writes, r)
	return r, err
}

// source resolves a register or a literal.
func (d *decoder) source(o *operand, t scalar, ok rule) (int32, error) {
	if o.kind == operandImmediate {
		v, err := d.literal(o, t)
		return d.constant(v), err
	}
	r, err := d.register(o, t, ok)
	d.cur.reads = append(d.cur.reads, r)
	return r, err
}

func (d *decoder) literal(o *operand, t scalar) (uint64, error) {
	v := o.imm
	switch {
	case o.floating == f64 && t == f32:
		v = uint64(math.Float32bits(float32(math.Float64frombits(v))))
	case o.floating == f32 && t == f64:
		v = math.Float64bits(float64(math.Float32frombits(uint32(v))))
	case o.floating != noType && o.floating.size() != t.size():
		return 0, d.errorf(o, "a .%v literal for an operand of type .%v", o.floating, t)
	case o.floating == noType && t.float():
		return 0, d.errorf(o, "an integer literal for an operand of type .%v", t)
	case o.floating != noType && !t.float() && !t.untyped():
		return 0, d.errorf(o, "a floating-point literal for an operand of type .%v", t)
	}
	if n := t.size(); n < 8 {
		v &= 1<<(8*n) - 1
	}
	return v, nil
}

// predicate resolves a source predicate and whether it is negated.
func (d *decoder) predicate(o *operand) (int32, uint32, error) {
	if o.kind != operandRegister || o.reg.typ != pred {
		return 0, 0, d.errorf(o, "want a predicate")
	}
	p := int32(d.predBase + o.reg.index)
	d.cur.predReads = append(d.cur.predReads, p)
	if o.negated {
		return p, math.MaxUint32, nil
	}
	return p, 0, nil
}

// predDest resolves a destination predicate; "_" is none.
func (d *decoder) predDest(o *operand) (int32, error) {
	if o.kind == operandSink {
		return -1, nil
	}
	if o.kind != operandRegister || o.reg.typ != pred || o.negated {
		return 0, d.errorf(o, "want a predicate")
	}
	p := int32(d.predBase + o.reg.index)
	d.cur.predWrites = append(d.cur.predWrites, p)
	return p, nil
}

func buildALU(d *decoder, in *inst, f *form, st *statement) error {
	if err := d.count(st, len(f.types)); err != nil {
		return err
	}
	var err error
	if in.d, err = d.dest(&st.operands[0], f.types[0], strict); err != nil {
		return err
	}
	for i, slot := range []*int32{&in.a, &in.b, &in.c} {
		if i+1 < len(f.types) {
			if *slot, err = d.source(&st.operands[i+1], f.types[i+1], strict); err != nil {
				return err
			}
		}
	}
	in.exec, in.alu = execALU, f.alu
	return nil
}

// address resolves [reg + n], [variable + n] and [n]; sp is where the instruction looks.
func (d *decoder) address(in *inst, o *operand, sp space) (space, error) {
	if o.kind != operandAddress {
		return sp, d.errorf(o, "want an address in brackets")
	}
	in.offset = uint64(o.offset)
	switch {
	case o.v != nil:
		if sp != spaceGeneric && sp != o.v.space {
			return sp, d.errorf(o, "%s is in %v memory", o.v.name, o.v.space)
		}
		in.a = d.variable(o.v)
		if o.v.space == spaceParam && !o.v.kernel {
			return spaceLocal, nil // parameters of functions live in the thread's local memory
		}
		return o.v.space, nil
	case o.reg != nil:
		want := b64
		if sp == spaceShared || sp == spaceLocal || sp == spaceParam || sp == spaceConst {
			if o.reg.typ.size() == 4 {
				want = b32
				in.offset = uint64(uint32(o.offset))
				if o.offset < 0 {
					in.offset = uint64(o.offset)
				}
			}
		}
		var err error
		reg := operand{pos: o.pos, kind: operandRegister, reg: o.reg}
		in.a, err = d.source(&reg, want, strict)
		if sp == spaceParam && !d.fn.entry {
			sp = spaceLocal
		}
		return sp, err
	}
	in.a = d.constant(0)
	return sp, nil
}

// variable returns the slot of a variable's address within its space.
func (d *decoder) variable(v *variable) int32 {
	if v.space == spaceGlobal || v.space == spaceConst {
		d.k.constants = append(d.k.constants, 0)
		d.k.relocs = append(d.k.relocs, relocation{len(d.k.constants) - 1, v})
		return ^int32(len(d.k.constants) - 1)
	}
	return d.constant(uint64(d.offsets[v]))
}

// Instructions lists every spelling of an instruction that Parse accepts, modifiers included.
func Instructions() []string {
	var names []string
	for name := range forms() {
		if name != implicitDefOpcode {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}
