package ptxtest

import (
	"math"
	"math/big"
)

// flush makes subnormals zeros.
func flush(v uint64) uint64 {
	if v&0x7f800000 == 0 {
		return v & 0x80000000
	}
	return v
}

// op32 adds name.f32 and name.ftz.f32.
func (t table) op32(name string, equal func(got, want uint64) bool, f func(a, b, c float32) float32) {
	t.compared(name+".f32", equal, func(a, b, c uint64) uint64 { return bits32(f(f32(a), f32(b), f32(c))) })
	t.compared(name+".ftz.f32", equal, func(a, b, c uint64) uint64 {
		return flush(bits32(f(f32(flush(a)), f32(flush(b)), f32(flush(c)))))
	})
}

func (t table) op64(name string, f func(a, b, c float64) float64) {
	t.compared(name+".f64", number64, func(a, b, c uint64) uint64 { return bits64(f(f64(a), f64(b), f64(c))) })
}

// exactly computes in numbers of unlimited precision; special computes infinities, NaN and zeros.
func exactly(a, b, c float64, f func(z, a, b, c *big.Float), special func(a, b, c float64) float64) (z *big.Float, other float64, ok bool) {
	other = special(a, b, c)
	for _, v := range []float64{a, b, c} {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return nil, other, false
		}
	}
	value := func(v float64) *big.Float { return new(big.Float).SetPrec(4096).SetFloat64(v) }
	z = new(big.Float).SetPrec(4096)
	f(z, value(a), value(b), value(c))
	return z, other, z.Sign() != 0
}

func exact32(f func(z, a, b, c *big.Float), special func(a, b, c float64) float64) func(a, b, c float32) float32 {
	return func(a, b, c float32) float32 {
		z, other, ok := exactly(float64(a), float64(b), float64(c), f, special)
		if !ok {
			return float32(other)
		}
		v, _ := z.Float32()
		return v
	}
}

func exact64(f func(z, a, b, c *big.Float), special func(a, b, c float64) float64) func(a, b, c float64) float64 {
	return func(a, b, c float64) float64 {
		z, other, ok := exactly(a, b, c, f, special)
		if !ok {
			return other
		}
		v, _ := z.Float64()
		return v
	}
}

