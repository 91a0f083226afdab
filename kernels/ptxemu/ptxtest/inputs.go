package ptxtest

import (
	"fmt"
	"math"
	"math/rand/v2"
)

// record is what a thread reads: a, b, c and d.
type record = [recordWords]uint64

// generators make a word of a record, by the kind of inputs; k is its place.
var generators = map[string]func(r *rand.Rand, k int) uint64{
	"int":         func(r *rand.Rand, _ int) uint64 { return integer(r) },
	"nonzero":     nonzero,
	"compare":     func(r *rand.Rand, _ int) uint64 { return uint64(int64(r.IntN(5) - 2)) },
	"shift":       func(r *rand.Rand, k int) uint64 { return count(r, k, 1, 80) },
	"funnel":      func(r *rand.Rand, k int) uint64 { return count(r, k, 2, 40) },
	"field":       func(r *rand.Rand, k int) uint64 { return count(r, k, 1, 70) },
	"memory":      func(r *rand.Rand, _ int) uint64 { return r.Uint64() },
	"atomic":      func(r *rand.Rand, _ int) uint64 { return uint64(int64(r.IntN(7)-3)) * 0x100000001 },
	"f32":         func(r *rand.Rand, _ int) uint64 { return single(r) | r.Uint64()<<32 },
	"fma":         fmaWord,
	"f64":         func(r *rand.Rand, _ int) uint64 { return double(r) },
	"narrow":      narrowWord,
	"half":        func(r *rand.Rand, _ int) uint64 { return halfRange(r) },
	"middling":    func(r *rand.Rand, _ int) uint64 { return bits32(float32(r.NormFloat64() * 8)) },
	"positive":    func(r *rand.Rand, _ int) uint64 { return bits32(float32(math.Exp(r.NormFloat64() * 10))) },
	"angle":       func(r *rand.Rand, _ int) uint64 { return bits32((2*r.Float32() - 1) * math.Pi) },
	"matrix tf32": func(r *rand.Rand, k int) uint64 { return matrixWord(r, k, func(v float32) uint64 { return bits32(v) }) },
	"matrix bf16": func(r *rand.Rand, k int) uint64 {
		return matrixWord(r, k, func(v float32) uint64 { return pair(r, v, bfloat) })
	},
	"matrix f16": func(r *rand.Rand, k int) uint64 {
		return matrixWord(r, k, func(v float32) uint64 { return pair(r, v, half) })
	},
}

// records makes the same inputs every time.
func records(kind string) ([]record, error) {
	g := generators[kind]
	if g == nil {
		return nil, fmt.Errorf("unknown inputs %q", kind)
	}
	r := rand.New(rand.NewPCG(1, uint64(len(kind))))
	out := make([]record, Threads)
	for i := range out {
		for k := range out[i] {
			out[i][k] = g(r, k)
		}
	}
	return out, nil
}

func bits32(v float32) uint64 { return uint64(math.Float32bits(v)) }

// integer is a word whose low 8, 16, 32 and 64 bits are often at a limit of their type.
func integer(r *rand.Rand) uint64 {
	limits := []uint64{0, 1, math.MaxUint64, 1 << 63, 1<<63 - 1, 1 << 31, 1<<31 - 1, 1 << 15, 1<<15 - 1, 1 << 7, 1<<7 - 1,
		0x80000000_80008080, 0x7fffffff_7fff7f7f, 1 << 32, math.MaxUint32, 1<<24 + 1, 1<<53 + 1}
	if r.IntN(2) == 0 {
		return limits[r.IntN(len(limits))]
	}
	return r.Uint64() >> r.IntN(64)
}

// nonzero keeps the divisor b from being zero in any width.
func nonzero(r *rand.Rand, k int) uint64 {
	for {
		if v := integer(r); k != 1 || uint16(v) != 0 {
			return v
		}
	}
}

