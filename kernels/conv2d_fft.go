package kernels

// Plans of conv2d_fft, which convolves by Fourier transforms of 42x42.

const (
	dftLength = 42
	dftImage  = 28      // elements along a side that may differ from zero
	fftTo     = 4       // planes of a block that makes spectra
	fftFrom   = 8       // planes of a block that makes planes
	minTaps   = 1 << 16 // that meet a pixel, of a plane
)

// SpectrumLen is the number of floats of the spectrum of one plane.
const SpectrumLen = 2 * dftLength * (dftLength/2 + 1)

// FFT says whether a [Large] convolution is one for the kernels of conv2d_fft. They take
// some 50,000 instructions of a thread for a plane, whatever its size; conv2d_large takes two in
// fp32, and half of one in tf32, for each of the taps of a plane that meet a pixel. The limit lies
// between.
func FFT(height, width Axis, taps int) bool {
	return height.fft() && width.fft() && taps >= minTaps
}

// Axis is one axis of a convolution: sizes, and the padding before the input.
type Axis struct{ In, Out, Filter, Pad int }

// fft reports whether input, output and filter fit the transform, and no output's tap is 42 pixels from
// another, by which it could be taken for that. It always holds for Keras's paddings.
func (a Axis) fft() bool {
	nearest, farthest := -a.Pad-(a.In-1), a.Out-1+a.Filter-1-a.Pad // of output+tap-pad-input
	return max(a.In, a.Out, a.Filter) <= dftImage && nearest > -dftLength && farthest < dftLength
}

// FFTTransformGrid is the grid of conv2d_fft_transform.
func FFTTransformGrid(planes int) Grid { return Grid{blocks(planes, fftTo), 1, 1} }

// FFTInverseGrid is the grid of conv2d_fft_inverse.
func FFTInverseGrid(planes int) Grid { return Grid{blocks(planes, fftFrom), 1, 1} }

// FFTInputGradGrid is the grid of conv2d_fft_input_grad.
func FFTInputGradGrid(batch, inC int) Grid {
	return Grid{uint32(batch), blocks(inC, fftFrom), 1}
}

// Conv2DFFT plans conv2d_fft, whose blocks take each groups of channels. n of split_sum is
// batch*SpectrumLen.
func Conv2DFFT(batch, inC int) (plan Plan, each int) {
	groups := int(blocks(inC, fftTo))
	each, splits := divide(groups, wantBlocks/batch)
	return Plan{"conv2d_fft", Grid{uint32(batch), uint32(splits), 1}, splits}, each
}

// Conv2DFFTFilterGrad plans conv2d_fft_filter_grad, whose blocks take each images. n of
// split_sum is inC*SpectrumLen.
func Conv2DFFTFilterGrad(batch, inC int) (plan Plan, each int) {
	groups := blocks(inC, fftTo)
	each, splits := divide(batch, wantBlocks/int(groups))
	return Plan{"conv2d_fft_filter_grad", Grid{groups, uint32(splits), 1}, splits}, each
}

// divide cuts n into at most want parts of each, as evenly as may be.
func divide(n, want int) (each, parts int) {
	each = int(blocks(n, min(max(want, 1), n)))
	return each, int(blocks(n, each))
}
