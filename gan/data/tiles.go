package data

import (
	"image"
	"image/color"
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