// count gives small numbers from word first on.
func count(r *rand.Rand, k, first, limit int) uint64 {
	if k >= first {
		return uint64(r.IntN(limit))
	}
	return integer(r)
}

// single is a float32: anything, often special.
func single(r *rand.Rand) uint64 {
	specials := []uint64{0, 1 << 31, 0x3f800000, 0xbf800000, 0x7f800000, 0xff800000, 0x7fc00000, 1, 0x80000001, 0x007fffff,
		0x00800000, 0x7f7fffff, 0xff7fffff, 0x3f000000, 0x3fc00000, 0x40200000, 0x4b000001, 0x4f000000, 0x4f800000, 0xcf000000}
	switch r.IntN(4) {
	case 0:
		return specials[r.IntN(len(specials))]
	case 1:
		return uint64(r.Uint32())
	case 2:
		return bits32(float32(r.IntN(1000)-500) / 8)
	}
	return bits32(float32(r.NormFloat64()))
}

func double(r *rand.Rand) uint64 {
	specials := []uint64{0, 1 << 63, 0x7ff0000000000000, 0xfff0000000000000, 0x7ff8000000000000, 1, 0x000fffffffffffff,
		0x0010000000000000, 0x7fefffffffffffff, 0x3fe0000000000000, 0x43e0000000000000, 0xc3e0000000000000, 0x43f0000000000000}
	switch r.IntN(4) {
	case 0:
		return specials[r.IntN(len(specials))]
	case 1:
		return r.Uint64()
	case 2:
		return math.Float64bits(float64(r.IntN(1000)-500) / 8)
	}
	return math.Float64bits(r.NormFloat64())
}

// fmaWord makes, beside the values of single, sums next to the middle between two float32, where rounding twice
// goes wrong: (1 + 2^-12)^2 = 1 + 2^-11 + 2^-24 is such a middle, and c too small for a float64 to see decides.
func fmaWord(r *rand.Rand, k int) uint64 {
	sign := float64(1 - 2*r.IntN(2))
	switch {
	case r.IntN(8) == 0:
		return single(r)
	case k == 2:
		return bits32(float32(sign * math.Ldexp(1, -64-r.IntN(40))))
	}
	return bits32(float32(sign * math.Ldexp(1+0x1p-12, r.IntN(7)-3)))
}

// narrowWord is a float64 that float32 can nearly hold.
func narrowWord(r *rand.Rand, _ int) uint64 {
	if r.IntN(4) == 0 {
		return double(r)
	}
	v := float64(math.Float32frombits(uint32(single(r))))
	return math.Float64bits(v * (1 + float64(r.IntN(3)-1)*math.Ldexp(1, -24-r.IntN(3))))
}

// halfRange is a float32 around what a half can hold, its subnormals included.
func halfRange(r *rand.Rand) uint64 {
	if r.IntN(4) == 0 {
		return single(r)
	}
	return bits32(float32(r.NormFloat64() * math.Ldexp(1, r.IntN(44)-27)))
}

// matrixWord holds an element of A or B in each half, or of C in the upper one: small numbers, whose products
// and sums are exact.
func matrixWord(r *rand.Rand, k int, element func(v float32) uint64) uint64 {
	v := func() float32 { return float32(r.IntN(65)-32) / 8 }
	upper := element(v())
	if k >= 2 {
		upper = bits32(v())
	}
	return upper<<32 | element(v())
}

func pair(r *rand.Rand, v float32, narrow func(v float32) uint64) uint64 {
	return narrow(float32(r.IntN(65)-32)/8)<<16 | narrow(v)
}

func bfloat(v float32) uint64 { return bits32(v) >> 16 }

// half converts a number that f16 can hold and that is zero or normal there.
func half(v float32) uint64 {
	if v == 0 {
		return 0
	}
	u := bits32(v)
	return u>>16&0x8000 | ((u>>23&0xff)-112)<<10 | u>>13&0x3ff
}
