package ptxemu

import (
	"math"
	"math/big"
)

// rounding is how cvt rounds to a float, or to an integer (rni and its kin).
type rounding uint8

const (
	toNearest rounding = iota
	toZero
	toMinus
	toPlus
)

var roundings = []string{toNearest: "n", toZero: "z", toMinus: "m", toPlus: "p"}

func roundInteger(v float64, r rounding) float64 {
	switch r {
	case toZero:
		return math.Trunc(v)
	case toMinus:
		return math.Floor(v)
	case toPlus:
		return math.Ceil(v)
	}
	return math.RoundToEven(v)
}

// limits are the smallest and the largest value of an integer type.
func limits(t scalar) (lo, hi int64, uhi uint64) {
	n := 8 * t.size()
	if t.signed() {
		return -1 << (n - 1), 1<<(n-1) - 1, 1<<(n-1) - 1
	}
	return 0, math.MaxInt64, 1<<n - 1
}

// saturate fits an integral float into an integer type, as cvt does without being asked; NaN gives 0.
func saturate(v float64, t scalar) uint64 {
	lo, _, uhi := limits(t)
	mask := uint64(1)<<(8*t.size()) - 1
	switch {
	case v != v:
		return 0
	case v <= float64(lo):
		return uint64(lo) & mask
	case v >= float64(uhi):
		return uhi & mask
	case v < 0:
		return uint64(int64(v)) & mask
	}
	return uint64(v) & mask
}

// widen reads a value of an integer type from a lane that may hold more.
func widen(v uint64, t scalar) uint64 {
	s := 64 - 8*uint(t.size())
	if t.signed() {
		return uint64(int64(v<<s) >> s)
	}
	return v << s >> s
}

// integerToFloat rounds to f32 or f64.
func integerToFloat(v uint64, from, to scalar, r rounding) uint64 {
	signed := from.signed()
	v = widen(v, from)
	if r == toNearest {
		switch {
		case to == f32 && signed:
			return uint64(math.Float32bits(float32(int64(v))))
		case to == f32:
			return uint64(math.Float32bits(float32(v)))
		case signed:
			return math.Float64bits(float64(int64(v)))
		}
		return math.Float64bits(float64(v))
	}
	x := new(big.Float).SetPrec(64)
	if signed {
		x.SetInt64(int64(v))
	} else {
		x.SetUint64(v)
	}
	mode := map[rounding]big.RoundingMode{toZero: big.ToZero, toMinus: big.ToNegativeInf, toPlus: big.ToPositiveInf}[r]
	if to == f32 {
		f, _ := x.SetMode(mode).SetPrec(24).Float32()
		return uint64(math.Float32bits(f))
	}
	f, _ := x.SetMode(mode).SetPrec(53).Float64()
	return math.Float64bits(f)
}

// narrow rounds a float64 to float32.
func narrow(v float64, r rounding) float32 {
	f := float32(v)
	back := float64(f)
	switch {
	case v != v || back == v:
	case r == toZero && math.Abs(back) > math.Abs(v), r == toMinus && back > v && v > 0, r == toPlus && back < v && v < 0:
		f = math.Nextafter32(f, 0)
	case r == toMinus && back > v:
		f = math.Nextafter32(f, float32(math.Inf(-1)))
	case r == toPlus && back < v:
		f = math.Nextafter32(f, float32(math.Inf(1)))
	}
	return f
}

// halfBits rounds a float32 to f16 (5 bits of exponent, 10 of significand) or bf16 (8, 7), to nearest even or to zero.
func halfBits(v float32, t scalar, r rounding) uint64 {
	u := math.Float32bits(v)
	if v != v {
		return 0x7fff
	}
	drop := uint(16)
	sign := uint64(u >> 16 & 0x8000)
	u &= 0x7fffffff
	if t == f16 {
		drop = 13
		switch {
		case u >= 0x47800000: // 65536 and infinity
			if r == toZero && u < 0x7f800000 {
				return sign | 0x7bff
			}
			return sign | 0x7c00
		case u < 0x38800000: // below 2^-14: the unit is 2^-24
			x := float64(math.Float32frombits(u)) * (1 << 24)
			return sign | uint64(roundInteger(x, r))
		}
		u -= 112 << 23
	}
	if r == toNearest {
		u += 1<<(drop-1) - 1 + u>>drop&1
	}
	h := uint64(u >> drop)
	if t == f16 && r == toZero && h >= 0x7c00 {
		h = 0x7bff
	}
	return sign | h
}

func halfValue(h uint64, t scalar) float32 {
	if t == bf16 {
		return math.Float32frombits(uint32(h) << 16)
	}
	e, m := h>>10&31, h&0x3ff
	v := float32(m) / (1 << 24)
	switch {
	case e == 31 && m != 0:
		return math.Float32frombits(nan32)
	case e == 31:
		v = float32(math.Inf(1))
	case e > 0:
		v = float32(math.Ldexp(float64(1024+m), int(e)-25))
	}
	if h&0x8000 != 0 {
		v = -v
	}
	return v
}

// tf32Bits keeps 10 bits of significand, rounding to nearest, ties away from zero.
func tf32Bits(v uint64) uint64 {
	if v&0x7f800000 == 0x7f800000 {
		if v&0x7fffff != 0 {
			return nan32
		}
		return v
	}
	return (v + 0x1000) & 0xffffe000
}

// cvt adds a conversion; the operands may be wider registers.
func (t formTable) cvt(name string, to, from scalar, f func(v uint64) uint64) *form {
	t.add(name, form{types: []scalar{to, from}, class: classMove, build: buildCvt, alu: func(d, a, _, _ *lanes) {
		for i := range d {
			d[i] = f(a[i])
		}
	}})
	return t[name]
}

