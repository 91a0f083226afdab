package ptxtest

import (
	"math/big"
	"math/bits"
	"strconv"
)

// bigInt is the mathematical value of an integer.
func (ty intType) bigInt(v uint64) *big.Int {
	if ty.signed {
		return big.NewInt(int64(ty.value(v)))
	}
	return new(big.Int).SetUint64(ty.value(v))
}

// word is the two's complement of a value that may be out of range, shifted right.
func (ty intType) word(v *big.Int, shift uint) uint64 {
	v = new(big.Int).Rsh(v, shift)
	mask := new(big.Int).Sub(new(big.Int).Lsh(big.NewInt(1), ty.width), big.NewInt(1))
	return v.And(v, mask).Uint64()
}

func (t table) arithmetic() {
	for _, ty := range intTypes {
		op := func(name string, f func(z, a, b *big.Int) *big.Int, shift uint) {
			t.add(name+"."+ty.name, func(a, b, _ uint64) uint64 {
				return ty.word(f(new(big.Int), ty.bigInt(a), ty.bigInt(b)), shift)
			})
		}
		op("add", (*big.Int).Add, 0)
		op("sub", (*big.Int).Sub, 0)
		op("mul.lo", (*big.Int).Mul, 0)
		op("mul.hi", (*big.Int).Mul, ty.width)
		op("div", (*big.Int).Quo, 0)
		op("rem", (*big.Int).Rem, 0)
		mad := func(name string, shift uint) {
			t.add(name+"."+ty.name, func(a, b, c uint64) uint64 {
				p := new(big.Int).Mul(ty.bigInt(a), ty.bigInt(b))
				return ty.low(ty.word(p, shift) + c)
			})
		}
		mad("mad.lo", 0)
		if ty.width > 16 {
			mad("mad.hi", ty.width)
		}
		if ty.width < 64 {
			double := intType{width: 2 * ty.width}
			product := func(a, b uint64) uint64 { return double.word(new(big.Int).Mul(ty.bigInt(a), ty.bigInt(b)), 0) }
			t.add("mul.wide."+ty.name, func(a, b, _ uint64) uint64 { return product(a, b) })
			t.add("mad.wide."+ty.name, func(a, b, c uint64) uint64 { return double.low(product(a, b) + c) })
		}
		t.add("min."+ty.name, func(a, b, _ uint64) uint64 { return ty.low(choose(ty.less(a, b), a, b)) })
		t.add("max."+ty.name, func(a, b, _ uint64) uint64 { return ty.low(choose(ty.less(a, b), b, a)) })
		if ty.signed {
			t.add("neg."+ty.name, func(a, _, _ uint64) uint64 { return ty.low(-a) })
			t.add("abs."+ty.name, func(a, _, _ uint64) uint64 { return ty.low(choose(int64(ty.value(a)) < 0, -a, a)) })
		}
	}
}

func choose(first bool, a, b uint64) uint64 {
	if first {
		return a
	}
	return b
}

