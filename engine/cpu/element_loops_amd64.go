//go:build !noasm

package cpu

// elementLoopsAVX2 wait for memory: longer vectors would not help them.
var elementLoopsAVX2 = elementLoops{
	add:           addAVX2,
	multiply:      multiplyAVX2,
	leakyReLU:     leakyReLUAVX2,
	leakyReLUGrad: leakyReLUGradAVX2,
	adam:          adamAVX2,
	philox:        philoxGo,
	keep:          keepGo,
}

//go:noescape
func addAVX2(a, b, y []float32)

//go:noescape
func multiplyAVX2(a, b, y []float32)

//go:noescape
func leakyReLUAVX2(alpha float32, x, y []float32)

//go:noescape
func leakyReLUGradAVX2(alpha float32, y, dy, dx []float32)

//go:noescape
func adamAVX2(r adamRates, grad, param, m, v []float32)
