package ptxemu

import (
	"math/bits"
	"strings"
)

// memoryTypes are the element types of ld and st.
var memoryTypes = []scalar{b8, b16, b32, b64, u8, u16, u32, u64, s8, s16, s32, s64, f32, f64}

// Cache operators change when data is cached, which the emulator has no notion of; volatile likewise, as nothing
// is reordered.
func (t formTable) memory() {
	for _, ty := range memoryTypes {
		for _, sp := range []space{spaceGeneric, spaceGlobal, spaceShared} {
			t.load("ld.volatile"+dotted(sp)+"."+ty.String(), sp, ty, 1, false)
			t.store("st.volatile"+dotted(sp)+"."+ty.String(), sp, ty, 1)
		}
		for n, vec := range map[int]string{1: "", 2: ".v2", 4: ".v4"} {
			if n*ty.size() > 16 {
				continue
			}
			tail := vec + "." + ty.String()
			for _, sp := range []space{spaceGeneric, spaceGlobal, spaceShared, spaceLocal, spaceParam} {
				t.load("ld"+dotted(sp)+tail, sp, ty, n, false)
				t.store("st"+dotted(sp)+tail, sp, ty, n)
			}
			t.load("ld.const"+tail, spaceConst, ty, n, false)
			t.load("ld.global.nc"+tail, spaceGlobal, ty, n, true)
			for _, cache := range []string{".ca", ".cg", ".cs"} {
				t.load("ld.global"+cache+tail, spaceGlobal, ty, n, false)
			}
			for _, cache := range []string{".wb", ".cg", ".cs"} {
				t.store("st.global"+cache+tail, spaceGlobal, ty, n)
			}
		}
	}
}

func dotted(sp space) string {
	if sp == spaceGeneric {
		return ""
	}
	return "." + sp.String()
}

// elements lists the operand or the elements of a vector operand of n.
func (d *decoder) elements(o *operand, n int) ([]operand, error) {
	if n == 1 && o.kind != operandVector {
		return []operand{*o}, nil
	}
	if o.kind != operandVector || len(o.elems) != n {
		return nil, d.errorf(o, "want a vector of %d elements", n)
	}
	return o.elems, nil
}

func (t formTable) load(name string, sp space, ty scalar, n int, readOnly bool) {
	t.add(name, form{types: []scalar{ty}, class: classLoad, build: func(d *decoder, in *inst, _ *form, st *statement) error {
		err := d.count(st, 2)
		if err != nil {
			return err
		}
		if in.space, err = d.address(in, &st.operands[1], sp); err != nil {
			return err
		}
		elems, err := d.elements(&st.operands[0], n)
		if err != nil {
			return err
		}
		for i := range elems {
			r, err := d.dest(&elems[i], ty, relaxed)
			if err != nil {
				return err
			}
			in.regs = append(in.regs, r)
			if reg := elems[i].reg.typ; ty.signed() && reg.size() > ty.size() {
				in.extend = uint8(reg.size())
			}
		}
		in.readOnly = readOnly
		d.memoryAccess(in, ty)
		in.exec = execLd
		return nil
	}})
}

func (t formTable) store(name string, sp space, ty scalar, n int) {
	t.add(name, form{types: []scalar{ty}, class: classStore, build: func(d *decoder, in *inst, _ *form, st *statement) error {
		err := d.count(st, 2)
		if err != nil {
			return err
		}
		if in.space, err = d.address(in, &st.operands[0], sp); err != nil {
			return err
		}
		if in.space == spaceParam || in.space == spaceConst {
			return d.errorf(&st.operands[0], "%v memory cannot be written", in.space)
		}
		elems, err := d.elements(&st.operands[1], n)
		if err != nil {
			return err
		}
		for i := range elems {
			r, err := d.source(&elems[i], ty, relaxed)
			if err != nil {
				return err
			}
			in.regs = append(in.regs, r)
		}
		d.memoryAccess(in, ty)
		in.exec = execSt
		return nil
	}})
}

// memoryAccess gives the instruction its size, a place to remember an allocation, and the kernel the granule
// that its accesses to shared memory need.
func (d *decoder) memoryAccess(in *inst, ty scalar) {
	in.size = uint8(ty.size())
	in.slot = int32(d.k.slots)
	d.k.slots++
	if in.space == spaceShared || in.space == spaceGeneric {
		d.granule = min(d.granule, ty.size())
	}
}

