package judge

import (
	"slices"

	"gangpu/gan/train"
)

// Paths are how much images change along ways between two of them, by [train.Sampler.PathLengths]: the means of those
// lengths that lie between the first and the last hundredth of them.
type Paths struct {
	Count  int     `json:"count"`
	Noise  float64 `json:"noise"`  // by ways in z
	Styles float64 `json:"styles"` // by ways in w
}

// MeasurePaths measures n ways.
func MeasurePaths(s *train.Sampler, seed uint64, n int) (Paths, error) {
	noise, styles, err := s.PathLengths(seed, n)
	if err != nil {
		return Paths{}, err
	}
	return Paths{n, trimmedMean(noise), trimmedMean(styles)}, nil
}

// trimmedMean is the mean of all numbers but the least and the largest hundredth.
func trimmedMean(x []float64) float64 {
	slices.Sort(x)
	x = x[len(x)/100 : len(x)-len(x)/100]
	sum := 0.0
	for _, v := range x {
		sum += v
	}
	return sum / float64(len(x))
}
