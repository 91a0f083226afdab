package cuda

import (
	"gangpu/engine/program"
	"gangpu/kernels"
)

// Large convolutions by Fourier transform: the spectra of filter and output lie in the workspace, that
// of the input in registers.

func fft(g program.Geometry) bool {
	return large(g) && kernels.FFT(kernels.Axis{In: g.InH, Out: g.OutH(), Filter: g.FilterH, Pad: g.PadTop()},
		kernels.Axis{In: g.InW, Out: g.OutW(), Filter: g.FilterW, Pad: g.PadLeft()}, g.MACs()/(g.Batch*g.InC))
}

func (p *planner) conv2dFFT(g program.Geometry, x, filter uint64, e epilogue, y uint64) error {
	plan, each := kernels.Conv2DFFT(g.Batch, g.InC)
	ofFilter, ofOutput := filterPlanes(g), outputPlanes(g)
	at := p.scratch(ofFilter.spectra(), ofOutput.spectra(), plan.Splits*ofOutput.spectra())
	if err := p.transform(ofFilter, filter, at[0]); err != nil {
		return err
	}
	if err := p.launch(plan.Kernel, plan.Grid, x, at[0], at[2], g.Batch, g.InH, g.InW, g.InC, each); err != nil {
		return err
	}
	return p.invert(ofOutput, plan.Splits, at[2], at[1], e, y)
}

func (p *planner) conv2dFFTInputGrad(g program.Geometry, dy, filter uint64, e epilogue, dx uint64) error {
	ofFilter, ofOutput := filterPlanes(g), outputPlanes(g)
	at := p.scratch(ofFilter.spectra(), ofOutput.spectra())
	if err := p.transform(ofFilter, filter, at[0]); err != nil {
		return err
	}
	if err := p.transform(ofOutput, dy, at[1]); err != nil {
		return err
	}
	return p.launch("conv2d_fft_input_grad", kernels.FFTInputGradGrid(g.Batch, g.InC), at[1], at[0],
		e.bias, e.mask, e.gate, dx, g.InH, g.InW, g.InC, uint32(e.activation.Kind), e.activation.Alpha)
}

func (p *planner) conv2dFFTFilterGrad(g program.Geometry, x, dy, dfilter uint64) error {
	plan, each := kernels.Conv2DFFTFilterGrad(g.Batch, g.InC)
	ofFilter, ofOutput := filterPlanes(g), outputPlanes(g)
	at := p.scratch(ofFilter.spectra(), ofOutput.spectra(), plan.Splits*ofFilter.spectra())
	if err := p.transform(ofOutput, dy, at[1]); err != nil {
		return err
	}
	if err := p.launch(plan.Kernel, plan.Grid, x, at[1], at[2], g.Batch, g.InH, g.InW, g.InC, each); err != nil {
		return err
	}
	return p.invert(ofFilter, plan.Splits, at[2], at[0], noEpilogue, dfilter)
}

// planes are arrays of one channel as the kernels take them, and the strides of their spectra.
type planes struct {
	n, height, width, stride, pixelStride int
	spectrumStride, frequencyStride       int // in complex numbers
	shiftY, shiftX                        int // of the element at the origin
}

func filterPlanes(g program.Geometry) planes {
	return planes{g.InC, g.FilterH, g.FilterW, 1, g.InC, 1, g.InC, g.PadTop(), g.PadLeft()}
}

func outputPlanes(g program.Geometry) planes {
	return planes{g.Batch, g.OutH(), g.OutW(), g.OutH() * g.OutW(), 1, kernels.SpectrumLen / 2, 1, 0, 0}
}

func (s planes) args() []any {
	return []any{s.n, s.height, s.width, s.stride, s.pixelStride, s.spectrumStride, s.frequencyStride, s.shiftY, s.shiftX}
}

// spectra is the number of floats of their spectra.
func (s planes) spectra() int { return s.n * kernels.SpectrumLen }

func (p *planner) transform(s planes, x, spectra uint64) error {
	args := append([]any{x, spectra}, s.args()...)
	return p.launch("conv2d_fft_transform", kernels.FFTTransformGrid(s.n), args...)
}

// invert plans the inverse transform of the sum of parts, which it leaves in spectra if there are several.
func (p *planner) invert(s planes, splits int, parts, spectra uint64, e epilogue, y uint64) error {
	if splits == 1 {
		spectra = parts
	} else if err := p.addParts(parts, splits, s.spectra(), 1, noEpilogue, spectra); err != nil {
		return err
	}
	args := append(append([]any{spectra, e.bias, e.mask, e.gate, y}, s.args()...), uint32(e.activation.Kind), e.activation.Alpha)
	return p.launch("conv2d_fft_inverse", kernels.FFTInverseGrid(s.n), args...)
}