// atomicOp computes the new value of a memory cell from its old value, an operand, and cas's second operand.
type atomicOp func(old, b, c uint64) uint64

func atomicFunc[T integer](f func(old, b T) T) atomicOp {
	return func(old, b, _ uint64) uint64 { return pack(f(T(old), T(b))) }
}

func integerAtomics[T integer]() map[string]atomicOp {
	return map[string]atomicOp{
		"add": atomicFunc(func(a, b T) T { return a + b }),
		"min": atomicFunc(func(a, b T) T { return min(a, b) }),
		"max": atomicFunc(func(a, b T) T { return max(a, b) }),
	}
}

func (t formTable) atomics() {
	for _, sp := range []space{spaceGeneric, spaceGlobal, spaceShared} {
		for ty, ops := range map[scalar]map[string]atomicOp{u32: integerAtomics[uint32](), s32: integerAtomics[int32](),
			u64: integerAtomics[uint64](), s64: integerAtomics[int64]()} {
			for op, f := range ops {
				if ty == s64 && op == "add" {
					continue // PTX spells it .u64
				}
				t.atomic(sp, op, ty, f)
			}
		}
		for _, ty := range []scalar{b32, b64} {
			t.atomic(sp, "and", ty, func(a, b, _ uint64) uint64 { return a & b })
			t.atomic(sp, "or", ty, func(a, b, _ uint64) uint64 { return a | b })
			t.atomic(sp, "xor", ty, func(a, b, _ uint64) uint64 { return a ^ b })
			t.atomic(sp, "exch", ty, func(_, b, _ uint64) uint64 { return b })
			t.atomic(sp, "cas", ty, func(old, b, c uint64) uint64 {
				if old == b {
					return c
				}
				return old
			})
		}
		t.atomic(sp, "inc", u32, func(old, b, _ uint64) uint64 {
			if old >= b {
				return 0
			}
			return old + 1
		})
		t.atomic(sp, "dec", u32, func(old, b, _ uint64) uint64 {
			if old == 0 || old > b {
				return b
			}
			return old - 1
		})
	}
}

// atomic adds atom and, except for exch and cas, red.
func (t formTable) atomic(sp space, op string, ty scalar, f atomicOp) {
	tail := dotted(sp) + "." + op + "." + ty.String()
	add := func(name string, returns bool) {
		t.add(name, form{types: []scalar{ty}, class: classAtomic, build: func(d *decoder, in *inst, _ *form, st *statement) error {
			return d.buildAtomic(in, st, sp, ty, f, returns)
		}})
	}
	add("atom"+tail, true)
	if op != "exch" && op != "cas" {
		add("red"+tail, false)
	}
}

func (d *decoder) buildAtomic(in *inst, st *statement, sp space, ty scalar, f atomicOp, returns bool) error {
	first, n := 0, 2
	if returns {
		first, n = 1, 3
	}
	cas := strings.Contains(st.opcode, ".cas.")
	if cas {
		n++
	}
	err := d.count(st, n)
	if err != nil {
		return err
	}
	if in.space, err = d.address(in, &st.operands[first], sp); err != nil {
		return err
	}
	if in.b, err = d.source(&st.operands[first+1], ty, strict); err != nil {
		return err
	}
	in.c = in.b
	if cas {
		if in.c, err = d.source(&st.operands[first+2], ty, strict); err != nil {
			return err
		}
	}
	in.d = -1
	if returns && st.operands[0].kind != operandSink {
		if in.d, err = d.dest(&st.operands[0], ty, strict); err != nil {
			return err
		}
	}
	d.memoryAccess(in, ty)
	in.exec = func(w *warp, in *inst) { execAtomic(w, in, f) }
	return nil
}

func execAtomic(w *warp, in *inst, f atomicOp) {
	base, b, c := w.src(in.a), w.src(in.b), w.src(in.c)
	for m := w.act; m != 0; m &= m - 1 {
		i := bits.TrailingZeros32(m) & 31
		addr := base[i] + in.offset
		lock := &w.blk.run.locks[addr/8%uint64(len(w.blk.run.locks))]
		lock.Lock()
		cell := w.bytes(in, in.space, i, addr, uint64(in.size), accessAtomic)
		if cell == nil {
			lock.Unlock()
			return
		}
		old := loadBytes(cell, in.size)
		storeBytes(cell, in.size, f(old, b[i], c[i]))
		lock.Unlock()
		if in.d >= 0 {
			w.regs[in.d][i] = old
		}
	}
}