func (t table) floats() {
	for _, op := range []struct {
		name    string
		exactly func(z, a, b, c *big.Float)
		special func(a, b, c float64) float64
	}{
		{"add", func(z, a, b, _ *big.Float) { z.Add(a, b) }, func(a, b, _ float64) float64 { return a + b }},
		{"sub", func(z, a, b, _ *big.Float) { z.Sub(a, b) }, func(a, b, _ float64) float64 { return a - b }},
		{"mul", func(z, a, b, _ *big.Float) { z.Mul(a, b) }, func(a, b, _ float64) float64 { return a * b }},
	} {
		// The third operand of an operation on two is not read.
		f32, f64 := exact32(op.exactly, op.special), exact64(op.exactly, op.special)
		for _, rn := range []string{"", ".rn"} {
			t.op32(op.name+rn, number32, func(a, b, _ float32) float32 { return f32(a, b, 0) })
			t.op64(op.name+rn, func(a, b, _ float64) float64 { return f64(a, b, 0) })
		}
	}
	fma := func(z, a, b, c *big.Float) { z.Add(new(big.Float).SetPrec(4096).Mul(a, b), c) }
	fmaSpecial := func(a, b, c float64) float64 { return a*b + c }
	t.op32("fma.rn", number32, exact32(fma, fmaSpecial))
	t.op32("mad.rn", number32, exact32(fma, fmaSpecial))
	t.op64("fma.rn", exact64(fma, fmaSpecial))

	// Quotients and roots have no finite expansion: their reference divides in 4096 bits, which decides every case.
	quo := func(z, a, b, _ *big.Float) {
		if b.Sign() != 0 {
			z.Quo(a, b)
		}
	}
	quoSpecial := func(a, b, _ float64) float64 { return a / b }
	div32, div64 := exact32(quo, quoSpecial), exact64(quo, quoSpecial)
	root := func(z, a, _, _ *big.Float) {
		if a.Sign() > 0 {
			z.Sqrt(a)
		}
	}
	rootSpecial := func(a, _, _ float64) float64 { return math.Sqrt(a) }
	sqrt32, sqrt64 := exact32(root, rootSpecial), exact64(root, rootSpecial)
	t.op32("div.rn", number32, func(a, b, _ float32) float32 { return div32(a, b, 0) })
	t.op64("div.rn", func(a, b, _ float64) float64 { return div64(a, b, 0) })
	t.op32("rcp.rn", number32, func(a, _, _ float32) float32 { return div32(1, a, 0) })
	t.op64("rcp.rn", func(a, _, _ float64) float64 { return div64(1, a, 0) })
	t.op32("sqrt.rn", number32, func(a, _, _ float32) float32 { return sqrt32(a, 0, 0) })
	t.op64("sqrt.rn", func(a, _, _ float64) float64 { return sqrt64(a, 0, 0) })

	// The errors that NVIDIA states for its approximations, a little widened for the reference's own rounding.
	t.op32("div.approx", close32(0x1p-21, 0), func(a, b, _ float32) float32 { return a / b })
	t.op32("div.full", close32(0x1p-21, 0), func(a, b, _ float32) float32 { return a / b })
	through := func(name string, relative, absolute float64, f func(a float64) float64) {
		t.op32(name, close32(relative, absolute), func(a, _, _ float32) float32 { return float32(f(float64(a))) })
	}
	through("rcp.approx", 0x1p-22, 0, func(a float64) float64 { return 1 / a })
	through("sqrt.approx", 0x1p-22, 0, math.Sqrt)
	through("rsqrt.approx", 0x1p-22, 0, func(a float64) float64 { return math.Pow(a, -0.5) })
	through("ex2.approx", 0x1p-21, 0, func(a float64) float64 { return math.Pow(2, a) })
	through("lg2.approx", 0x1p-21, 0x1p-21, func(a float64) float64 { return math.Log(a) / math.Ln2 })
	through("sin.approx", 0, 0x1p-20, math.Sin)
	through("cos.approx", 0, 0x1p-20, math.Cos)
	t.compared("tanh.approx.f32", close32(0x1p-10, 0), func(a, _, _ uint64) uint64 { return bits32(float32(math.Tanh(float64(f32(a))))) })

	t.op32("min", number32, func(a, b, _ float32) float32 { return float32(lesser(float64(a), float64(b))) })
	t.op32("max", number32, func(a, b, _ float32) float32 { return -float32(lesser(-float64(a), -float64(b))) })
	t.op64("min", func(a, b, _ float64) float64 { return lesser(a, b) })
	t.op64("max", func(a, b, _ float64) float64 { return -lesser(-a, -b) })
	t.compared("min.NaN.f32", number32, func(a, b, _ uint64) uint64 { return bits32(float32(math.Min(float64(f32(a)), float64(f32(b))))) })
	t.compared("max.NaN.f32", number32, func(a, b, _ uint64) uint64 { return bits32(float32(math.Max(float64(f32(a)), float64(f32(b))))) })
	t.op32("abs", number32, func(a, _, _ float32) float32 { return float32(math.Abs(float64(a))) })
	t.op32("neg", number32, func(a, _, _ float32) float32 { return -a })
	t.op64("abs", func(a, _, _ float64) float64 { return math.Abs(a) })
	t.op64("neg", func(a, _, _ float64) float64 { return -a })
	// copysign.f32 d, a, b gives b the sign of a.
	t.compared("copysign.f32", number32, func(a, b, _ uint64) uint64 { return b&0x7fffffff | a&0x80000000 })
	t.compared("copysign.f64", number64, func(a, b, _ uint64) uint64 { return bits64(math.Copysign(f64(b), f64(a))) })

	for tail, kind := range map[string]struct {
		value func(v uint64) float64
		tiny  float64 // the smallest normal number
	}{
		".f32": {func(v uint64) float64 { return float64(f32(v)) }, 0x1p-126},
		".f64": {f64, 0x1p-1022},
	} {
		for name, f := range map[string]func(v float64) bool{
			"finite":     func(v float64) bool { return math.Abs(v) <= math.MaxFloat64 },
			"infinite":   func(v float64) bool { return math.Abs(v) > math.MaxFloat64 },
			"number":     func(v float64) bool { return !math.IsNaN(v) },
			"notanumber": math.IsNaN,
			"normal":     func(v float64) bool { return math.Abs(v) >= kind.tiny && math.Abs(v) <= math.MaxFloat64 },
			"subnormal":  func(v float64) bool { return v != 0 && math.Abs(v) < kind.tiny },
		} {
			t.add("testp."+name+tail, func(a, _, _ uint64) uint64 { return boolean(f(kind.value(a))) })
		}
	}
}

// lesser prefers a number to NaN, and -0 to 0.
func lesser(a, b float64) float64 {
	switch {
	case math.IsNaN(a):
		return b
	case math.IsNaN(b):
		return a
	}
	return math.Min(a, b)
}

var roundingModes = map[string]big.RoundingMode{
	"n": big.ToNearestEven, "z": big.ToZero, "m": big.ToNegativeInf, "p": big.ToPositiveInf,
}

