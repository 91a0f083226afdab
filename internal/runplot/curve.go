package runplot

import (
	"math"

	"gonum.org/v1/plot/plotter"
)

// smooth is the trailing mean of n values: of those up to and with each, of fewer at the beginning,
// and without those that are not finite. Where there is none it is NaN.
func smooth(values []float64, n int) []float64 {
	out := make([]float64, len(values))
	sum, count := 0.0, 0
	for i, v := range values {
		if finite(v) {
			sum, count = sum+v, count+1
		}
		if i >= n && finite(values[i-n]) {
			sum, count = sum-values[i-n], count-1
		}
		out[i] = math.NaN()
		if count > 0 {
			out[i] = sum / float64(count)
		}
	}
	return out
}

func finite(x float64) bool { return !math.IsNaN(x) && !math.IsInf(x, 0) }

// decimate leaves of a curve its least and its greatest value in each of so many bins, in their
// order, so that no peak is lost: more would not be seen. What is not finite is left out.
func decimate(x, y []float64, bins int) plotter.XYs {
	var kept plotter.XYs
	per := max((len(y)+bins-1)/bins, 1)
	for first := 0; first < len(y); first += per {
		least, greatest := -1, -1
		for i := first; i < min(first+per, len(y)); i++ {
			if !finite(y[i]) {
				continue
			}
			if least < 0 || y[i] < y[least] {
				least = i
			}
			if greatest < 0 || y[i] > y[greatest] {
				greatest = i
			}
		}
		if least < 0 {
			continue
		}
		kept = append(kept, plotter.XY{X: x[min(least, greatest)], Y: y[min(least, greatest)]})
		if least != greatest {
			kept = append(kept, plotter.XY{X: x[max(least, greatest)], Y: y[max(least, greatest)]})
		}
	}
	return kept
}
