package fidelity

import (
	"math"
	"testing"
)

// naive is SSIM by its definition: a window at a time.
func naive(a, b []float32, height, width, channels int) float64 {
	total, n := 0.0, 0.0
	for c := range channels {
		for top := 0; top+11 <= height; top++ {
			for left := 0; left+11 <= width; left++ {
				var sum, ma, mb, va, vb, cov float64
				each := func(f func(g, p, q float64)) {
					for y := range 11 {
						for x := range 11 {
							i := ((top+y)*width+left+x)*channels + c
							f(math.Exp(-float64((y-5)*(y-5)+(x-5)*(x-5))/4.5), float64(a[i]), float64(b[i]))
						}
					}
				}
				each(func(g, p, q float64) { sum, ma, mb = sum+g, ma+g*p, mb+g*q })
				ma, mb = ma/sum, mb/sum
				each(func(g, p, q float64) {
					va, vb, cov = va+g/sum*(p-ma)*(p-ma), vb+g/sum*(q-mb)*(q-mb), cov+g/sum*(p-ma)*(q-mb)
				})
				total += (2*ma*mb + 1e-4) * (2*cov + 9e-4) / ((ma*ma + mb*mb + 1e-4) * (va + vb + 9e-4))
				n++
			}
		}
	}
	return total / n
}

func TestSSIM(t *testing.T) {
	const h, w, c = 14, 17, 3
	a, b := make([]float32, h*w*c), make([]float32, h*w*c)
	for i := range a {
		a[i] = float32(math.Mod(float64(i)*0.37, 1))
		b[i] = 0.6*a[i] + 0.3*float32(math.Mod(float64(i)*0.73, 1))
	}
	if got, want := SSIM(a, b, h, w, c), naive(a, b, h, w, c); math.Abs(got-want) > 1e-9 {
		t.Errorf("SSIM is %v, by its definition %v", got, want)
	}
	if got := SSIM(a, a, h, w, c); math.Abs(got-1) > 1e-9 {
		t.Errorf("an image has the similarity %v with itself", got)
	}
	// Of constant images, only the means count.
	black, grey := make([]float32, h*w*c), make([]float32, h*w*c)
	for i := range grey {
		grey[i] = 0.5
	}
	if got, want := SSIM(black, grey, h, w, c), 1e-4/(0.25+1e-4); math.Abs(got-want) > 1e-9 {
		t.Errorf("SSIM of black and grey is %v, want %v", got, want)
	}
	if got := SSIM(a[:300], b[:300], 10, 10, 3); !math.IsNaN(got) {
		t.Errorf("images smaller than the window have the similarity %v", got)
	}
}

func TestDistances(t *testing.T) {
	a, b := []float32{0, 0.5, 1, 0.25}, []float32{0.5, 0.5, 0.5, 0.25}
	if got := L1(a, b); got != 0.25 {
		t.Errorf("L1 is %v", got)
	}
	if got, want := PSNR(a, b), 10*math.Log10(8); math.Abs(got-want) > 1e-9 {
		t.Errorf("PSNR is %v dB, want %v", got, want)
	}
	if got := PSNR(a, a); !math.IsInf(got, 1) {
		t.Errorf("PSNR of equal images is %v", got)
	}
}
