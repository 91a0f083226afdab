package cpu

import (
	"math"
	"unsafe"

	"gangpu/engine/expr"
)

// loopArgs are the operands of a loop over n points. An operand whose increment is 0 is one vector that stands
// for all.
type loopArgs struct {
	n                int
	d, a, b, c       unsafe.Pointer
	incA, incB, incC uintptr // bytes between two vectors of 16 points: 64 or 0
	constants        []float32
}

// advance moves the operands on by whole vectors.
func (p *loopArgs) advance(points int) {
	vectors := uintptr(points / vectorPoints)
	p.d = unsafe.Add(p.d, 4*points)
	p.a = unsafe.Add(p.a, vectors*p.incA)
	p.b = unsafe.Add(p.b, vectors*p.incB)
	p.c = unsafe.Add(p.c, vectors*p.incC)
}

// operand is the elements of one, and 1 or 0: the step between those of two points.
func operand(p unsafe.Pointer, n int, inc uintptr) (v []float32, step int) {
	if inc == 0 {
		return unsafe.Slice((*float32)(p), 1), 0
	}
	return unsafe.Slice((*float32)(p), n), 1
}

// expressionGo is the plain-Go twin of the vector units' loops: the same bits.
func expressionGo(op expr.Op, p *loopArgs) {
	d := unsafe.Slice((*float32)(p.d), p.n)
	a, sa := operand(p.a, p.n, p.incA)
	if op == opHorner {
		for i := range d {
			v := p.constants[0]
			for _, c := range p.constants[1:] {
				v = fma32(v, a[i*sa], c)
			}
			d[i] = v
		}
		return
	}
	if op == opCopy {
		for i := range d {
			d[i] = a[i*sa]
		}
		return
	}
	switch op.Arity() {
	case 1:
		for i := range d {
			d[i] = unaryGo(op, a[i*sa])
		}
	case 2:
		b, sb := operand(p.b, p.n, p.incB)
		binaryGo(op, d, a, b, sa, sb)
	case 3:
		b, sb := operand(p.b, p.n, p.incB)
		c, sc := operand(p.c, p.n, p.incC)
		if op == expr.OpFMA {
			for i := range d {
				d[i] = fma32(a[i*sa], b[i*sb], c[i*sc])
			}
			return
		}
		for i := range d { // select
			if a[i*sa] != 0 {
				d[i] = b[i*sb]
			} else {
				d[i] = c[i*sc]
			}
		}
	}
}

func binaryGo(op expr.Op, d, a, b []float32, sa, sb int) {
	truth := [2]float32{0, 1}
	switch op {
	case expr.OpAdd:
		for i := range d {
			d[i] = a[i*sa] + b[i*sb]
		}
	case expr.OpSub:
		for i := range d {
			d[i] = a[i*sa] - b[i*sb]
		}
	case expr.OpMul:
		for i := range d {
			d[i] = a[i*sa] * b[i*sb]
		}
	case expr.OpDiv:
		for i := range d {
			d[i] = a[i*sa] / b[i*sb]
		}
	case expr.OpMin:
		for i := range d {
			x, y := a[i*sa], b[i*sb]
			if x < y {
				y = x
			}
			d[i] = y
		}
	case expr.OpMax:
		for i := range d {
			x, y := a[i*sa], b[i*sb]
			if x > y {
				y = x
			}
			d[i] = y
		}
	default:
		for i := range d {
			x, y := a[i*sa], b[i*sb]
			holds := 0
			if op == expr.OpLess && x < y || op == expr.OpLessEqual && x <= y || op == expr.OpEqual && x == y {
				holds = 1
			}
			d[i] = truth[holds]
		}
	}
}

func unaryGo(op expr.Op, a float32) float32 {
	switch op {
	case expr.OpNeg:
		return math.Float32frombits(math.Float32bits(a) ^ 1<<31)
	case expr.OpAbs:
		return math.Float32frombits(math.Float32bits(a) &^ (1 << 31))
	case expr.OpFloor:
		return float32(math.Floor(float64(a)))
	case expr.OpCeil:
		return float32(math.Ceil(float64(a)))
	case expr.OpRint:
		return float32(math.RoundToEven(float64(a)))
	case expr.OpSqrt:
		return float32(math.Sqrt(float64(a))) // rounding twice does no harm to a square root (Figueroa, 1995)
	case expr.OpPow2:
		return math.Float32frombits(uint32(int32(a)+127) << 23)
	case expr.OpExponent:
		return float32(int32(math.Float32bits(a)<<1>>24) - 127)
	case expr.OpMantissa:
		return math.Float32frombits(math.Float32bits(a)&0x7fffff | 0x3f800000)
	case expr.OpQuadrant:
		n, _ := quarterTurns(a)
		return float32(n)
	case expr.OpRemainder:
		_, r := quarterTurns(a)
		return r
	}
	return float32(math.NaN())
}

// fma32 is a*b+c, rounded once: the product is exact in float64, and the sum is rounded to odd there, so
// that rounding it again to float32 does no harm (Boldo and Melquiond, 2008).
func fma32(a, b, c float32) float32 {
	p := float64(a) * float64(b)
	s := p + float64(c)
	v := s - p
	lost := (p - (s - v)) + (float64(c) - v)
	if bits := math.Float64bits(s); lost != 0 && bits&1 == 0 && lost == lost && !math.IsInf(s, 0) {
		if (lost > 0) == (s > 0) {
			s = math.Float64frombits(bits + 1)
		} else {
			s = math.Float64frombits(bits - 1)
		}
	}
	return float32(s)
}
