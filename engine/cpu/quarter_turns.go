package cpu

import (
	"math"
	"math/bits"
)

// twoOverPi is the binary digits of 2/pi: those behind the point, 64 in a word.
var twoOverPi = [5]uint64{0xa2f9836e4e441529, 0xfc2757d1f534ddc0, 0xdb6295993c439041, 0xfe5163abdebbc561, 0xb7246e3a424dd2e0}

// pi/2 as a part of 33 bits, whose products with n below 2^20 are exact, and the rest.
const (
	halfPiHigh = 0x1.921fb544p+0
	halfPiLow  = 0x1.0b4611a626331p-34
)

// quarterTurnsOf is quarterTurns of each element of x, a chunk at most. Where |x| is not large, it reckons in float64
// (Cody and Waite, 1980), and leaves to quarterTurns what may round to another float32 than the exact rest, or have
// another n.
func quarterTurnsOf(x, quadrants, rests []float32) {
	wholes := [4]float32{0, 1, 2, 3}
	quadrants, rests = quadrants[:len(x)], rests[:len(x)]
	var wide [maxChunk]float64 // a loop of its own: each conversion waits for what was in its register before
	for i, v := range x {
		wide[i] = float64(v)
	}
	for i, v := range wide[:len(x)] {
		if v > -1<<20 && v < 1<<20 {
			// The sum with round is rounded to a whole number, whose last bits are those of n.
			const round = 3 << 51
			sum := v*(2/math.Pi) + round
			n := sum - round
			r := (v - n*halfPiHigh) - n*halfPiLow
			// The rest is off by less than 2^-64, and r has 29 bits more than a float32.
			const half, margin = 1 << 28, 1 << 12
			away := math.Float64bits(r)&(2*half-1) - (half - margin)
			if size := math.Abs(r); size > 0x1p-22 && size < math.Pi/4-0x1p-20 && away > 2*margin {
				quadrants[i], rests[i] = wholes[math.Float64bits(sum)&3], float32(r)
				continue
			}
		}
		n, rest := quarterTurns(float32(v))
		quadrants[i], rests[i] = float32(n), rest
	}
}

// quarterTurns is n mod 4, with n the whole number nearest to x/(pi/2), and x - n*pi/2, rounded once. It is
// right for all finite floats: x/(pi/2) is the product of a whole number of 24 bits with digits of 2/pi (Payne
// and Hanek, 1983). Of infinity and NaN the rest is NaN.
func quarterTurns(x float32) (n int, rest float32) {
	b := math.Float32bits(x)
	exponent := int(b >> 23 & 0xff)
	if exponent == 0xff {
		return 0, float32(math.NaN())
	}
	if exponent < 126 { // |x| < 1/2: nothing to take off
		return 0, x
	}
	// |x| = m*2^shift with m below 2^24. Digits of 2/pi of a weight of 2^-(shift-2) and more give whole turns.
	m, shift := uint64(b&0x7fffff|0x800000), exponent-150
	// The digits from weight 2^-(skip+1) on; skip is what gives whole turns.
	skip := max(shift-2, 0)
	word, bit := skip/64, skip%64
	digits := func(i int) uint64 {
		d := twoOverPi[i] << bit
		if bit > 0 && i+1 < len(twoOverPi) {
			d |= twoOverPi[i+1] >> (64 - bit)
		}
		return d
	}
	// product = m * 0.digits, in units of 2^-128: a whole part of 24 bits and a fraction of 128.
	high1, low1 := bits.Mul64(m, digits(word))
	high2, low2 := bits.Mul64(m, digits(word+1))
	high3, _ := bits.Mul64(m, digits(word+2))
	f2, carry := bits.Add64(low2, high3, 0)
	f1, carry := bits.Add64(low1, high2, carry)
	whole := high1 + carry
	// x/(pi/2) = product * 2^(shift-skip), and shift-skip is 2 for large x, negative for small.
	if up := shift - skip; up >= 0 {
		whole = whole<<up | f1>>(64-up)
		f1 = f1<<up | f2>>(64-up)
		f2 <<= up
	} else {
		down := -up // below 64
		f2 = f2>>down | f1<<(64-down)
		f1 = f1>>down | whole<<(64-down)
		whole >>= down
	}
	negative := f1>>63 == 1 // the fraction is above a half: the next whole number is nearer
	if negative {
		whole++
		f2, carry = bits.Add64(^f2, 1, 0)
		f1, _ = bits.Add64(^f1, 0, carry)
	}
	zeros := bits.LeadingZeros64(f1)
	if f1 == 0 {
		zeros = 64 + bits.LeadingZeros64(f2)
	}
	var top uint64
	if zeros < 64 {
		top = f1<<zeros | f2>>(64-zeros)
	} else {
		top = f2 << (zeros - 64)
	}
	r := math.Ldexp(float64(top>>11), -53-zeros) * (math.Pi / 2)
	if negative != (b>>31 == 1) {
		r = -r
	}
	if b>>31 == 1 {
		whole = -whole
	}
	return int(whole & 3), float32(r)
}