func (t table) bits() {
	for _, ty := range bitTypes {
		t.add("and."+ty.name, func(a, b, _ uint64) uint64 { return ty.low(a & b) })
		t.add("or."+ty.name, func(a, b, _ uint64) uint64 { return ty.low(a | b) })
		t.add("xor."+ty.name, func(a, b, _ uint64) uint64 { return ty.low(a ^ b) })
		t.add("not."+ty.name, func(a, _, _ uint64) uint64 { return ty.low(^a) })
		t.add("shl."+ty.name, func(a, b, _ uint64) uint64 { return ty.low(a << uint32(b)) })
	}
	for _, ty := range append(bitTypes, intTypes...) {
		t.add("shr."+ty.name, func(a, b, _ uint64) uint64 {
			v := ty.value(a)
			for range uint32(b) {
				v = choose(ty.signed, uint64(int64(v)>>1), v>>1)
			}
			return ty.low(v)
		})
	}
	t.add("and.pred", func(a, b, _ uint64) uint64 { return a & b & 1 })
	t.add("or.pred", func(a, b, _ uint64) uint64 { return (a | b) & 1 })
	t.add("xor.pred", func(a, b, _ uint64) uint64 { return (a ^ b) & 1 })
	t.add("not.pred", func(a, _, _ uint64) uint64 { return ^a & 1 })
	for mode, amount := range map[string]func(c uint64) uint64{
		"wrap":  func(c uint64) uint64 { return c & 31 },
		"clamp": func(c uint64) uint64 { return min(c&0xffffffff, 32) },
	} {
		word := func(a, b uint64) uint64 { return b<<32 | a&0xffffffff }
		t.add("shf.l."+mode+".b32", func(a, b, c uint64) uint64 { return word(a, b) << amount(c) >> 32 })
		t.add("shf.r."+mode+".b32", func(a, b, c uint64) uint64 { return word(a, b) >> amount(c) & 0xffffffff })
	}
	t.add("prmt.b32", func(a, b, c uint64) uint64 {
		v := b<<32 | a&0xffffffff
		var d uint64
		for i := range 4 {
			sel := c >> (4 * i) & 15
			octet := v >> (8 * (sel & 7)) & 0xff
			if sel >= 8 {
				octet = choose(octet >= 0x80, 0xff, 0)
			}
			d |= octet << (8 * i)
		}
		return d
	})
	for _, lut := range []uint64{0x00, 0x1b, 0x80, 0x96, 0xca, 0xe8, 0xfe} {
		t.add("lop3.b32 "+strconv.FormatUint(lut, 10), func(a, b, c uint64) uint64 {
			var d uint64
			for i := range 32 {
				d |= lut >> (a>>i&1<<2 | b>>i&1<<1 | c>>i&1) & 1 << i
			}
			return d
		})
	}
	for _, ty := range intTypes[2:] {
		t.add("bfe."+ty.name, func(a, b, c uint64) uint64 { return fieldOf(ty, a, b&0xff, c&0xff) })
	}
	for _, ty := range bitTypes[1:] {
		for _, n := range []uint64{0, 5, 32} {
			t.add("bfi."+ty.name+" "+strconv.FormatUint(n, 10), func(a, b, c uint64) uint64 {
				d, pos := ty.low(b), c&0xff
				for i := uint64(0); i < n && pos+i < uint64(ty.width); i++ {
					d = d&^(1<<(pos+i)) | a>>i&1<<(pos+i)
				}
				return d
			})
		}
		t.add("popc."+ty.name, func(a, _, _ uint64) uint64 {
			n := uint64(0)
			for v := ty.low(a); v != 0; v >>= 1 {
				n += v & 1
			}
			return n
		})
		t.add("clz."+ty.name, func(a, _, _ uint64) uint64 { return uint64(ty.width) - uint64(bits.Len64(ty.low(a))) })
		t.add("brev."+ty.name, func(a, _, _ uint64) uint64 {
			var d uint64
			for i := range ty.width {
				d |= a >> i & 1 << (ty.width - 1 - i)
			}
			return d
		})
	}
	t.add("bfind.u32", func(a, _, _ uint64) uint64 { return highestBit(uint32(a)) })
	t.add("bfind.s32", func(a, _, _ uint64) uint64 {
		if int32(a) < 0 {
			a = ^a
		}
		return highestBit(uint32(a))
	})
	t.add("bfind.shiftamt.u32", func(a, _, _ uint64) uint64 {
		if uint32(a) == 0 {
			return 0xffffffff
		}
		return 31 - highestBit(uint32(a))
	})
}

// fieldOf is the pseudocode of bfe in NVIDIA's PTX manual.
func fieldOf(ty intType, a, pos, n uint64) uint64 {
	msb := uint64(ty.width) - 1
	sign := uint64(0)
	if ty.signed && n != 0 {
		sign = a >> min(pos+n-1, msb) & 1
	}
	var d uint64
	for i := uint64(0); i <= msb; i++ {
		bit := sign
		if i < n && pos+i <= msb {
			bit = a >> (pos + i) & 1
		}
		d |= bit << i
	}
	return d
}

