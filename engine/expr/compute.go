package expr

import "math"

// compute is the definition of the operations, in float64.
func compute(op Op, a, b, c float64) float64 {
	truth := func(holds bool) float64 {
		if holds {
			return 1
		}
		return 0
	}
	switch op {
	case OpAdd:
		return a + b
	case OpSub:
		return a - b
	case OpMul:
		return a * b
	case OpDiv:
		return a / b
	case OpMin:
		if a < b {
			return a
		}
		return b
	case OpMax:
		if a > b {
			return a
		}
		return b
	case OpPow:
		return math.Pow(a, b)
	case OpLess:
		return truth(a < b)
	case OpLessEqual:
		return truth(a <= b)
	case OpEqual:
		return truth(a == b)
	case OpSelect:
		if a != 0 {
			return b
		}
		return c
	case OpNeg:
		return -a
	case OpAbs:
		return math.Abs(a)
	case OpSign:
		return truth(a > 0) - truth(a < 0)
	case OpFloor:
		return math.Floor(a)
	case OpCeil:
		return math.Ceil(a)
	case OpExp:
		return math.Exp(a)
	case OpLog:
		return math.Log(a)
	case OpLog1p:
		return math.Log1p(a)
	case OpExpm1:
		return math.Expm1(a)
	case OpSqrt:
		return math.Sqrt(a)
	case OpRsqrt:
		return 1 / math.Sqrt(a)
	case OpErf:
		return math.Erf(a)
	case OpTanh:
		return math.Tanh(a)
	case OpSigmoid:
		if a < 0 {
			return math.Exp(a) / (1 + math.Exp(a))
		}
		return 1 / (1 + math.Exp(-a))
	case OpSoftplus:
		return math.Max(a, 0) + math.Log1p(math.Exp(-math.Abs(a)))
	case OpSin:
		return math.Sin(a)
	case OpCos:
		return math.Cos(a)
	case OpFMA:
		return math.FMA(a, b, c)
	case OpRint:
		return math.RoundToEven(a)
	case OpPow2:
		return math.Ldexp(1, int(a))
	case OpExponent:
		return float64(math.Ilogb(a))
	case OpMantissa:
		return math.Ldexp(math.Abs(a), -math.Ilogb(a))
	case OpQuadrant:
		n, _ := quarterTurns(a)
		return float64(n)
	case OpRemainder:
		_, r := quarterTurns(a)
		return r
	}
	return math.NaN()
}

// quarterTurns is a as quarter turns, mod 4, and a rest of at most pi/4 radians.
func quarterTurns(a float64) (n int, rest float64) {
	sin, cos := math.Sincos(a)
	switch {
	case math.Abs(sin) <= math.Abs(cos) && cos > 0:
		return 0, math.Asin(sin)
	case math.Abs(sin) <= math.Abs(cos):
		return 2, math.Asin(-sin)
	case sin > 0:
		return 1, math.Asin(-cos)
	}
	return 3, math.Asin(cos)
}
