package engine

import (
	"fmt"
	"math"

	"gorgonia.org/gorgonia"
)

// ResizeBicubic makes images x [batch, height, width, channels] of another size by the cubic convolution of Keys (1981) with
// a = -1/2, down and then across. Where images become smaller, the kernel is stretched by as much, so that no fine pattern
// makes a false one; beside the image there is nothing, and the weights within it are scaled to a sum of 1. This is what
// Pillow's BICUBIC does, but for its rounding to bytes between the axes.
func ResizeBicubic(x *gorgonia.Node, height, width int) (*gorgonia.Node, error) {
	const op = "resize_bicubic"
	if err := checkInputs(op, input{"x", x, 4}); err != nil {
		return nil, err
	}
	if height < 1 || width < 1 {
		return nil, opError(op, fmt.Errorf("no size of %dx%d", height, width), x)
	}
	l := after(x, op)
	for i, n := range []int{height, width} {
		m := x.Shape()[i+1]
		if m == n {
			continue
		}
		var err error
		if x, err = resample(l, x, i+1, BicubicWeights(m, n)); err != nil {
			return nil, err
		}
	}
	return x, nil
}

// BicubicWeights are, for each of n pixels along an axis, the weights of those of m pixels that it is the sum of.
func BicubicWeights(m, n int) []map[int]float64 {
	scale := float64(m) / float64(n)
	stretch := max(scale, 1)
	weights := make([]map[int]float64, n)
	for i := range weights {
		centre := (float64(i)+0.5)*scale - 0.5
		first, last := max(int(math.Ceil(centre-2*stretch)), 0), min(int(math.Floor(centre+2*stretch)), m-1)
		of, sum := map[int]float64{}, 0.0
		for j := first; j <= last; j++ {
			if w := cubic(math.Abs(float64(j)-centre) / stretch); w != 0 {
				of[j] = w
				sum += w
			}
		}
		for j := range of {
			of[j] /= sum
		}
		weights[i] = of
	}
	return weights
}

// cubic is Keys's kernel at t >= 0.
func cubic(t float64) float64 {
	switch {
	case t < 1:
		return (1.5*t-2.5)*t*t + 1
	case t < 2:
		return ((-0.5*t+2.5)*t-4)*t + 2
	}
	return 0
}
