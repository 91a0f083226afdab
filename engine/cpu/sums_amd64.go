//go:build !noasm

package cpu

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
func sumsAVX512(v []float32) (sum, squares float64)

//go:noescape
func columnSumAVX512(sum []float64, v []float32)

//go:noescape
func columnSquaresAVX512(sum, squares []float64, v []float32)

//go:noescape
func sumsAVX2(v []float32) (sum, squares float64)

//go:noescape
func columnSumAVX2(sum []float64, v []float32)

//go:noescape
func columnSquaresAVX2(sum, squares []float64, v []float32)
