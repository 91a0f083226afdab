package kernels

import "testing"

// What conv2d_fft takes: the tutorial's last layer and what is like it.
func TestFFT(t *testing.T) {
	for _, c := range []struct {
		size, filter, taps int
		want               bool
	}{
		{28, 28, 588 * 588, true},
		{28, 11, 278 * 278, true},
		{28, 7, 184 * 184, false}, // cheaper directly
		{32, 28, 700 * 700, false},
	} {
		side := Axis{In: c.size, Out: c.size, Filter: c.filter, Pad: (c.filter - 1) / 2}
		if got := FFT(side, side, c.taps); got != c.want {
			t.Errorf("a filter of %d on %d: %v, want %v", c.filter, c.size, got, c.want)
		}
	}
}

// The transform is long enough for Keras's paddings, and not for all others.
func TestFFTLength(t *testing.T) {
	for in := 1; in <= dftImage; in++ {
		for filter := 1; filter <= dftImage; filter++ {
			same, valid := Axis{in, in, filter, (filter - 1) / 2}, Axis{in, in - filter + 1, filter, 0}
			if !same.fft() || filter <= in && !valid.fft() {
				t.Errorf("a filter of %d on %d needs a longer transform than %d", filter, in, dftLength)
			}
		}
	}
	for _, a := range []Axis{{28, 28, 28, 27}, {28, 28, 28, 0}, {28, 29, 2, 1}} {
		if a.fft() {
			t.Errorf("%+v is taken: an output's taps are %d apart from others, or it is too large", a, dftLength)
		}
	}
}

// All channels and images fall to one block each, whatever their number.
func TestFFTPlans(t *testing.T) {
	for _, batch := range []int{1, 7, 128, 256, 2048} {
		for _, inC := range []int{1, 3, 32, 33} {
			plan, each := Conv2DFFT(batch, inC)
			if n := plan.Splits * each * fftTo; n < inC || (plan.Splits-1)*each*fftTo >= inC || plan.Grid[0] != uint32(batch) {
				t.Errorf("batch %d, %d channels: %+v, %d each", batch, inC, plan, each)
			}
			plan, each = Conv2DFFTFilterGrad(batch, inC)
			if plan.Splits*each < batch || (plan.Splits-1)*each >= batch || int(plan.Grid[0])*fftTo < inC {
				t.Errorf("filter gradient of batch %d, %d channels: %+v, %d each", batch, inC, plan, each)
			}
		}
	}
}
