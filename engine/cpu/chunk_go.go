package cpu

import (
	"math"
	"unsafe"

	"gangpu/engine/expr"
)

var chunkLoopsGo = chunkLoops{chunk: maxChunk, run: runChunksGo}

type chunkFloats = [maxChunk]float32

// slot is the address in a slot.
func (s *chunkState) slot(offset uintptr) unsafe.Pointer {
	return *(*unsafe.Pointer)(unsafe.Add(unsafe.Pointer(s.slots), offset))
}

func (i *chunkInstr) after() *chunkInstr {
	return (*chunkInstr)(unsafe.Add(unsafe.Pointer(i), unsafe.Sizeof(*i)))
}

// runChunksGo is the plain-Go twin of the vector units' machines.
func runChunksGo(s *chunkState) {
	var acc, x chunkFloats
	var scalars [3]chunkFloats
	slots := unsafe.Slice(s.slots, s.advancing)
	code := s.next
	for {
		o := chunkOps[code.op]
		switch o.op {
		case opExternal:
			s.next = code
			return
		case opEnd:
			if s.chunks--; s.chunks == 0 {
				return
			}
			for i := range slots {
				slots[i] += 4 * maxChunk
			}
			code = s.code
			continue
		}
		var operands [3]*chunkFloats
		memory := []uintptr{code.a, code.b, code.c}
		for i := range len(o.form) {
			switch o.form[i] {
			case 'A':
				operands[i] = &acc
				continue
			case 'X':
				operands[i] = &x
				continue
			}
			at := s.slot(memory[0])
			memory = memory[1:]
			if o.form[i] == 'M' {
				operands[i] = (*chunkFloats)(at)
				continue
			}
			operands[i] = &scalars[i]
			v := *(*float32)(at)
			for j := range scalars[i] {
				scalars[i][j] = v
			}
		}
		if o.op == opLoadX {
			x = *operands[0]
			code = code.after()
			continue
		}
		computeChunkGo(o.op, &acc, operands[0], operands[1], operands[2])
		code = code.after()
	}
}

// computeChunkGo sets y to the result of an operation on chunks, of which y may be one.
func computeChunkGo(op expr.Op, y, a, b, c *chunkFloats) {
	switch op {
	case opLoad:
		*y = *a
	case opStore, opStream:
		*a = *y
	case expr.OpAdd:
		for i, v := range a {
			y[i] = v + b[i]
		}
	case expr.OpSub:
		for i, v := range a {
			y[i] = v - b[i]
		}
	case expr.OpMul:
		for i, v := range a {
			y[i] = v * b[i]
		}
	case expr.OpDiv:
		for i, v := range a {
			y[i] = v / b[i]
		}
	case expr.OpMin:
		for i, v := range a {
			if !(v < b[i]) {
				v = b[i]
			}
			y[i] = v
		}
	case expr.OpMax:
		for i, v := range a {
			if !(v > b[i]) {
				v = b[i]
			}
			y[i] = v
		}
	case expr.OpLess:
		for i, v := range a {
			y[i] = truth(v < b[i])
		}
	case expr.OpLessEqual:
		for i, v := range a {
			y[i] = truth(v <= b[i])
		}
	case expr.OpEqual:
		for i, v := range a {
			y[i] = truth(v == b[i])
		}
	case expr.OpFMA:
		for i, v := range a {
			y[i] = fma32(v, b[i], c[i])
		}
	case expr.OpSelect:
		for i, v := range a {
			chosen := c[i]
			if v != 0 {
				chosen = b[i]
			}
			y[i] = chosen
		}
	default:
		for i, v := range a {
			y[i] = unaryGo(op, v)
		}
	}
}

func truth(holds bool) float32 {
	if holds {
		return 1
	}
	return 0
}

func unaryGo(op expr.Op, v float32) float32 {
	bits := math.Float32bits(v)
	switch op {
	case expr.OpNeg:
		return math.Float32frombits(bits ^ 1<<31)
	case expr.OpAbs:
		return math.Float32frombits(bits &^ (1 << 31))
	case expr.OpFloor:
		return float32(math.Floor(float64(v)))
	case expr.OpCeil:
		return float32(math.Ceil(float64(v)))
	case expr.OpRint:
		return float32(math.RoundToEven(float64(v)))
	case expr.OpSqrt:
		return float32(math.Sqrt(float64(v))) // rounding twice does no harm to a square root (Figueroa, 1995)
	case expr.OpPow2:
		return math.Float32frombits(uint32(int32(v)+127) << 23)
	case expr.OpExponent:
		return float32(int32(bits<<1>>24) - 127)
	}
	return math.Float32frombits(bits&0x7fffff | 0x3f800000) // OpMantissa
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

// external does what an opExternal says: b = quadrant(a), c = remainder(a). A slot at an offset of
// noSlot is not wanted.
func (s *chunkState) external(points int) {
	// No more than the points: a slot may be the end of an array that has no whole chunk left.
	floats := func(offset uintptr) []float32 { return unsafe.Slice((*float32)(s.slot(offset)), points) }
	var scratch [2]chunkFloats
	quadrants, rests := scratch[0][:points], scratch[1][:points]
	if s.next.b != noSlot {
		quadrants = floats(s.next.b)
	}
	if s.next.c != noSlot {
		rests = floats(s.next.c)
	}
	quarterTurnsOf(floats(s.next.a), quadrants, rests)
	s.next = s.next.after()
}

const noSlot = ^uintptr(0)
