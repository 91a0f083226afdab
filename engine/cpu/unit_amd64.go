//go:build !noasm

package cpu

var avx512 = &vectorUnit{
	name:         "AVX-512",
	tileRows:     12,
	tileCols:     32,
	outerRows:    8,
	outerCols:    32,
	tile:         tileAVX512,
	outer:        outerAVX512,
	fmaLoop:      fmaLoopAVX512,
	fmaLoopLen:   24 * 16,
	axpy:         axpyAVX2,
	dot:          dotAVX2,
	transpose8x8: transpose8x8AVX2,
	elementLoops: elementLoopsAVX2,
	fftLoops:     fftLoopsAVX512,
	chunkLoops:   chunkLoopsAVX512,
	sums:         sumsUnitAVX512,
	columnSums:   columnSumsUnitAVX512,
	maximum:      maximumUnitAVX512,
	columnMaxima: columnMaximaUnitAVX512,
}

var avx2 = &vectorUnit{
	name:         "AVX2",
	tileRows:     6,
	tileCols:     16,
	outerRows:    4,
	outerCols:    16,
	tile:         tileAVX2,
	outer:        outerAVX2,
	fmaLoop:      fmaLoopAVX2,
	fmaLoopLen:   12 * 8,
	axpy:         axpyAVX2,
	dot:          dotAVX2,
	transpose8x8: transpose8x8AVX2,
	elementLoops: elementLoopsAVX2,
	fftLoops:     fftLoopsAVX2,
	chunkLoops:   chunkLoopsAVX2,
	sums:         sumsUnitAVX2,
	columnSums:   columnSumsUnitAVX2,
	maximum:      maximumUnitAVX2,
	columnMaxima: columnMaximaUnitAVX2,
}

func bestUnit() *vectorUnit {
	switch {
	case hasAVX512:
		return avx512
	case hasAVX2:
		return avx2
	}
	return plainGo
}

// columnMask is 16 words of ones, then 16 of zeros: from word 16-n on, a mask of n columns.
//
//lint:ignore U1000 The assembly reads it.
var columnMask = [32]uint32{
	^uint32(0), ^uint32(0), ^uint32(0), ^uint32(0), ^uint32(0), ^uint32(0), ^uint32(0), ^uint32(0),
	^uint32(0), ^uint32(0), ^uint32(0), ^uint32(0), ^uint32(0), ^uint32(0), ^uint32(0), ^uint32(0),
}

//go:noescape
func tileAVX512(t *tile)

//go:noescape
func tileAVX2(t *tile)

//go:noescape
func outerAVX512(o *outer)

//go:noescape
func outerAVX2(o *outer)

//go:noescape
func fmaLoopAVX512(n int)

//go:noescape
func fmaLoopAVX2(n int)

//go:noescape
func axpyAVX2(alpha float32, x, y []float32)

//go:noescape
func dotAVX2(x, y []float32) float32

//go:noescape
func transpose8x8AVX2(dst *float32, dstStride int, src *float32, srcStride int)
