package ptxemu

import (
	"math/bits"
)

func and64(d, a, b, _ *lanes) {
	for i := range d {
		d[i] = a[i] & b[i]
	}
}

func or64(d, a, b, _ *lanes) {
	for i := range d {
		d[i] = a[i] | b[i]
	}
}

func xor64(d, a, b, _ *lanes) {
	for i := range d {
		d[i] = a[i] ^ b[i]
	}
}

// Shifts clamp the count at the width: Go's shifts of that width or more give 0, or the sign.
func shl32(d, a, b, _ *lanes) {
	for i := range d {
		d[i] = uint64(uint32(a[i]) << uint32(b[i]))
	}
}

func shl64(d, a, b, _ *lanes) {
	for i := range d {
		d[i] = a[i] << uint32(b[i])
	}
}

func shr64(d, a, b, _ *lanes) {
	for i := range d {
		d[i] = a[i] >> uint32(b[i])
	}
}

func shrS32(d, a, b, _ *lanes) {
	for i := range d {
		d[i] = uint64(uint32(int32(a[i]) >> uint32(b[i])))
	}
}

func (t formTable) bitwise() {
	for _, ty := range []scalar{b16, b32, b64} {
		name, mask := ty.String(), uint64(1)<<(8*ty.size())-1
		t.alu("and."+name, classInteger, and64, ty, ty, ty)
		t.alu("or."+name, classInteger, or64, ty, ty, ty)
		t.alu("xor."+name, classInteger, xor64, ty, ty, ty)
		t.alu("not."+name, classInteger, lane1(func(a uint64) uint64 { return ^a & mask }), ty, ty)
	}
	t.alu("shl.b16", classInteger, lane2(func(a uint16, b uint32) uint16 { return a << b }), b16, b16, u32)
	t.alu("shl.b32", classInteger, shl32, b32, b32, u32)
	t.alu("shl.b64", classInteger, shl64, b64, b64, u32)
	for _, ty := range []scalar{u16, u32, u64, b16, b32, b64} {
		t.alu("shr."+ty.String(), classInteger, shr64, ty, ty, u32)
	}
	t.alu("shr.s16", classInteger, lane2(func(a int16, b uint32) int16 { return a >> b }), s16, s16, u32)
	t.alu("shr.s32", classInteger, shrS32, s32, s32, u32)
	t.alu("shr.s64", classInteger, lane2(func(a int64, b uint32) int64 { return a >> b }), s64, s64, u32)
	t.alu("shf.l.wrap.b32", classInteger, lane3(funnelLeftWrap), b32, b32, b32, u32)
	t.alu("shf.r.wrap.b32", classInteger, lane3(funnelRightWrap), b32, b32, b32, u32)
	t.alu("shf.l.clamp.b32", classInteger, lane3(funnelLeftClamp), b32, b32, b32, u32)
	t.alu("shf.r.clamp.b32", classInteger, lane3(funnelRightClamp), b32, b32, b32, u32)
	t.alu("prmt.b32", classInteger, lane3(permute), b32, b32, b32, b32)
	t.alu("bfe.u32", classInteger, lane3(func(a, pos, n uint32) uint32 { return uint32(extract(uint64(a), pos, n, 32, false)) }), u32, u32, u32, u32)
	t.alu("bfe.s32", classInteger, lane3(func(a, pos, n uint32) uint32 { return uint32(extract(uint64(a), pos, n, 32, true)) }), s32, s32, u32, u32)
	t.alu("bfe.u64", classInteger, lane3(func(a uint64, pos, n uint32) uint64 { return extract(a, pos, n, 64, false) }), u64, u64, u32, u32)
	t.alu("bfe.s64", classInteger, lane3(func(a uint64, pos, n uint32) uint64 { return extract(a, pos, n, 64, true) }), s64, s64, u32, u32)
	t.alu("popc.b32", classInteger, lane1(func(a uint64) uint32 { return uint32(bits.OnesCount64(a)) }), u32, b32)
	t.alu("popc.b64", classInteger, lane1(func(a uint64) uint32 { return uint32(bits.OnesCount64(a)) }), u32, b64)
	t.alu("clz.b32", classInteger, lane1(func(a uint32) uint32 { return uint32(bits.LeadingZeros32(a)) }), u32, b32)
	t.alu("clz.b64", classInteger, lane1(func(a uint64) uint32 { return uint32(bits.LeadingZeros64(a)) }), u32, b64)
	t.alu("brev.b32", classInteger, lane1(bits.Reverse32), b32, b32)
	t.alu("brev.b64", classInteger, lane1(bits.Reverse64), b64, b64)
	t.alu("bfind.u32", classInteger, lane1(func(a uint32) uint32 { return uint32(bits.Len32(a) - 1) }), u32, u32)
	t.alu("bfind.s32", classInteger, lane1(func(a int32) uint32 { return uint32(bits.Len32(uint32(a^a>>31)) - 1) }), u32, s32)
	t.alu("bfind.shiftamt.u32", classInteger, lane1(func(a uint32) uint32 {
		if a == 0 {
			return ^uint32(0)
		}
		return uint32(bits.LeadingZeros32(a))
	}), u32, u32)
	t.add("lop3.b32", form{types: []scalar{b32, b32, b32, b32}, class: classInteger, build: buildLop3})
	t.add("bfi.b32", form{types: []scalar{b32, b32, b32, u32, u32}, class: classInteger, build: buildBfi})
	t.add("bfi.b64", form{types: []scalar{b64, b64, b64, u32, u32}, class: classInteger, build: buildBfi})
}