// bound32 rounds an exact number to float32 in a mode. big.Float.Float32 rounds subnormals to nearest whatever the
// mode, so they are rounded as multiples of 2^-149.
func bound32(x *big.Float, mode big.RoundingMode) float32 {
	if e := x.MantExp(nil); e < -125 {
		scaled := new(big.Float).SetPrec(4096).SetMantExp(x, 149)
		n := toInt(scaled, mode)
		return float32(math.Ldexp(float64(n.Int64()), -149))
	}
	y := new(big.Float).SetMode(mode).SetPrec(24).Set(x)
	v, _ := y.Float32()
	if math.IsInf(float64(v), 0) && !x.IsInf() {
		// An overflow that does not round outwards stops at the largest number.
		if mode == big.ToZero || mode == big.ToNegativeInf && v > 0 || mode == big.ToPositiveInf && v < 0 {
			return float32(math.Copysign(math.MaxFloat32, float64(v)))
		}
	}
	return v
}

// toInt rounds to an integer.
func toInt(x *big.Float, mode big.RoundingMode) *big.Int {
	n, _ := x.Int(nil) // towards zero
	rest := new(big.Float).SetPrec(4096).Sub(x, new(big.Float).SetPrec(4096).SetInt(n))
	away := big.NewInt(int64(x.Sign()))
	up := false
	switch mode {
	case big.ToNegativeInf:
		up = rest.Sign() < 0
	case big.ToPositiveInf:
		up = rest.Sign() > 0
	case big.ToNearestEven:
		half := new(big.Float).Abs(rest).Cmp(big.NewFloat(0.5))
		up = half > 0 || half == 0 && n.Bit(0) == 1
	}
	if up {
		n.Add(n, away)
	}
	return n
}

// clamp fits a mathematical integer into a type.
func (ty intType) clamp(n *big.Int) uint64 {
	lo, hi := big.NewInt(0), new(big.Int).Lsh(big.NewInt(1), ty.width)
	if ty.signed {
		hi.Rsh(hi, 1)
		lo.Neg(hi)
	}
	hi.Sub(hi, big.NewInt(1))
	if n.Cmp(lo) < 0 {
		n = lo
	}
	if n.Cmp(hi) > 0 {
		n = hi
	}
	return ty.word(n, 0)
}

// register is what an 8-bit value looks like in the 16-bit register that the tests use for it.
func (ty intType) register(v uint64) uint64 {
	if ty.width == 8 && ty.signed {
		return uint64(uint16(int8(v)))
	}
	return ty.low(v)
}

func (t table) conversions() {
	for _, to := range allTypes {
		for _, from := range allTypes {
			t.add("cvt."+to.name+"."+from.name, func(a, _, _ uint64) uint64 { return to.register(from.value(a)) })
			if to.width > from.width && (to.signed || !from.signed) || to == from {
				continue // nothing to saturate
			}
			t.add("cvt.sat."+to.name+"."+from.name, func(a, _, _ uint64) uint64 { return to.register(to.clamp(from.bigInt(a))) })
		}
	}
	for letter, mode := range roundingModes {
		for _, ty := range allTypes {
			t.add("cvt.r"+letter+".f32."+ty.name, func(a, _, _ uint64) uint64 {
				return bits32(bound32(new(big.Float).SetInt(ty.bigInt(a)), mode))
			})
			t.add("cvt.r"+letter+".f64."+ty.name, func(a, _, _ uint64) uint64 {
				v, _ := new(big.Float).SetMode(mode).SetPrec(53).SetInt(ty.bigInt(a)).Float64()
				return bits64(v)
			})
			integer := func(v float64) uint64 {
				if math.IsNaN(v) {
					return 0
				}
				v = math.Max(math.Min(v, 0x1p70), -0x1p70)
				return ty.register(ty.clamp(toInt(new(big.Float).SetFloat64(v), mode)))
			}
			// NVIDIA's conversion of a NaN to a 64-bit integer gives 2^63, to narrower ones 0; PTX leaves it open.
			wide := exact
			if ty.width == 64 {
				wide = func(got, want uint64) bool { return got == want || want == 0 && got == 1<<63 }
			}
			t.compared("cvt.r"+letter+"i."+ty.name+".f32", wide, func(a, _, _ uint64) uint64 { return integer(float64(f32(a))) })
			t.compared("cvt.r"+letter+"i.ftz."+ty.name+".f32", wide, func(a, _, _ uint64) uint64 { return integer(float64(f32(flush(a)))) })
			t.compared("cvt.r"+letter+"i."+ty.name+".f64", wide, func(a, _, _ uint64) uint64 { return integer(f64(a)) })
		}
		integral := func(v float64) float64 {
			if math.IsNaN(v) || math.IsInf(v, 0) || v == 0 {
				return v
			}
			r, _ := new(big.Float).SetInt(toInt(new(big.Float).SetFloat64(v), mode)).Float64()
			return math.Copysign(r, v)
		}
		t.compared("cvt.r"+letter+"i.f32.f32", number32, func(a, _, _ uint64) uint64 { return bits32(float32(integral(float64(f32(a))))) })
		t.compared("cvt.r"+letter+"i.f64.f64", number64, func(a, _, _ uint64) uint64 { return bits64(integral(f64(a))) })
		t.compared("cvt.r"+letter+".f32.f64", number32, func(a, _, _ uint64) uint64 {
			if v := f64(a); v != 0 && !math.IsNaN(v) && !math.IsInf(v, 0) {
				r := bound32(new(big.Float).SetFloat64(v), mode)
				return bits32(float32(math.Copysign(float64(r), v)))
			}
			return bits32(float32(f64(a)))
		})
	}
	t.compared("cvt.f64.f32", number64, func(a, _, _ uint64) uint64 { return bits64(float64(f32(a))) })
	t.compared("cvt.f32.f32", number32, func(a, _, _ uint64) uint64 { return a & 0xffffffff })
	t.compared("cvt.ftz.f32.f32", number32, func(a, _, _ uint64) uint64 { return flush(a & 0xffffffff) })
	t.add("cvt.sat.f32.f32", func(a, _, _ uint64) uint64 {
		v := f32(a)
		if v != v {
			return 0
		}
		return bits32(max(0, min(1, v))) &^ (1 << 31)
	})
	t.halves()
}

