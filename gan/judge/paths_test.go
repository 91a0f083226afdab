package judge

import "testing"

// The mean leaves out the least and the largest hundredth.
func TestTrimmedMean(t *testing.T) {
	x := []float64{1e9, -1e9}
	for range 198 {
		x = append(x, 3)
	}
	x[2], x[3] = 1e9, -1e9 // two of 200 on each side
	if got := trimmedMean(x); got != 3 {
		t.Errorf("the mean is %v, want 3", got)
	}
	if got := trimmedMean([]float64{1, 2, 6}); got != 3 {
		t.Errorf("the mean of a few is %v, want 3", got)
	}
}
