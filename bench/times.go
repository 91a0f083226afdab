package bench

import (
	"math"
	"slices"
)

// timesOf are the quantiles of samples, of which there is at least one.
func timesOf(samples []float64) *Times {
	s := slices.Sorted(slices.Values(samples))
	return &Times{Median: quantile(s, 0.5), P10: quantile(s, 0.1), P90: quantile(s, 0.9)}
}

// quantile interpolates between the samples beside the q-th, as NumPy does.
func quantile(sorted []float64, q float64) float64 {
	at := q * float64(len(sorted)-1)
	low := int(math.Floor(at))
	high := min(low+1, len(sorted)-1)
	return sorted[low] + (at-float64(low))*(sorted[high]-sorted[low])
}
