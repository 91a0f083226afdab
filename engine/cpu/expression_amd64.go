//go:build !noasm

package cpu

import "gangpu/engine/expr"

func expressionAVX512(op expr.Op, p *loopArgs) {
	if f := loopsAVX512[op]; f != nil {
		f(p)
		return
	}
	expressionGo(op, p)
}

var loopsAVX512 = [...]func(p *loopArgs){
	opCopy:           exprCopyAVX512,
	expr.OpAdd:       exprAddAVX512,
	expr.OpSub:       exprSubAVX512,
	expr.OpMul:       exprMulAVX512,
	expr.OpDiv:       exprDivAVX512,
	expr.OpMin:       exprMinAVX512,
	expr.OpMax:       exprMaxAVX512,
	expr.OpLess:      exprLessAVX512,
	expr.OpLessEqual: exprLessEqualAVX512,
	expr.OpEqual:     exprEqualAVX512,
	expr.OpFMA:       exprFMAAVX512,
	expr.OpSelect:    exprSelectAVX512,
	expr.OpNeg:       exprNegAVX512,
	expr.OpAbs:       exprAbsAVX512,
	expr.OpRint:      exprRintAVX512,
	expr.OpFloor:     exprFloorAVX512,
	expr.OpCeil:      exprCeilAVX512,
	expr.OpSqrt:      exprSqrtAVX512,
	expr.OpPow2:      exprPow2AVX512,
	expr.OpExponent:  exprExponentAVX512,
	expr.OpMantissa:  exprMantissaAVX512,
	opHorner:         exprHornerAVX512,
}

func sumsUnitAVX512(v []float32) (sum, squares float64) {
	if len(v)%8 != 0 {
		return sumsGo(v)
	}
	return sumsAVX512(v)
}

func columnSumsUnitAVX512(sum, squares []float64, v []float32) {
	n := len(v) &^ 7
	if n > 0 && squares == nil {
		columnSumAVX512(sum, v[:n])
	} else if n > 0 {
		columnSquaresAVX512(sum, squares, v[:n])
		squares = squares[n:]
	}
	columnSumsGo(sum[n:], squares, v[n:])
}

func expressionAVX2(op expr.Op, p *loopArgs) {
	if f := loopsAVX2[op]; f != nil {
		f(p)
		return
	}
	expressionGo(op, p)
}

var loopsAVX2 = [...]func(p *loopArgs){
	opCopy:           exprCopyAVX2,
	expr.OpAdd:       exprAddAVX2,
	expr.OpSub:       exprSubAVX2,
	expr.OpMul:       exprMulAVX2,
	expr.OpDiv:       exprDivAVX2,
	expr.OpMin:       exprMinAVX2,
	expr.OpMax:       exprMaxAVX2,
	expr.OpLess:      exprLessAVX2,
	expr.OpLessEqual: exprLessEqualAVX2,
	expr.OpEqual:     exprEqualAVX2,
	expr.OpFMA:       exprFMAAVX2,
	expr.OpSelect:    exprSelectAVX2,
	expr.OpNeg:       exprNegAVX2,
	expr.OpAbs:       exprAbsAVX2,
	expr.OpRint:      exprRintAVX2,
	expr.OpFloor:     exprFloorAVX2,
	expr.OpCeil:      exprCeilAVX2,
	expr.OpSqrt:      exprSqrtAVX2,
	expr.OpPow2:      exprPow2AVX2,
	expr.OpExponent:  exprExponentAVX2,
	expr.OpMantissa:  exprMantissaAVX2,
	opHorner:         exprHornerAVX2,
}

func sumsUnitAVX2(v []float32) (sum, squares float64) {
	if len(v)%8 != 0 {
		return sumsGo(v)
	}
	return sumsAVX2(v)
}

func columnSumsUnitAVX2(sum, squares []float64, v []float32) {
	n := len(v) &^ 7
	if n > 0 && squares == nil {
		columnSumAVX2(sum, v[:n])
	} else if n > 0 {
		columnSquaresAVX2(sum, squares, v[:n])
		squares = squares[n:]
	}
	columnSumsGo(sum[n:], squares, v[n:])
}

//go:noescape
func exprCopyAVX512(p *loopArgs)

//go:noescape
func exprAddAVX512(p *loopArgs)

//go:noescape
func exprSubAVX512(p *loopArgs)

//go:noescape
func exprMulAVX512(p *loopArgs)

//go:noescape
func exprDivAVX512(p *loopArgs)

//go:noescape
func exprMinAVX512(p *loopArgs)

//go:noescape
func exprMaxAVX512(p *loopArgs)

//go:noescape
func exprLessAVX512(p *loopArgs)

//go:noescape
func exprLessEqualAVX512(p *loopArgs)

//go:noescape
func exprEqualAVX512(p *loopArgs)

//go:noescape
func exprFMAAVX512(p *loopArgs)

//go:noescape
func exprSelectAVX512(p *loopArgs)

//go:noescape
func exprNegAVX512(p *loopArgs)

//go:noescape
func exprAbsAVX512(p *loopArgs)

//go:noescape
func exprRintAVX512(p *loopArgs)

//go:noescape
func exprFloorAVX512(p *loopArgs)

//go:noescape
func exprCeilAVX512(p *loopArgs)

//go:noescape
func exprSqrtAVX512(p *loopArgs)

//go:noescape
func exprPow2AVX512(p *loopArgs)

//go:noescape
func exprExponentAVX512(p *loopArgs)

//go:noescape
func exprMantissaAVX512(p *loopArgs)

//go:noescape
func exprHornerAVX512(p *loopArgs)

//go:noescape
func sumsAVX512(v []float32) (sum, squares float64)

//go:noescape
func columnSumAVX512(sum []float64, v []float32)

//go:noescape
func columnSquaresAVX512(sum, squares []float64, v []float32)

//go:noescape
func exprCopyAVX2(p *loopArgs)

//go:noescape
func exprAddAVX2(p *loopArgs)

//go:noescape
func exprSubAVX2(p *loopArgs)

//go:noescape
func exprMulAVX2(p *loopArgs)

//go:noescape
func exprDivAVX2(p *loopArgs)

//go:noescape
func exprMinAVX2(p *loopArgs)

//go:noescape
func exprMaxAVX2(p *loopArgs)

//go:noescape
func exprLessAVX2(p *loopArgs)

//go:noescape
func exprLessEqualAVX2(p *loopArgs)

//go:noescape
func exprEqualAVX2(p *loopArgs)

//go:noescape
func exprFMAAVX2(p *loopArgs)

//go:noescape
func exprSelectAVX2(p *loopArgs)

//go:noescape
func exprNegAVX2(p *loopArgs)

//go:noescape
func exprAbsAVX2(p *loopArgs)

//go:noescape
func exprRintAVX2(p *loopArgs)

//go:noescape
func exprFloorAVX2(p *loopArgs)

//go:noescape
func exprCeilAVX2(p *loopArgs)

//go:noescape
func exprSqrtAVX2(p *loopArgs)

//go:noescape
func exprPow2AVX2(p *loopArgs)

//go:noescape
func exprExponentAVX2(p *loopArgs)

//go:noescape
func exprMantissaAVX2(p *loopArgs)

//go:noescape
func exprHornerAVX2(p *loopArgs)

//go:noescape
func sumsAVX2(v []float32) (sum, squares float64)

//go:noescape
func columnSumAVX2(sum []float64, v []float32)

//go:noescape
func columnSquaresAVX2(sum, squares []float64, v []float32)
