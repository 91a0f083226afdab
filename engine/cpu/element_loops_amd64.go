//go:build !noasm

package cpu

// elementLoopsAVX2 wait for memory: longer vectors would not help them.
var elementLoopsAVX2 = elementLoops{
	multiply:      multiplyAVX2,
	leakyReLU:     leakyReLUAVX2,
	leakyReLUGrad: leakyReLUGradAVX2,
	sigmoid:       sigmoidVector,
	adam:          adamAVX2,
	ema:           emaAVX2,
	philox:        philoxVector,
	keep:          keepVector,
}

//go:noescape
func multiplyAVX2(a, b, y []float32)

//go:noescape
func leakyReLUAVX2(alpha float32, x, y []float32)

//go:noescape
func leakyReLUGradAVX2(alpha float32, y, dy, dx []float32)

//go:noescape
func adamAVX2(r adamRates, grad, param, m, v []float32)

//go:noescape
func emaAVX2(weight float32, x, average []float32)

// philoxVector leaves the last words, short of eight counters, to philoxGo.
func philoxVector(seed uint64, stream, step, block uint32, words []uint32) {
	n := len(words) &^ 31
	if n > 0 {
		philoxBlocksAVX2(seed, stream, step, block, words[:n])
	}
	philoxGo(seed, stream, step, block+uint32(n/4), words[n:])
}

func keepVector(threshold uint32, value float32, words []uint32, mask []float32) {
	n := len(words) &^ 7
	if n > 0 {
		keepAVX2(threshold, value, words[:n], mask)
	}
	keepGo(threshold, value, words[n:], mask[n:])
}

//go:noescape
func philoxBlocksAVX2(seed uint64, stream, step, block uint32, words []uint32)

//go:noescape
func keepAVX2(threshold uint32, value float32, words []uint32, mask []float32)

// sigmoidVector leaves the last elements, short of a vector, to sigmoidGo.
func sigmoidVector(x, y []float32) {
	n := len(x) &^ 7
	if n > 0 {
		sigmoidAVX2(x[:n], y)
	}
	sigmoidGo(x[n:], y[n:])
}

//go:noescape
func sigmoidAVX2(x, y []float32)
