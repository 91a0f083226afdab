package train

import "math"

// Interpolate walks from each row of noise to the next, and from the last back to the first: it makes
// rows, steps for each row there is, the first of which is that row. The way is spherical (Shoemake,
// "Animating rotation with quaternion curves", 1985; White, "Sampling generative networks", 2016,
// section 2.1): with the angle w between the rows a and b,
//
//	z(t) = sin((1-t)*w)/sin(w) * a + sin(t*w)/sin(w) * b
//
// On a straight way noise would shrink, since long rows of normals all have nearly the same length.
func Interpolate(noise []float32, latent, steps int) []float32 {
	n := len(noise) / latent
	walk := make([]float32, 0, n*steps*latent)
	for i := range n {
		a, b := noise[i*latent:][:latent], noise[(i+1)%n*latent:][:latent]
		w := angle(a, b)
		for step := range steps {
			t := float64(step) / float64(steps)
			from, to := 1-t, t
			if s := math.Sin(w); s > 1e-6 { // else they lie on one line
				from, to = math.Sin((1-t)*w)/s, math.Sin(t*w)/s
			}
			for j := range latent {
				walk = append(walk, float32(from*float64(a[j])+to*float64(b[j])))
			}
		}
	}
	return walk
}

// angle is that between two vectors, from 0 to pi; 0 if one of them is zero.
func angle(a, b []float32) float64 {
	var ab, aa, bb float64
	for i := range a {
		x, y := float64(a[i]), float64(b[i])
		ab, aa, bb = ab+x*y, aa+x*x, bb+y*y
	}
	if aa == 0 || bb == 0 {
		return 0
	}
	return math.Acos(max(-1, min(1, ab/math.Sqrt(aa*bb))))
}
