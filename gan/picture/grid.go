// Package picture draws images of a batch as one picture: grids, grey or in colour.
package picture

import (
	"fmt"
	"image"
	"image/png"
	"io"
	"math"

	"gangpu/internal/atomicfile"
)

// Pixels are images of 8 bits a channel.
type Pixels struct {
	Count, Height, Width int
	Channels             int     // 1 for grey, 3 for red, green and blue
	Values               []uint8 // [Count, Height, Width, Channels]
}

// FromFloats are images [count, height, width, channels] of numbers from 0 to 1. What is not a number is drawn as 0.
func FromFloats(pixels []float32, height, width, channels int) Pixels {
	p := Pixels{Count: len(pixels) / (height * width * channels), Height: height, Width: width, Channels: channels, Values: make([]uint8, len(pixels))}
	for i, v := range pixels {
		if v > 0 {
			p.Values[i] = uint8(math.Round(float64(min(v, 1)) * 255))
		}
	}
	return p
}

// Grid says how images are laid out in one picture, row by row.
type Grid struct {
	Columns int // 0 for as many as make the grid square
	Gap     int // white pixels between images and around them
	Scale   int // each pixel becomes Scale x Scale; 0 means 1
}

// The largest picture that is drawn. Longer sides overflow the 16-bit coordinates of programs that would show it.
const (
	MaxSide   = 1<<15 - 1
	MaxPixels = 100_000_000
)

// SizeError is a picture that would be too large.
type SizeError struct{ Width, Height int64 } // pixels

func (e *SizeError) Error() string {
	return fmt.Sprintf("the picture would have %d x %d pixels, where at most %d a side and %d in all are drawn",
		e.Width, e.Height, MaxSide, MaxPixels)
}

// withDefaults is the grid of so many images.
func (g Grid) withDefaults(count int) Grid {
	if g.Columns == 0 {
		g.Columns = int(math.Ceil(math.Sqrt(float64(count))))
	}
	g.Scale = max(g.Scale, 1)
	return g
}

// Size is that in pixels of the picture of so many images of height x width. Too large a one is a *SizeError.
func (g Grid) Size(count, height, width int) (image.Point, error) {
	g = g.withDefaults(count)
	rows := (count + g.Columns - 1) / g.Columns
	side := func(cells, pixels int) int64 {
		return int64(cells)*(int64(pixels)*int64(g.Scale)+int64(g.Gap)) + int64(g.Gap)
	}
	w, h := side(g.Columns, width), side(rows, height)
	if w > MaxSide || h > MaxSide || w*h > MaxPixels {
		return image.Point{}, &SizeError{w, h}
	}
	return image.Pt(int(w), int(h)), nil
}

// Draw draws all images on white: an *image.Gray of grey ones, else an *image.RGBA. Too large a picture is a
// *SizeError.
func (g Grid) Draw(p Pixels) (image.Image, error) {
	if p.Count < 1 || p.Height < 1 || p.Width < 1 || p.Channels != 1 && p.Channels != 3 ||
		len(p.Values) != p.Count*p.Height*p.Width*p.Channels {
		return nil, fmt.Errorf("%d images of %dx%d with %d channels have %d values", p.Count, p.Height, p.Width, p.Channels, len(p.Values))
	}
	if g.Columns < 0 || g.Gap < 0 || g.Scale < 0 {
		return nil, fmt.Errorf("a grid of %d columns, gap %d, scale %d", g.Columns, g.Gap, g.Scale)
	}
	size, err := g.Size(p.Count, p.Height, p.Width)
	if err != nil {
		return nil, err
	}
	g = g.withDefaults(p.Count)
	var picture image.Image
	var values []uint8
	var stride int
	if p.Channels == 1 {
		grey := image.NewGray(image.Rectangle{Max: size})
		picture, values, stride = grey, grey.Pix, 1
	} else {
		colour := image.NewRGBA(image.Rectangle{Max: size})
		picture, values, stride = colour, colour.Pix, 4
	}
	for i := range values {
		values[i] = 255
	}
	cellH, cellW := p.Height*g.Scale+g.Gap, p.Width*g.Scale+g.Gap
	for i := range p.Count {
		top, left := g.Gap+i/g.Columns*cellH, g.Gap+i%g.Columns*cellW
		for y := range p.Height * g.Scale {
			for x := range p.Width * g.Scale {
				from := ((i*p.Height+y/g.Scale)*p.Width + x/g.Scale) * p.Channels
				copy(values[((top+y)*size.X+left+x)*stride:], p.Values[from:from+p.Channels])
			}
		}
	}
	return picture, nil
}

// SavePNG makes or replaces the file at path with a picture of all images.
func (g Grid) SavePNG(path string, p Pixels) error {
	picture, err := g.Draw(p)
	if err != nil {
		return fmt.Errorf("drawing %s: %w", path, err)
	}
	return atomicfile.Write(path, func(w io.Writer) error { return png.Encode(w, picture) })
}

// Fit is the grid, enlarging less where the picture of so many images of height x width would be too large.
func (g Grid) Fit(count, height, width int) Grid {
	for g.Scale > 1 {
		if _, err := g.Size(count, height, width); err == nil {
			break
		}
		g.Scale--
	}
	return g
}
