package ptxemu

import "math/bits"

// integer is a type of PTX integers as Go has it.
type integer interface {
	int16 | int32 | int64 | uint16 | uint32 | uint64
}

// pack zero-extends a value into a lane.
func pack[T integer](v T) uint64 {
	switch v := any(v).(type) {
	case int16:
		return uint64(uint16(v))
	case int32:
		return uint64(uint32(v))
	}
	return uint64(v)
}

// lane1, lane2 and lane3 make an operation on lanes of one on values: for what is rare in inner loops.
func lane1[D, A integer](f func(a A) D) func(d, a, b, c *lanes) {
	return func(d, a, _, _ *lanes) {
		for i := range d {
			d[i] = pack(f(A(a[i])))
		}
	}
}

func lane2[D, A, B integer](f func(a A, b B) D) func(d, a, b, c *lanes) {
	return func(d, a, b, _ *lanes) {
		for i := range d {
			d[i] = pack(f(A(a[i]), B(b[i])))
		}
	}
}

func lane3[D, A, B, C integer](f func(a A, b B, c C) D) func(d, a, b, c *lanes) {
	return func(d, a, b, c *lanes) {
		for i := range d {
			d[i] = pack(f(A(a[i]), B(b[i]), C(c[i])))
		}
	}
}

func add32(d, a, b, _ *lanes) {
	for i := range d {
		d[i] = uint64(uint32(a[i]) + uint32(b[i]))
	}
}

func add64(d, a, b, _ *lanes) {
	for i := range d {
		d[i] = a[i] + b[i]
	}
}

func sub32(d, a, b, _ *lanes) {
	for i := range d {
		d[i] = uint64(uint32(a[i]) - uint32(b[i]))
	}
}

func sub64(d, a, b, _ *lanes) {
	for i := range d {
		d[i] = a[i] - b[i]
	}
}

func mul32(d, a, b, _ *lanes) {
	for i := range d {
		d[i] = uint64(uint32(a[i]) * uint32(b[i]))
	}
}

func mul64(d, a, b, _ *lanes) {
	for i := range d {
		d[i] = a[i] * b[i]
	}
}

func mad32(d, a, b, c *lanes) {
	for i := range d {
		d[i] = uint64(uint32(a[i])*uint32(b[i]) + uint32(c[i]))
	}
}

func mulWideS32(d, a, b, _ *lanes) {
	for i := range d {
		d[i] = uint64(int64(int32(a[i])) * int64(int32(b[i])))
	}
}

func mulWideU32(d, a, b, _ *lanes) {
	for i := range d {
		d[i] = uint64(uint32(a[i])) * uint64(uint32(b[i]))
	}
}

func mulHiU32(d, a, b, _ *lanes) {
	for i := range d {
		d[i] = uint64(uint32(a[i])) * uint64(uint32(b[i])) >> 32
	}
}

// mulHiS64 is the high half of a signed 128-bit product.
func mulHiS64(a, b int64) int64 {
	hi, _ := bits.Mul64(uint64(a), uint64(b))
	return int64(hi) - a>>63&b - b>>63&a
}

func mulHiU64(a, b uint64) uint64 {
	hi, _ := bits.Mul64(a, b)
	return hi
}

// Division by zero gives all ones and the remainder a, as NVIDIA's hardware does; PTX leaves it open. Go itself defines
// the overflow of the smallest number divided by -1.
func quotient[T integer](a, b T) T {
	if b == 0 {
		return ^T(0)
	}
	return a / b
}

func remainder[T integer](a, b T) T {
	if b == 0 {
		return a
	}
	return a % b
}

