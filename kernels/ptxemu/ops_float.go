package ptxemu

import (
	"math"
)

func f32of(v uint64) float32 { return math.Float32frombits(uint32(v)) }

func f32bits(v float32) uint64 {
	if v != v {
		return nan32
	}
	return uint64(math.Float32bits(v))
}

func f64of(v uint64) float64 { return math.Float64frombits(v) }

func f64bits(v float64) uint64 {
	if v != v {
		return nan64
	}
	return math.Float64bits(v)
}

func addF32(d, a, b, _ *lanes) {
	for i := range d {
		d[i] = f32bits(f32of(a[i]) + f32of(b[i]))
	}
}

func subF32(d, a, b, _ *lanes) {
	for i := range d {
		d[i] = f32bits(f32of(a[i]) - f32of(b[i]))
	}
}

func mulF32(d, a, b, _ *lanes) {
	for i := range d {
		d[i] = f32bits(f32of(a[i]) * f32of(b[i]))
	}
}

func unary32(f func(a float32) float32) func(d, a, b, c *lanes) {
	return func(d, a, _, _ *lanes) {
		for i := range d {
			d[i] = f32bits(f(f32of(a[i])))
		}
	}
}

func binary32(f func(a, b float32) float32) func(d, a, b, c *lanes) {
	return func(d, a, b, _ *lanes) {
		for i := range d {
			d[i] = f32bits(f(f32of(a[i]), f32of(b[i])))
		}
	}
}

// through64 computes in float64 and rounds: for approximations and square roots.
func through64(f func(a float64) float64) func(d, a, b, c *lanes) {
	return unary32(func(a float32) float32 { return float32(f(float64(a))) })
}

func unary64(f func(a float64) float64) func(d, a, b, c *lanes) {
	return func(d, a, _, _ *lanes) {
		for i := range d {
			d[i] = f64bits(f(f64of(a[i])))
		}
	}
}

func binary64(f func(a, b float64) float64) func(d, a, b, c *lanes) {
	return func(d, a, b, _ *lanes) {
		for i := range d {
			d[i] = f64bits(f(f64of(a[i]), f64of(b[i])))
		}
	}
}

// flush32 makes subnormals zeros of their sign.
func flush32(v uint64) uint64 {
	if v&0x7f800000 == 0 {
		return v & 0x80000000
	}
	return v
}

// ftz makes the .ftz variant of an operation on n floats.
func ftz(f func(d, a, b, c *lanes), n int) func(d, a, b, c *lanes) {
	return func(d, a, b, c *lanes) {
		var in [3]lanes
		for k, src := range []*lanes{a, b, c}[:n] {
			for i := range src {
				in[k][i] = flush32(src[i])
			}
		}
		f(d, &in[0], &in[1], &in[2])
		for i := range d {
			d[i] = flush32(d[i])
		}
	}
}

// floatOp adds an instruction on n operands of type f32, with and without .ftz behind its name's first part.
func (t formTable) floatOp(name string, n int, fp32 uint8, f func(d, a, b, c *lanes)) {
	types := []scalar{f32, f32, f32, f32}[:n+1]
	t.alu(name+".f32", classFloat, f, types...).fp32 = fp32
	t.alu(name+".ftz.f32", classFloat, ftz(f, n), types...).fp32 = fp32
}

func rsqrt(a float64) float64 { return 1 / math.Sqrt(a) }

// min32 is PTX's min: a NaN loses against a number, and -0 is less than 0.
func min32(a, b float32) float32 {
	switch {
	case a != a:
		return b
	case b != b:
		return a
	}
	return min(a, b)
}

func max32(a, b float32) float32 {
	switch {
	case a != a:
		return b
	case b != b:
		return a
	}
	return max(a, b)
}

func min64(a, b float64) float64 {
	switch {
	case a != a:
		return b
	case b != b:
		return a
	}
	return min(a, b)
}

func max64(a, b float64) float64 {
	switch {
	case a != a:
		return b
	case b != b:
		return a
	}
	return max(a, b)
}

