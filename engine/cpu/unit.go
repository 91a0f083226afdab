package cpu

// A vectorUnit is one set of the innermost loops. All of them compute the same, but for rounding.
type vectorUnit struct {
	name string

	tileRows, tileCols   int // of a tile
	outerRows, outerCols int // of an outer

	tile  func(*tile)
	outer func(*outer)

	// fmaLoop makes n rounds of fmaLoopLen multiply-adds, and nothing else.
	fmaLoop    func(n int)
	fmaLoopLen int

	// axpy adds alpha*x to y, as long as x.
	axpy func(alpha float32, x, y []float32)
	// dot is the sum of x[i]*y[i] over the length of x.
	dot func(x, y []float32) float32
	// transpose8x8 sets dst[i*dstStride+j] = src[j*srcStride+i] for i, j < 8.
	transpose8x8 func(dst *float32, dstStride int, src *float32, srcStride int)

	elementLoops
	fftLoops
	chunkLoops

	// sums are the sums of v and of its squares, in float64; see sumsGo.
	sums func(v []float32) (sum, squares float64)
	// columnSums adds v to sum, and its squares to squares if there are any; see columnSumsGo.
	columnSums func(sum, squares []float64, v []float32)
	// maximum is the largest of v, NaN if one is; columnMaxima is that of each of largest and the element of v.
	maximum      func(v []float32) float64
	columnMaxima func(largest []float64, v []float32)
}

// elementLoops are the loops over arrays of one length, which may be one array.
type elementLoops struct {
	multiply      func(a, b, y []float32)                                       // y = a*b
	leakyReLU     func(alpha float32, x, y []float32)                           // as program.LeakyReLU
	leakyReLUGrad func(alpha float32, y, dy, dx []float32)                      // as program.LeakyReLUGrad
	sigmoid       func(x, y []float32)                                          // y = 1/(1+exp(-x))
	adam          func(r adamRates, grad, param, m, v []float32)                // as program.Adam
	ema           func(weight float32, x, average []float32)                    // average += weight*(x-average)
	philox        func(seed uint64, stream, step, block uint32, words []uint32) // see philoxGo
	keep          func(threshold uint32, value float32, words []uint32, mask []float32)
}

// unit is the best that this processor has.
var unit = bestUnit()

// plainGo is for every processor: the reference of the others.
var plainGo = &vectorUnit{
	name:         "plain Go",
	tileRows:     4,
	tileCols:     4,
	outerRows:    4,
	outerCols:    16,
	tile:         tileGo,
	outer:        outerGo,
	fmaLoop:      fmaLoopGo,
	fmaLoopLen:   8,
	axpy:         axpyGo,
	dot:          dotGo,
	transpose8x8: transpose8x8Go,
	elementLoops: elementLoopsGo,
	fftLoops:     fftLoopsGo,
	chunkLoops:   chunkLoopsGo,
	sums:         sumsGo,
	columnSums:   columnSumsGo,
	maximum:      maximumGo,
	columnMaxima: columnMaximaGo,
}

var elementLoopsGo = elementLoops{
	multiply:      multiplyGo,
	leakyReLU:     leakyReLUGo,
	leakyReLUGrad: leakyReLUGradGo,
	sigmoid:       sigmoidGo,
	adam:          adamGo,
	ema:           emaGo,
	philox:        philoxGo,
	keep:          keepGo,
}
