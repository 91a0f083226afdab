package ptxemu

import "math"

const (
	nan32 = 0x7fffffff // the NaN that NVIDIA's arithmetic makes
	nan64 = 0x7ff8000000000000
)

// fmaF32 is a*b+c rounded once.
//
// The product of two float32 is exact in float64. The sum s of it and c is rounded to 53 bits, and then to 24:
// twice, which goes wrong only if s is not exact and lies in the middle between two neighbouring float32. There a
// float64 has its lower 29 bits 100...0; where float32 are subnormal it is looked at more closely, but for zero.
func fmaF32(d, a, b, c *lanes) {
	const normal = (1023 - 126) << 53 // twice the bits of the smallest normal float32
	for i := range d {
		p := float64(f32of(a[i])) * float64(f32of(b[i]))
		z := float64(f32of(c[i]))
		s := p + z
		u := math.Float64bits(s)
		if u<<35 == 1<<63 || u<<1-1 < normal-1 {
			s = oddSum(p, z, s)
		}
		d[i] = f32bits(float32(s))
	}
}

// oddSum returns s, the rounded sum of p and c, if it is exact, and else of the two float64 around the exact sum
// the one with an odd significand: rounding that again is like rounding the exact sum (Boldo and Melquiond,
// "Emulation of FMA and correctly rounded sums: proved algorithms using rounding to odd", 2008).
func oddSum(p, c, s float64) float64 {
	back := s - p
	e := (p - (s - back)) + (c - back)
	if e == 0 || math.IsNaN(e) || math.IsInf(s, 0) {
		return s
	}
	u := math.Float64bits(s)
	if u&1 == 0 {
		if (e > 0) == (s > 0) {
			u++
		} else {
			u--
		}
	}
	return math.Float64frombits(u)
}