// highestBit is the place of the highest 1, or all ones.
func highestBit(v uint32) uint64 {
	for i := 31; i >= 0; i-- {
		if v>>i&1 != 0 {
			return uint64(i)
		}
	}
	return 0xffffffff
}

func (t table) selections() {
	all := append(append([]intType{}, intTypes...), bitTypes...)
	all = append(all, intType{"f32", 32, false}, intType{"f64", 64, false})
	for _, ty := range all {
		t.add("selp."+ty.name, func(a, b, c uint64) uint64 { return ty.low(choose(c&1 != 0, a, b)) })
		if ty.width > 16 {
			equal := map[string]func(got, want uint64) bool{"f32": number32, "f64": number64}[ty.name]
			if equal == nil {
				equal = exact
			}
			t.compared("slct."+ty.name+".s32", equal, func(a, b, c uint64) uint64 { return ty.low(choose(int32(c) >= 0, a, b)) })
			t.compared("slct."+ty.name+".f32", equal, func(a, b, c uint64) uint64 { return ty.low(choose(f32(c) >= 0, a, b)) })
		}
	}
}

func (t table) comparisons() {
	combine := map[string]func(v bool, c uint64) bool{
		"":     func(v bool, _ uint64) bool { return v },
		".and": func(v bool, c uint64) bool { return v && c&1 == 0 }, // with !c
		".or":  func(v bool, c uint64) bool { return v || c&1 == 0 },
		".xor": func(v bool, c uint64) bool { return v != (c&1 == 0) },
	}
	each := func(op, tail string, f func(a, b uint64) bool) {
		for suffix, g := range combine {
			t.add("setp."+op+suffix+tail, func(a, b, c uint64) uint64 { return boolean(g(f(a, b), c)) })
		}
	}
	for _, ty := range append(append([]intType{}, intTypes...), bitTypes...) {
		tail := "." + ty.name
		each("eq", tail, func(a, b uint64) bool { return ty.low(a) == ty.low(b) })
		each("ne", tail, func(a, b uint64) bool { return ty.low(a) != ty.low(b) })
		if ty.name[0] == 'b' {
			continue
		}
		lt, gt := "lt", "gt"
		for range 2 {
			le, ge := "le", "ge"
			if lt == "lo" {
				le, ge = "ls", "hs"
			}
			each(lt, tail, ty.less)
			each(le, tail, func(a, b uint64) bool { return !ty.less(b, a) })
			each(gt, tail, func(a, b uint64) bool { return ty.less(b, a) })
			each(ge, tail, func(a, b uint64) bool { return !ty.less(a, b) })
			if ty.signed {
				break
			}
			lt, gt = "lo", "hi"
		}
	}
	for tail, value := range map[string]func(v uint64) float64{
		".f32":     func(v uint64) float64 { return float64(f32(v)) },
		".ftz.f32": func(v uint64) float64 { return float64(f32(flush(v))) },
		".f64":     f64,
	} {
		for op, f := range map[string]func(a, b float64) bool{
			"eq": func(a, b float64) bool { return a == b }, "lt": func(a, b float64) bool { return a < b },
			"le": func(a, b float64) bool { return a <= b }, "gt": func(a, b float64) bool { return a > b },
			"ge": func(a, b float64) bool { return a >= b },
		} {
			unordered := func(a, b uint64) bool { x, y := value(a), value(b); return x != x || y != y }
			each(op, tail, func(a, b uint64) bool { return f(value(a), value(b)) })
			each(op+"u", tail, func(a, b uint64) bool { return unordered(a, b) || f(value(a), value(b)) })
			if op == "eq" {
				each("ne", tail, func(a, b uint64) bool { return !unordered(a, b) && value(a) != value(b) })
				each("neu", tail, func(a, b uint64) bool { return unordered(a, b) || value(a) != value(b) })
				each("num", tail, func(a, b uint64) bool { return !unordered(a, b) })
				each("nan", tail, unordered)
			}
		}
	}
}
