package data

import (
	"image"
	"image/color"
	"image/jpeg"
	"io"
	"math"

	"golang.org/x/image/draw"
)

// lanczos is the kernel sinc(t)*sinc(t/3) for |t| < 3, stretched over as many pixels as become one (Duchon, 1979).
var lanczos = draw.Kernel{Support: 3, At: func(t float64) float64 {
	if t == 0 {
		return 1
	}
	if t >= 3 {
		return 0
	}
	x := math.Pi * t
	return 3 * math.Sin(x) * math.Sin(x/3) / (x * x)
}}

// shrink is a picture of another size, resampled by lanczos.
func shrink(img image.Image, width, height int) *image.RGBA {
	to := image.NewRGBA(image.Rect(0, 0, width, height))
	lanczos.Scale(to, to.Bounds(), img, img.Bounds(), draw.Src, nil)
	return to
}

// opaque is a picture as red, green and blue of 8 bits, on a background.
func opaque(img image.Image, background color.Color) *image.RGBA {
	to := image.NewRGBA(image.Rectangle{Max: img.Bounds().Size()})
	draw.Draw(to, to.Bounds(), image.NewUniform(background), image.Point{}, draw.Src)
	draw.Draw(to, to.Bounds(), img, img.Bounds().Min, draw.Over)
	return to
}

// smooth is a picture of luma and chroma, as JPEG files have it, in red, green and blue, where chroma of half the width, or
// half of both, is weighed 3 to 1 between the nearest samples along each axis, as libjpeg does it. Pixels that share a
// sample, as package image has them, would leave blocks of colour.
func smooth(img *image.YCbCr) *image.RGBA {
	size := img.Bounds().Size()
	to := image.NewRGBA(image.Rectangle{Max: size})
	samplesX, samplesY := (size.X+1)/2, size.Y
	switch img.SubsampleRatio {
	case image.YCbCrSubsampleRatio420:
		samplesY = (size.Y + 1) / 2
	case image.YCbCrSubsampleRatio422:
	default:
		draw.Draw(to, to.Bounds(), img, img.Bounds().Min, draw.Src)
		return to
	}
	// near and far are the two samples, of n, that a pixel of size lies between.
	between := func(at, n, size int) (near, far int) {
		if n == size {
			return at, at
		}
		return at / 2, min(max(at/2+2*(at%2)-1, 0), n-1)
	}
	for y := range size.Y {
		near, far := between(y, samplesY, size.Y)
		for x := range size.X {
			left, right := between(x, samplesX, size.X)
			chroma := func(plane []uint8) uint8 {
				a, b := plane[near*img.CStride:], plane[far*img.CStride:]
				return uint8((9*int(a[left]) + 3*int(a[right]) + 3*int(b[left]) + int(b[right]) + 8 - x%2) >> 4)
			}
			r, g, b := color.YCbCrToRGB(img.Y[y*img.YStride+x], chroma(img.Cb), chroma(img.Cr))
			to.SetRGBA(x, y, color.RGBA{R: r, G: g, B: b, A: 255})
		}
	}
	return to
}

// readJPEG decodes a picture, smoothly.
func readJPEG(from io.Reader) (image.Image, error) {
	img, err := jpeg.Decode(from)
	if of, ok := img.(*image.YCbCr); ok && err == nil {
		return smooth(of), nil
	}
	return img, err
}

// contrast is the standard deviation over the pixels of a part of a picture of the mean of red, green and blue, 0 to 255.
func contrast(img *image.RGBA, part image.Rectangle) float64 {
	var sum, squares float64
	for y := part.Min.Y; y < part.Max.Y; y++ {
		line := img.Pix[img.PixOffset(part.Min.X, y):]
		for x := range part.Dx() {
			v := (float64(line[4*x]) + float64(line[4*x+1]) + float64(line[4*x+2])) / 3
			sum += v
			squares += v * v
		}
	}
	n := float64(part.Dx() * part.Dy())
	return math.Sqrt(max(0, squares/n-sum/n*sum/n))
}

// tiles are the squares of a picture that lie side by side in a part of it, whose contrast is large enough.
func tiles(img *image.RGBA, part image.Rectangle, side int, atLeast float64) []image.Rectangle {
	var all []image.Rectangle
	for y := part.Min.Y; y+side <= part.Max.Y; y += side {
		for x := part.Min.X; x+side <= part.Max.X; x += side {
			if tile := image.Rect(x, y, x+side, y+side); contrast(img, tile) >= atLeast {
				all = append(all, tile)
			}
		}
	}
	return all
}
