package ptxgen

import (
	"fmt"
	"math/bits"
	"strconv"
	"strings"
)

// builder collects the instructions of an entry point. All registers are untyped; each has one meaning.
type builder struct {
	text                 strings.Builder
	words, longs, truths int // registers of 32 bits, of 64 bits, and predicates
	labels               int
}

func (b *builder) emit(format string, args ...any) {
	b.text.WriteByte('\t')
	fmt.Fprintf(&b.text, format, args...)
	b.text.WriteString(";\n")
}

func (b *builder) word() string {
	b.words++
	return "%r" + strconv.Itoa(b.words)
}

func (b *builder) long() string {
	b.longs++
	return "%rd" + strconv.Itoa(b.longs)
}

func (b *builder) truth() string {
	b.truths++
	return "%p" + strconv.Itoa(b.truths)
}

// label returns a new label; place puts it here.
func (b *builder) label() string {
	b.labels++
	return "$L" + strconv.Itoa(b.labels)
}

func (b *builder) place(label string) { b.text.WriteString(label + ":\n") }

// op emits an instruction with a result of 32 bits.
func (b *builder) op(opcode string, args ...string) string {
	d := b.word()
	b.emit("%s %s, %s", opcode, d, strings.Join(args, ", "))
	return d
}

// op64 emits one with a result of 64 bits.
func (b *builder) op64(opcode string, args ...string) string {
	d := b.long()
	b.emit("%s %s, %s", opcode, d, strings.Join(args, ", "))
	return d
}

// setp emits a comparison.
func (b *builder) setp(opcode string, args ...string) string {
	d := b.truth()
	b.emit("setp.%s %s, %s", opcode, d, strings.Join(args, ", "))
	return d
}

// declarations are those of all registers.
func (b *builder) declarations() string {
	var s strings.Builder
	for _, r := range []struct {
		kind, name string
		n          int
	}{{"pred", "%p", b.truths}, {"b32", "%r", b.words}, {"b64", "%rd", b.longs}} {
		if r.n > 0 {
			fmt.Fprintf(&s, "\t.reg .%s %s<%d>;\n", r.kind, r.name, r.n+1)
		}
	}
	return s.String()
}

// number is an integer that is known now, or in a register when the kernel runs. Integers are of 32 bits and wrap
// around.
type number struct {
	reg string // "" for a constant
	c   int
}

func constant(c int) number { return number{c: c} }

func (n number) isConstant() bool { return n.reg == "" }

func (n number) String() string {
	if n.reg != "" {
		return n.reg
	}
	return strconv.Itoa(int(int32(n.c)))
}

// plus is a + x*c.
func (b *builder) plus(a, x number, c int) number {
	switch {
	case c == 0, x.isConstant() && x.c == 0:
		return a
	case a.isConstant() && x.isConstant():
		return constant(a.c + x.c*c)
	case x.isConstant():
		return number{reg: b.op("add.s32", a.String(), constant(x.c*c).String())}
	case a.isConstant() && a.c == 0 && c == 1:
		return x
	case c == 1:
		return number{reg: b.op("add.s32", x.String(), a.String())}
	case a.isConstant() && a.c == 0:
		return number{reg: b.op("mul.lo.s32", x.String(), constant(c).String())}
	}
	return number{reg: b.op("mad.lo.s32", x.String(), constant(c).String(), a.String())}
}

// quotient is n/d rounded down, for 0 <= n < 2^31 and a constant d of at least 1: by Granlund and Montgomery
// (1994), a product with the reciprocal, rounded up to 32 bits, and a shift.
func (b *builder) quotient(n number, d int) number {
	switch {
	case n.isConstant():
		return constant(n.c / d)
	case d == 1:
		return n
	case d&(d-1) == 0:
		return number{reg: b.op("shr.u32", n.reg, strconv.Itoa(bits.TrailingZeros(uint(d))))}
	}
	factor, shift := reciprocal(d)
	high := b.op("mul.hi.u32", n.reg, strconv.FormatUint(uint64(factor), 10))
	if shift == 0 {
		return number{reg: high}
	}
	return number{reg: b.op("shr.u32", high, strconv.Itoa(shift))}
}

// reciprocal returns m and s with n/d = n*m >> 32+s for all n below 2^31, for a d of at least 3 that is no power of 2.
func reciprocal(d int) (m uint32, s int) {
	l := bits.Len(uint(d)) // 2^(l-1) < d < 2^l
	return uint32(uint64(1)<<(31+l)/uint64(d) + 1), l - 1
}

// coordinates are those of element number n of an array of a shape. The first one takes what is left, so that the
// shape's first size does not matter.
func (b *builder) coordinates(n number, shape []int) []number {
	p := make([]number, len(shape))
	for d := len(shape) - 1; d >= 0; d-- {
		if d == 0 {
			p[0] = n
			break
		}
		q := b.quotient(n, shape[d])
		p[d] = b.plus(n, q, -shape[d])
		n = q
	}
	return p
}