func funnelLeftWrap(lo, hi, n uint32) uint32 {
	return uint32((uint64(hi)<<32 | uint64(lo)) << (n & 31) >> 32)
}
func funnelRightWrap(lo, hi, n uint32) uint32 {
	return uint32((uint64(hi)<<32 | uint64(lo)) >> (n & 31))
}
func funnelLeftClamp(lo, hi, n uint32) uint32 {
	return uint32((uint64(hi)<<32 | uint64(lo)) << min(n, 32) >> 32)
}
func funnelRightClamp(lo, hi, n uint32) uint32 {
	return uint32((uint64(hi)<<32 | uint64(lo)) >> min(n, 32))
}

// permute picks four of the eight bytes of b:a; bit 3 of a selector replicates the byte's sign.
func permute(a, b, sel uint32) uint32 {
	all := uint64(b)<<32 | uint64(a)
	var d uint32
	for i := range 4 {
		s := sel >> (4 * i) & 15
		v := byte(all >> (8 * (s & 7)))
		if s&8 != 0 {
			v = byte(int8(v) >> 7)
		}
		d |= uint32(v) << (8 * i)
	}
	return d
}

// extract is bfe: n bits of a from pos up, of which only the low 8 bits count; the sign is that of the last bit taken.
func extract(a uint64, pos, n uint32, width uint32, signed bool) uint64 {
	pos, n = pos&0xff, n&0xff
	if n == 0 {
		return 0
	}
	sign := uint64(0)
	if signed && a>>min(pos+n-1, width-1)&1 != 0 {
		sign = ^uint64(0)
	}
	if pos >= width {
		return sign
	}
	v := a >> pos
	if kept := min(n, width-pos); kept < 64 {
		v &= 1<<kept - 1
		v |= sign << kept
	}
	return v
}

// insert is bfi: b with n bits from pos up replaced by the low bits of a.
func insert(a, b uint64, pos, n uint32, width uint32) uint64 {
	pos, n = pos&0xff, n&0xff
	if n == 0 || pos >= width {
		return b
	}
	n = min(n, width-pos)
	mask := ^uint64(0)
	if n < 64 {
		mask = 1<<n - 1
	}
	return b&^(mask<<pos) | a&mask<<pos
}

func buildBfi(d *decoder, in *inst, f *form, st *statement) error {
	if err := d.count(st, 5); err != nil {
		return err
	}
	var err error
	if in.d, err = d.dest(&st.operands[0], f.types[0], strict); err != nil {
		return err
	}
	var slots [4]int32
	for i := range slots {
		if slots[i], err = d.source(&st.operands[i+1], f.types[i+1], strict); err != nil {
			return err
		}
	}
	in.a, in.b, in.regs = slots[0], slots[1], slots[2:]
	in.exec, in.mode = execBfi, uint8(8*f.types[0].size())
	return nil
}

func execBfi(w *warp, in *inst) {
	a, b, pos, n := w.src(in.a), w.src(in.b), w.src(in.regs[0]), w.src(in.regs[1])
	for i := range w.tmp {
		w.tmp[i] = insert(a[i], b[i], uint32(pos[i]), uint32(n[i]), uint32(in.mode))
	}
	w.blend(in.d, &w.tmp)
}

func buildLop3(d *decoder, in *inst, f *form, st *statement) error {
	if err := d.count(st, 5); err != nil {
		return err
	}
	table := st.operands[4]
	if table.kind != operandImmediate || table.imm > 255 {
		return d.errorf(&table, "the table is no number from 0 to 255")
	}
	cut := *st
	cut.operands = st.operands[:4]
	if err := buildALU(d, in, f, &cut); err != nil {
		return err
	}
	lut := uint32(table.imm)
	in.alu = lane3(func(a, b, c uint32) uint32 {
		var v uint32
		for row := range uint32(8) {
			if lut>>row&1 != 0 {
				// Row numbers spell the bits of a, b and c.
				v |= (a ^ (row>>2&1 - 1)) & (b ^ (row>>1&1 - 1)) & (c ^ (row&1 - 1))
			}
		}
		return v
	})
	return nil
}
