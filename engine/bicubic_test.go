package engine

import (
	"math"
	"testing"

	"gorgonia.org/tensor"
)

// Pillow 11's resize(BICUBIC) of an image of floats gives these numbers, smaller, larger, and by a ratio that is not whole.
func TestResizeBicubicAsPillow(t *testing.T) {
	x := make([]float64, 12*8)
	for i := range x {
		row, column := i/8, i%8
		x[i] = float64((row*row*7 + column*11 + row*column*5) % 17)
	}
	for _, c := range []struct {
		width, height int
		want          []float64
	}{
		{2, 3, []float64{7.6335, 7.1448, 7.8518, 8.1991, 9.0085, 6.3552}},
		{12, 18, []float64{-1.2361, 5.4598, 11.1129, 5.216, 10.8947, 16.7832, 11.7251, 6.1637, 5.2577, 14.795, 13.2639, 9.1757}},
		{5, 12, []float64{4.2728, 8.769, 12.5818, 7.5924, 11.6434, 6.6741, 5.1221, 3.5, 1.8779, 0.3259, 12.9916, 5.8175}},
	} {
		b := newNetwork(t, tensor.Float64, 1)
		in := b.input("x", 1, 12, 8, 1)
		copy(in.Value().Data().([]float64), x)
		y := b.must(ResizeBicubic(in, c.height, c.width))
		if want := (tensor.Shape{1, c.height, c.width, 1}); !y.Shape().Eq(want) {
			t.Fatalf("shape %v, want %v", y.Shape(), want)
		}
		got := b.value(y)
		for i, want := range c.want {
			if math.Abs(got[i]-want) > 6e-5 {
				t.Errorf("%dx%d: pixel %d is %.4f, want %v", c.width, c.height, i, got[i], want)
			}
		}
	}
	b := newNetwork(t, tensor.Float64, 1)
	if _, err := ResizeBicubic(b.input("x", 1, 2, 2, 1), 0, 2); err == nil {
		t.Error("no error of a height of 0")
	}
}

// Programs resize as Gorgonia's machine does, and so do their gradients.
func TestCompiledResizeBicubic(t *testing.T) {
	compilesAsOnTape(t, ResizeBicubic, [4]int{2, 8, 12, 3}, [][2]int{{32, 48}, {2, 3}, {8, 12}})
}
