package fidelity_test

import (
	"math"
	"slices"
	"testing"

	"gangpu/gan/fidelity"
)

// rgb2ycbcr of black, white, red and a colour between, in steps of a byte: 16, 235, 81 and 125 of 255.
func TestLuma(t *testing.T) {
	y := fidelity.Luma([]float32{0, 0, 0, 1, 1, 1, 1, 0, 0, 0.2, 0.7, 0.25})
	for i, want := range []float64{16, 235, 81.481, 16 + 13.0962 + 89.9871 + 6.2415} {
		if got := float64(y[i]) * 255; math.Abs(got-want) > 1e-3 {
			t.Errorf("colour %d is %v, want %v", i, got, want)
		}
	}
}

func TestCut(t *testing.T) {
	var images []float32
	for i := range 2 * 4 * 5 * 2 {
		images = append(images, float32(i))
	}
	want := []float32{12, 13, 14, 15, 16, 17, 22, 23, 24, 25, 26, 27, 52, 53, 54, 55, 56, 57, 62, 63, 64, 65, 66, 67}
	if got := fidelity.Cut(images, 4, 5, 2, 1); !slices.Equal(got, want) {
		t.Errorf("%v", got)
	}
	if got := fidelity.Cut(images, 4, 5, 2, 0); !slices.Equal(got, images) {
		t.Errorf("without a border: %v", got)
	}
}
