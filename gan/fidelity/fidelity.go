// Package fidelity measures how near images come to those that they are to be: by the distance of their pixels, by the
// peak signal-to-noise ratio, by structural similarity.
package fidelity

import "math"

// An image is [height, width, channels], of values from 0 to 1.

// L1 is the mean of |a-b|, of arrays of one length.
func L1(a, b []float32) float64 {
	sum := 0.0
	for i, v := range a {
		sum += math.Abs(float64(v) - float64(b[i]))
	}
	return sum / float64(len(a))
}

// PSNR is the peak signal-to-noise ratio in dB: -10*log10 of the mean of (a-b)^2. Of two equal images it is infinite.
func PSNR(a, b []float32) float64 {
	sum := 0.0
	for i, v := range a {
		d := float64(v) - float64(b[i])
		sum += d * d
	}
	return -10 * math.Log10(sum/float64(len(a)))
}

// The window of SSIM, and the constants that keep it from dividing by 0.
const (
	window    = 11
	deviation = 1.5
	c1        = 0.01 * 0.01
	c2        = 0.03 * 0.03
)

// weights are those of the window, along one axis.
var weights = func() (w [window]float64) {
	sum := 0.0
	for i := range w {
		d := float64(i - window/2)
		w[i] = math.Exp(-d * d / (2 * deviation * deviation))
		sum += w[i]
	}
	for i := range w {
		w[i] /= sum
	}
	return w
}()

// SSIM is the structural similarity of two images (Wang, Bovik, Sheikh and Simoncelli, 2004, equation 13): the mean, over
// channels and over all windows of 11 x 11 pixels that lie within the image, weighed by a Gaussian of a deviation of
// 1.5 pixels, of
//
//	(2*ma*mb + c1) * (2*cov + c2) / ((ma^2 + mb^2 + c1) * (va + vb + c2)),  c1 = 0.01^2, c2 = 0.03^2
//
// of the means, variances and the covariance in the window. Images that are smaller than the window have none: NaN.
func SSIM(a, b []float32, height, width, channels int) float64 {
	h, w := height-window+1, width-window+1
	if h < 1 || w < 1 {
		return math.NaN()
	}
	rows := make([][5]float64, height*w) // sums along rows: of a, b, a^2, b^2, a*b
	total := 0.0
	for c := range channels {
		for y := range height {
			for x := range w {
				var s [5]float64
				for k, weight := range weights {
					i := (y*width+x+k)*channels + c
					p, q := float64(a[i]), float64(b[i])
					for j, v := range [5]float64{p, q, p * p, q * q, p * q} {
						s[j] += weight * v
					}
				}
				rows[y*w+x] = s
			}
		}
		for y := range h {
			for x := range w {
				var s [5]float64
				for k, weight := range weights {
					for j, v := range rows[(y+k)*w+x] {
						s[j] += weight * v
					}
				}
				ma, mb := s[0], s[1]
				va, vb, cov := s[2]-ma*ma, s[3]-mb*mb, s[4]-ma*mb
				total += (2*ma*mb + c1) * (2*cov + c2) / ((ma*ma + mb*mb + c1) * (va + vb + c2))
			}
		}
	}
	return total / float64(h*w*channels)
}

// Measures are those of images against others.
type Measures struct {
	L1, PSNR, SSIM float64
	// LumaPSNR and LumaSSIM are those of [Luma], 0 where that is not measured.
	LumaPSNR, LumaSSIM float64
}

// Mean is the mean of the measures of many pairs of images. The PSNR of equal images counts as 100 dB.
func Mean(a, b []float32, height, width, channels int) Measures {
	var m Measures
	size := height * width * channels
	n := float64(len(a) / size)
	for first := 0; first < len(a); first += size {
		p, q := a[first:first+size], b[first:first+size]
		m.L1 += L1(p, q) / n
		m.PSNR += min(PSNR(p, q), 100) / n
		m.SSIM += SSIM(p, q, height, width, channels) / n
	}
	return m
}