// nearest16 finds the number of a 16-bit format nearest to v by trying all of one sign.
func nearest16(v float32, value func(h uint64) float64, infinity uint64, mode big.RoundingMode) uint64 {
	sign := uint64(math.Float32bits(v)>>16) & 0x8000
	x := math.Abs(float64(v))
	if math.IsNaN(x) {
		return 0x7fff
	}
	// h is the largest number that does not exceed x: values grow with their bits.
	lo, hi := uint64(0), infinity
	for lo < hi {
		mid := (lo + hi + 1) / 2
		if value(mid) <= x {
			lo = mid
		} else {
			hi = mid - 1
		}
	}
	if mode == big.ToNearestEven && lo < infinity {
		// Above the largest number lies, for rounding, the power of two that infinity stands for.
		next := value(lo + 1)
		if lo+1 == infinity {
			next = 2*value(lo) - value(lo-1)
		}
		if up, down := next-x, x-value(lo); up < down || up == down && lo&1 == 1 {
			lo++
		}
	}
	return sign | lo
}

func halfValue(h uint64) float64 {
	e, m := int(h>>10&31), float64(h&1023)
	switch {
	case e == 31:
		return math.Inf(1)
	case e == 0:
		return math.Ldexp(m, -24)
	}
	return math.Ldexp(1024+m, e-25)
}

func bfloatValue(h uint64) float64 { return float64(f32(h << 16)) }

// nan16 lets one NaN stand for another in each half of a word.
func nan16(infinity uint64) func(got, want uint64) bool {
	same := func(g, w uint64) bool { return g == w || g&0x7fff > infinity && w&0x7fff > infinity }
	return func(got, want uint64) bool {
		return same(got&0xffff, want&0xffff) && same(got>>16, want>>16)
	}
}

func (t table) halves() {
	for _, f := range []struct {
		name     string
		infinity uint64
		value    func(h uint64) float64
	}{{"f16", 0x7c00, halfValue}, {"bf16", 0x7f80, bfloatValue}} {
		for letter, mode := range map[string]big.RoundingMode{"n": big.ToNearestEven, "z": big.ToZero} {
			t.compared("cvt.r"+letter+"."+f.name+".f32", nan16(f.infinity), func(a, _, _ uint64) uint64 {
				return nearest16(f32(a), f.value, choose(mode == big.ToZero && !math.IsInf(float64(f32(a)), 0), f.infinity-1, f.infinity), mode)
			})
		}
		t.compared("cvt.rn."+f.name+"x2.f32", nan16(f.infinity), func(a, b, _ uint64) uint64 {
			return nearest16(f32(a), f.value, f.infinity, big.ToNearestEven)<<16 | nearest16(f32(b), f.value, f.infinity, big.ToNearestEven)
		})
	}
	t.compared("cvt.f32.f16", number32, func(a, _, _ uint64) uint64 {
		if a&0x7fff > 0x7c00 {
			return 0x7fffffff
		}
		return bits32(float32(halfValue(a&0x7fff))) | a&0x8000<<16
	})
	t.compared("cvt.rna.tf32.f32", number32, func(a, _, _ uint64) uint64 {
		v := float64(f32(a))
		if v == 0 || math.IsInf(v, 0) || math.IsNaN(v) {
			return a & 0xffffffff
		}
		// 11 significant bits, or fewer for subnormals; ties away from zero.
		_, e := math.Frexp(v)
		unit := math.Ldexp(1, max(e-11, -136))
		r := math.Copysign(math.Floor(math.Abs(v)/unit+0.5)*unit, v)
		return bits32(float32(r))
	})
}
