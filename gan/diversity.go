package gan

import "math"

// Diversity is how much samples differ: the root of the mean over pixels of the variance over the
// samples, 0 if all are one image. 25 images of MNIST have about 0.25.
func (s Samples) Diversity() float64 {
	pixels := s.Height * s.Width
	total := 0.0
	for p := range pixels {
		var sum, squares float64
		for i := range s.Count {
			v := float64(s.Pixels[i*pixels+p])
			sum += v
			squares += v * v
		}
		mean := sum / float64(s.Count)
		total += max(squares/float64(s.Count)-mean*mean, 0)
	}
	return math.Sqrt(total / float64(pixels))
}