func (t formTable) floats() {
	for _, rn := range []string{"", ".rn"} {
		t.floatOp("add"+rn, 2, 1, addF32)
		t.floatOp("sub"+rn, 2, 1, subF32)
		t.floatOp("mul"+rn, 2, 1, mulF32)
		t.alu("add"+rn+".f64", classFloat, binary64(func(a, b float64) float64 { return a + b }), f64, f64, f64)
		t.alu("sub"+rn+".f64", classFloat, binary64(func(a, b float64) float64 { return a - b }), f64, f64, f64)
		t.alu("mul"+rn+".f64", classFloat, binary64(func(a, b float64) float64 { return a * b }), f64, f64, f64)
	}
	t.floatOp("fma.rn", 3, 2, fmaF32)
	t.floatOp("mad.rn", 3, 2, fmaF32)
	for _, kind := range []string{"div.rn", "div.approx", "div.full"} {
		t.floatOp(kind, 2, 1, binary32(func(a, b float32) float32 { return a / b }))
	}
	for _, kind := range []string{"rcp.rn", "rcp.approx"} {
		t.floatOp(kind, 1, 1, unary32(func(a float32) float32 { return 1 / a }))
	}
	// The square root of a float32 in float64 rounds to the right float32.
	t.floatOp("sqrt.rn", 1, 1, through64(math.Sqrt))
	t.floatOp("sqrt.approx", 1, 1, through64(math.Sqrt))
	t.floatOp("rsqrt.approx", 1, 1, through64(rsqrt))
	t.floatOp("ex2.approx", 1, 1, through64(math.Exp2))
	t.floatOp("lg2.approx", 1, 1, through64(math.Log2))
	t.floatOp("sin.approx", 1, 1, through64(math.Sin))
	t.floatOp("cos.approx", 1, 1, through64(math.Cos))
	t.alu("tanh.approx.f32", classFloat, through64(math.Tanh), f32, f32).target = 75
	t.floatOp("min", 2, 1, binary32(min32))
	t.floatOp("max", 2, 1, binary32(max32))
	t.alu("min.NaN.f32", classFloat, binary32(func(a, b float32) float32 { return min(a, b) }), f32, f32, f32).target = 80
	t.alu("max.NaN.f32", classFloat, binary32(func(a, b float32) float32 { return max(a, b) }), f32, f32, f32).target = 80
	t.floatOp("abs", 1, 1, unary32(func(a float32) float32 { return math.Float32frombits(math.Float32bits(a) &^ (1 << 31)) }))
	t.floatOp("neg", 1, 1, unary32(func(a float32) float32 { return -a }))
	t.alu("copysign.f32", classFloat, lane2(func(a, b uint32) uint32 { return b&^(1<<31) | a&(1<<31) }), f32, f32, f32)

	t.alu("fma.rn.f64", classFloat, func(d, a, b, c *lanes) {
		for i := range d {
			d[i] = f64bits(math.FMA(f64of(a[i]), f64of(b[i]), f64of(c[i])))
		}
	}, f64, f64, f64, f64)
	t.alu("div.rn.f64", classFloat, binary64(func(a, b float64) float64 { return a / b }), f64, f64, f64)
	t.alu("rcp.rn.f64", classFloat, unary64(func(a float64) float64 { return 1 / a }), f64, f64)
	t.alu("sqrt.rn.f64", classFloat, unary64(math.Sqrt), f64, f64)
	t.alu("min.f64", classFloat, binary64(min64), f64, f64, f64)
	t.alu("max.f64", classFloat, binary64(max64), f64, f64, f64)
	t.alu("abs.f64", classFloat, unary64(math.Abs), f64, f64)
	t.alu("neg.f64", classFloat, unary64(func(a float64) float64 { return -a }), f64, f64)
	t.alu("copysign.f64", classFloat, lane2(func(a, b uint64) uint64 { return b&^(1<<63) | a&(1<<63) }), f64, f64, f64)
}
