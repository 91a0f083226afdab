package train

import (
	"math"
	"testing"
)

// On the way the length stays, the angle grows evenly, and each row of noise is met.
func TestInterpolate(t *testing.T) {
	const latent, steps = 3, 4
	noise := []float32{2, 0, 0, 0, 2, 0, 0, -1.2, 1.6}
	walk := Interpolate(noise, latent, steps)
	if len(walk) != len(noise)*steps {
		t.Fatalf("%d numbers", len(walk))
	}
	row := func(i int) []float32 { i = i * latent % len(walk); return walk[i:][:latent] }
	for i := range 3 {
		for j := range latent {
			if got, want := row(i * steps)[j], noise[i*latent+j]; math.Abs(float64(got-want)) > 1e-6 {
				t.Errorf("row %d begins at %v", i, row(i*steps))
			}
		}
		whole := angle(row(i*steps), row((i+1)*steps))
		for step := range steps {
			z := row(i*steps + step)
			if length := math.Sqrt(float64(z[0]*z[0] + z[1]*z[1] + z[2]*z[2])); math.Abs(length-2) > 1e-6 {
				t.Errorf("row %d, step %d: length %v, want 2", i, step, length)
			}
			if got := angle(z, row(i*steps+step+1)); math.Abs(got-whole/steps) > 1e-3 {
				t.Errorf("row %d, step %d: an angle of %v, want %v", i, step, got, whole/steps)
			}
		}
	}
	// Where there is no angle, the way is straight.
	for _, noise := range [][]float32{{1, 1, 3, 3}, {0, 0, 4, 4}, {1, 1, 1, 1}} {
		walk := Interpolate(noise, 2, 2)
		if want := (noise[0] + noise[2]) / 2; math.Abs(float64(walk[2]-want)) > 1e-6 || math.Abs(float64(walk[3]-want)) > 1e-6 {
			t.Errorf("between %v: %v, want %v", noise, walk[2:4], want)
		}
	}
}