func buildCvt(d *decoder, in *inst, f *form, st *statement) error {
	if err := d.count(st, 2); err != nil {
		return err
	}
	var err error
	if in.d, err = d.dest(&st.operands[0], f.types[0], relaxed); err != nil {
		return err
	}
	if in.a, err = d.source(&st.operands[1], f.types[1], relaxed); err != nil {
		return err
	}
	in.exec, in.alu = execALU, f.alu
	// A signed result fills a wider register with its sign.
	if to, reg := f.types[0], st.operands[0].reg.typ; to.signed() && reg.size() > to.size() {
		in.alu = func(d, a, b, c *lanes) {
			f.alu(d, a, b, c)
			for i := range d {
				d[i] = signExtend(d[i], uint8(to.size()), uint8(reg.size()))
			}
		}
	}
	return nil
}

var integerTypes = []scalar{u8, u16, u32, u64, s8, s16, s32, s64}

func (t formTable) conversions() {
	for _, from := range integerTypes {
		for _, to := range integerTypes {
			mask := uint64(1)<<(8*to.size()) - 1
			name := to.String() + "." + from.String()
			t.cvt("cvt."+name, to, from, func(v uint64) uint64 { return widen(v, from) & mask })
			if lo, _, hi := limits(to); cutsOff(from, lo, hi) { // else .sat is no modifier of it
				t.cvt("cvt.sat."+name, to, from, func(v uint64) uint64 { return saturateInteger(v, from, to) })
			}
		}
		for _, to := range []scalar{f32, f64} {
			for r, letter := range roundings {
				t.cvt("cvt.r"+letter+"."+to.String()+"."+from.String(), to, from,
					func(v uint64) uint64 { return integerToFloat(v, from, to, rounding(r)) })
			}
		}
	}
	for r, letter := range roundings {
		r := rounding(r)
		for _, to := range integerTypes {
			fromF32 := func(v uint64) uint64 { return saturate(roundInteger(float64(f32of(v)), r), to) }
			t.cvt("cvt.r"+letter+"i."+to.String()+".f32", to, f32, fromF32)
			t.cvt("cvt.r"+letter+"i.ftz."+to.String()+".f32", to, f32, func(v uint64) uint64 { return fromF32(flush32(v)) })
			t.cvt("cvt.r"+letter+"i."+to.String()+".f64", to, f64, func(v uint64) uint64 { return saturate(roundInteger(f64of(v), r), to) })
		}
		t.cvt("cvt.r"+letter+"i.f32.f32", f32, f32, func(v uint64) uint64 { return f32bits(float32(roundInteger(float64(f32of(v)), r))) })
		t.cvt("cvt.r"+letter+"i.f64.f64", f64, f64, func(v uint64) uint64 { return f64bits(roundInteger(f64of(v), r)) })
		t.cvt("cvt.r"+letter+".f32.f64", f32, f64, func(v uint64) uint64 { return f32bits(narrow(f64of(v), r)) })
	}
	t.cvt("cvt.f64.f32", f64, f32, func(v uint64) uint64 { return f64bits(float64(f32of(v))) })
	t.cvt("cvt.f32.f32", f32, f32, func(v uint64) uint64 { return f32bits(f32of(v)) })
	t.cvt("cvt.ftz.f32.f32", f32, f32, flush32)
	t.cvt("cvt.sat.f32.f32", f32, f32, saturateUnit)
	t.cvt("cvt.f32.f16", f32, f16, func(v uint64) uint64 { return f32bits(halfValue(v&0xffff, f16)) })
	t.cvt("cvt.rn.f16.f32", f16, f32, func(v uint64) uint64 { return halfBits(f32of(v), f16, toNearest) })
	t.cvt("cvt.rz.f16.f32", f16, f32, func(v uint64) uint64 { return halfBits(f32of(v), f16, toZero) })
	t.cvt("cvt.rn.bf16.f32", bf16, f32, func(v uint64) uint64 { return halfBits(f32of(v), bf16, toNearest) }).target = 80
	t.cvt("cvt.rz.bf16.f32", bf16, f32, func(v uint64) uint64 { return halfBits(f32of(v), bf16, toZero) }).target = 80
	t.cvt("cvt.rna.tf32.f32", tf32, f32, tf32Bits).target = 80
	for _, ty := range []scalar{f16, bf16} {
		t.alu("cvt.rn."+ty.String()+"x2.f32", classMove, func(d, a, b, _ *lanes) {
			for i := range d {
				d[i] = halfBits(f32of(a[i]), ty, toNearest)<<16 | halfBits(f32of(b[i]), ty, toNearest)
			}
		}, b32, f32, f32).target = 80
	}
}

// saturateUnit clamps to [0, 1]; NaN gives 0.
func saturateUnit(v uint64) uint64 {
	f := f32of(v)
	switch {
	case f >= 1:
		return uint64(math.Float32bits(1))
	case f > 0:
		return v
	}
	return 0
}

// cutsOff says whether a type has values outside lo to hi.
func cutsOff(t scalar, lo int64, hi uint64) bool {
	tlo, _, thi := limits(t)
	return tlo < lo || thi > hi
}

// saturateInteger fits a value into another integer type.
func saturateInteger(v uint64, from, to scalar) uint64 {
	v = widen(v, from)
	lo, hi, uhi := limits(to)
	mask := uint64(1)<<(8*to.size()) - 1
	if from.signed() {
		s := int64(v)
		if s < lo {
			s = lo
		}
		if to.signed() {
			return uint64(min(s, hi)) & mask
		}
		return min(uint64(s), uhi)
	}
	return min(v, uhi) & mask
}
