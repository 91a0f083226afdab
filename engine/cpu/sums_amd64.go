//go:build !noasm

package cpu

func sumsUnitAVX512(v []float32) (sum, squares float64) {
	if len(v)%8 != 0 {
		return sumsGo(v)
	}
	return sumsAVX512(v)
}

func maximumUnitAVX512(v []float32) float64 {
	places, n := noMaxima, len(v)&^7
	if n > 0 {
		maximaAVX512(&places, v[:n])
	}
	return places.largest(v[n:])
}

func columnMaximaUnitAVX512(largest []float64, v []float32) {
	n := len(v) &^ 7
	if n > 0 {
		columnMaximaAVX512(largest, v[:n])
	}
	columnMaximaGo(largest[n:], v[n:])
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

func maximumUnitAVX2(v []float32) float64 {
	places, n := noMaxima, len(v)&^7
	if n > 0 {
		maximaAVX2(&places, v[:n])
	}
	return places.largest(v[n:])
}

func columnMaximaUnitAVX2(largest []float64, v []float32) {
	n := len(v) &^ 7
	if n > 0 {
		columnMaximaAVX2(largest, v[:n])
	}
	columnMaximaGo(largest[n:], v[n:])
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

//go:noescape
func columnMaximaAVX512(largest []float64, v []float32)

//go:noescape
func maximaAVX512(largest *maxima, v []float32)

//go:noescape
func columnMaximaAVX2(largest []float64, v []float32)

//go:noescape
func maximaAVX2(largest *maxima, v []float32)
