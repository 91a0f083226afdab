//go:build !noasm

package cpu

var fftLoopsAVX512 = fftLoops{
	product:     productAVX512,
	butterfly:   butterflyAVX512,
	complexDot:  complexDotAVX512,
	complexAxpy: complexAxpyAVX512,
}

//go:noescape
func productAVX512(rows, depth int, m, in *float32, inStride int, out *float32, outStride, lanes int)

//go:noescape
func butterflyAVX512(n, lanes int, a, b *float32, aStride, bStride int, sum, diff *float32, sumStride, diffStride int)

//go:noescape
func complexDotAVX512(rows, lanes int, a, v, y *float32, yStride, yImag int)

//go:noescape
func complexAxpyAVX512(rows, lanes int, sign float32, y *float32, yStride, yImag int, v, out *float32)

var fftLoopsAVX2 = fftLoops{
	product:     productAVX2,
	butterfly:   butterflyAVX2,
	complexDot:  complexDotAVX2,
	complexAxpy: complexAxpyAVX2,
}

//go:noescape
func productAVX2(rows, depth int, m, in *float32, inStride int, out *float32, outStride, lanes int)

//go:noescape
func butterflyAVX2(n, lanes int, a, b *float32, aStride, bStride int, sum, diff *float32, sumStride, diffStride int)

//go:noescape
func complexDotAVX2(rows, lanes int, a, v, y *float32, yStride, yImag int)

//go:noescape
func complexAxpyAVX2(rows, lanes int, sign float32, y *float32, yStride, yImag int, v, out *float32)