func (t formTable) integers() {
	t.integerOps16()
	t.integerOps32()
	t.integerOps64()
	for _, ty := range []scalar{u32, s32} {
		t.alu("add."+ty.String(), classInteger, add32, ty, ty, ty)
		t.alu("sub."+ty.String(), classInteger, sub32, ty, ty, ty)
		t.alu("mul.lo."+ty.String(), classInteger, mul32, ty, ty, ty)
		t.alu("mad.lo."+ty.String(), classInteger, mad32, ty, ty, ty, ty)
	}
	for _, ty := range []scalar{u64, s64} {
		t.alu("add."+ty.String(), classInteger, add64, ty, ty, ty)
		t.alu("sub."+ty.String(), classInteger, sub64, ty, ty, ty)
		t.alu("mul.lo."+ty.String(), classInteger, mul64, ty, ty, ty)
		t.alu("mad.lo."+ty.String(), classInteger, lane3(func(a, b, c uint64) uint64 { return a*b + c }), ty, ty, ty, ty)
	}
	for _, ty := range []scalar{u16, s16} {
		t.alu("add."+ty.String(), classInteger, lane2(func(a, b uint16) uint16 { return a + b }), ty, ty, ty)
		t.alu("sub."+ty.String(), classInteger, lane2(func(a, b uint16) uint16 { return a - b }), ty, ty, ty)
		t.alu("mul.lo."+ty.String(), classInteger, lane2(func(a, b uint16) uint16 { return a * b }), ty, ty, ty)
		t.alu("mad.lo."+ty.String(), classInteger, lane3(func(a, b, c uint16) uint16 { return a*b + c }), ty, ty, ty, ty)
	}
	t.alu("mul.wide.s32", classInteger, mulWideS32, s64, s32, s32)
	t.alu("mul.wide.u32", classInteger, mulWideU32, u64, u32, u32)
	t.alu("mul.wide.s16", classInteger, lane2(func(a, b int16) int32 { return int32(a) * int32(b) }), s32, s16, s16)
	t.alu("mul.wide.u16", classInteger, lane2(func(a, b uint16) uint32 { return uint32(a) * uint32(b) }), u32, u16, u16)
	t.alu("mad.wide.s32", classInteger, lane3(func(a, b int32, c int64) int64 { return int64(a)*int64(b) + c }), s64, s32, s32, s64)
	t.alu("mad.wide.u32", classInteger, lane3(func(a, b uint32, c uint64) uint64 { return uint64(a)*uint64(b) + c }), u64, u32, u32, u64)
	t.alu("mad.wide.s16", classInteger, lane3(func(a, b int16, c int32) int32 { return int32(a)*int32(b) + c }), s32, s16, s16, s32)
	t.alu("mad.wide.u16", classInteger, lane3(func(a, b uint16, c uint32) uint32 { return uint32(a)*uint32(b) + c }), u32, u16, u16, u32)
}

// ordered adds what has the same form for every integer type.
func ordered[T integer](t formTable, ty scalar) {
	name := ty.String()
	t.alu("div."+name, classInteger, lane2(quotient[T]), ty, ty, ty)
	t.alu("rem."+name, classInteger, lane2(remainder[T]), ty, ty, ty)
	t.alu("min."+name, classInteger, lane2(func(a, b T) T { return min(a, b) }), ty, ty, ty)
	t.alu("max."+name, classInteger, lane2(func(a, b T) T { return max(a, b) }), ty, ty, ty)
	if ty.signed() {
		t.alu("abs."+name, classInteger, lane1(func(a T) T { return max(a, -a) }), ty, ty)
		t.alu("neg."+name, classInteger, lane1(func(a T) T { return -a }), ty, ty)
	}
}

func (t formTable) integerOps16() {
	ordered[int16](t, s16)
	ordered[uint16](t, u16)
	t.alu("mul.hi.s16", classInteger, lane2(func(a, b int16) int16 { return int16(int32(a) * int32(b) >> 16) }), s16, s16, s16)
	t.alu("mul.hi.u16", classInteger, lane2(func(a, b uint16) uint16 { return uint16(uint32(a) * uint32(b) >> 16) }), u16, u16, u16)
}

func (t formTable) integerOps32() {
	ordered[int32](t, s32)
	ordered[uint32](t, u32)
	t.alu("mul.hi.s32", classInteger, lane2(func(a, b int32) int32 { return int32(int64(a) * int64(b) >> 32) }), s32, s32, s32)
	t.alu("mul.hi.u32", classInteger, mulHiU32, u32, u32, u32)
	t.alu("mad.hi.s32", classInteger, lane3(func(a, b, c int32) int32 { return int32(int64(a)*int64(b)>>32) + c }), s32, s32, s32, s32)
	t.alu("mad.hi.u32", classInteger, lane3(func(a, b, c uint32) uint32 { return uint32(uint64(a)*uint64(b)>>32) + c }), u32, u32, u32, u32)
}

func (t formTable) integerOps64() {
	ordered[int64](t, s64)
	ordered[uint64](t, u64)
	t.alu("mul.hi.s64", classInteger, lane2(mulHiS64), s64, s64, s64)
	t.alu("mul.hi.u64", classInteger, lane2(mulHiU64), u64, u64, u64)
	t.alu("mad.hi.s64", classInteger, lane3(func(a, b, c int64) int64 { return mulHiS64(a, b) + c }), s64, s64, s64, s64)
	t.alu("mad.hi.u64", classInteger, lane3(func(a, b, c uint64) uint64 { return mulHiU64(a, b) + c }), u64, u64, u64, u64)
}
