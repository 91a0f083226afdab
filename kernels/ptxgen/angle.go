package ptxgen

import "fmt"

// angleTable holds the first 256 bits of 2/pi behind 32 zeros, the highest bits first.
const angleTable = `
.const .align 4 .b32 two_over_pi[9] = {0, 0xA2F9836E, 0x4E441529, 0xFC2757D1, 0xF534DDC0, 0xDB629599, 0x3C439041,
	0xFE5163AB, 0xDEBBC561};
`

// angle reduces x by quarter turns: n mod 4, with n the whole number nearest to x/(pi/2), and x - n*pi/2 rounded
// once. For all finite x, as Payne and Hanek (1983) do: x is a significand of 24 bits times a power of two; its
// product with the 128 bits of 2/pi that matter holds x/(pi/2) mod 4 to 2^-100. Infinities and NaN give the rest NaN.
func (b *builder) angle(x string) (quadrant, rest string) {
	size := b.op("and.b32", x, "0x7fffffff")
	exponent := b.op("shr.u32", size, "23")
	significand := b.op("or.b32", b.op("and.b32", x, "0x7fffff"), "0x800000")
	// x = significand*2^(exponent-150); bit 32 of the table weighs 1/2. The window begins with the bit that makes 2.
	at := b.op("sub.s32", b.op("max.u32", exponent, "126"), "120")
	table := b.op64("mov.u64", "two_over_pi")
	entry := b.op64("mad.wide.u32", b.op("shr.u32", at, "5"), "4", table)
	var words [5]string // of the table
	for i := range words {
		words[i] = b.op("ld.const.u32", fmt.Sprintf("[%s+%d]", entry, 4*i))
	}
	shift := b.op("and.b32", at, "31")
	var window [4]string // the lowest word first
	for i := range window {
		window[3-i] = b.op("shf.l.wrap.b32", words[i+1], words[i], shift)
	}
	var product [4]string // mod 2^128, which is 4 quarter turns
	sum := b.op64("mul.wide.u32", significand, window[0])
	for i := 1; i < 3; i++ {
		product[i-1] = b.op("cvt.u32.u64", sum)
		sum = b.op64("mad.wide.u32", significand, window[i], b.op64("shr.u64", sum, "32"))
	}
	product[2] = b.op("cvt.u32.u64", sum)
	carry := b.op("cvt.u32.u64", b.op64("shr.u64", sum, "32"))
	product[3] = b.op("mad.lo.u32", significand, window[3], carry)

	turns := b.op("shr.u32", b.op("add.u32", product[3], "0x20000000"), "30")
	// The fraction, from -1/2 to 1/2, as its sign and 96 bits.
	f := [3]string{b.op("shf.l.wrap.b32", product[2], product[3], "2"), b.op("shf.l.wrap.b32", product[1], product[2], "2"),
		b.op("shf.l.wrap.b32", product[0], product[1], "2")}
	sign := b.op("shr.s32", f[0], "31")
	for i := range f {
		f[i] = b.op("xor.b32", f[i], sign)
	}
	zeros := b.op("clz.b32", f[0])
	high, low := b.op("shf.l.clamp.b32", f[1], f[0], zeros), b.op("shf.l.clamp.b32", f[2], f[1], zeros)
	fraction := b.op64("mov.b64", fmt.Sprintf("{%s, %s}", low, high))
	radians := b.op("cvt.rn.f32.u64", b.op64("mul.hi.u64", fraction, "0xC90FDAA22168C235")) // pi/2*2^63
	scale := b.op("shl.b32", b.op("sub.s32", "64", zeros), "23")                            // 2^-(63+zeros)
	rest = b.op("mul.rn.f32", radians, scale)
	rest = b.op("xor.b32", rest, b.op("and.b32", b.op("xor.b32", sign, x), "0x80000000"))
	negative := b.op("shr.s32", x, "31")
	turns = b.op("and.b32", b.op("sub.s32", b.op("xor.b32", turns, negative), negative), "3")

	near := b.setp("le.u32", size, "0x3f490fda") // pi/4
	rest = b.op("selp.b32", x, rest, near)
	rest = b.op("selp.b32", nan, rest, b.setp("ge.u32", size, "0x7f800000"))
	quadrant = b.op("cvt.rn.f32.u32", b.op("selp.b32", "0", turns, near))
	return quadrant, rest
}

const nan = "0x7fffffff" // as NVIDIA's instructions make it
