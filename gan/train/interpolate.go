package train

import "math"

// Interpolate walks from each row of noise to the next, and from the last back to the first: it makes
// rows, steps for each row there is, the first of which is that row. The way is [Spherical].
func Interpolate(noise []float32, latent, steps int) []float32 {
	return walk(noise, latent, steps, Spherical)
}

// Walk is the inputs of images between n, steps for each, as [Interpolate] has them. Of a sampler that goes by styles these
// are among them, under the name StylesInput: their way is [Straight].
func (s *Sampler) Walk(inputs map[string][]float32, n, steps int) (map[string][]float32, error) {
	all := map[string][]float32{}
	for name, rows := range inputs {
		all[name] = Interpolate(rows, len(rows)/n, steps)
	}
	if s.styles == nil {
		return all, nil
	}
	w, err := s.Styles(inputs, n)
	if err != nil {
		return nil, err
	}
	all[StylesInput] = walk(w, len(w)/n, steps, Straight)
	return all, nil
}

func walk(rows []float32, each, steps int, way func(to, a, b []float32, t float64)) []float32 {
	n := len(rows) / each
	all := make([]float32, n*steps*each)
	for i := range n {
		a, b := rows[i*each:][:each], rows[(i+1)%n*each:][:each]
		for step := range steps {
			way(all[(i*steps+step)*each:][:each], a, b, float64(step)/float64(steps))
		}
	}
	return all
}

// Spherical writes what lies a part t of the way from a to b, which is spherical (Shoemake,
// "Animating rotation with quaternion curves", 1985; White, "Sampling generative networks", 2016,
// section 2.1): with the angle w between the rows a and b,
//
//	z(t) = sin((1-t)*w)/sin(w) * a + sin(t*w)/sin(w) * b
//
// On a straight way noise would shrink, since long rows of normals all have nearly the same length.
func Spherical(to, a, b []float32, t float64) {
	w := angle(a, b)
	s := math.Sin(w)
	if s <= 1e-6 { // they lie on one line
		Straight(to, a, b, t)
		return
	}
	between(to, a, b, math.Sin((1-t)*w)/s, math.Sin(t*w)/s)
}

// Straight writes (1-t)*a + t*b.
func Straight(to, a, b []float32, t float64) { between(to, a, b, 1-t, t) }

func between(to, a, b []float32, ofA, ofB float64) {
	for i := range to {
		to[i] = float32(ofA*float64(a[i]) + ofB*float64(b[i]))
	}
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
