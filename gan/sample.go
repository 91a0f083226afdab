package gan

import (
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"io"
	"math"

	"gangpu/internal/atomicfile"
)

// Samples are images on the host.
type Samples struct {
	Count, Height, Width int
	Pixels               []float32 // [Count, Height, Width, 1], 0 (paper) to 1 (ink)
}

// Grid says how samples are laid out in one picture, row by row.
type Grid struct {
	Columns int // 0 for as many as make the grid square
	Gap     int // white pixels between images and around them
	Scale   int // each pixel becomes Scale x Scale; 0 means 1
}

// The largest picture that is drawn. Longer sides overflow the 16-bit coordinates of programs that would show it.
const (
	MaxPictureSide   = 1<<15 - 1
	MaxPicturePixels = 100_000_000
)

// PictureSizeError is a picture that would be too large.
type PictureSizeError struct{ Width, Height int64 } // pixels

func (e *PictureSizeError) Error() string {
	return fmt.Sprintf("the picture would have %d x %d pixels, where at most %d a side and %d in all are drawn",
		e.Width, e.Height, MaxPictureSide, MaxPicturePixels)
}

// withDefaults is the grid of so many samples.
func (g Grid) withDefaults(count int) Grid {
	if g.Columns == 0 {
		g.Columns = int(math.Ceil(math.Sqrt(float64(count))))
	}
	g.Scale = max(g.Scale, 1)
	return g
}

// Size is that in pixels of the picture of so many samples of height x width. Too large a one is a *PictureSizeError.
func (g Grid) Size(count, height, width int) (image.Point, error) {
	g = g.withDefaults(count)
	rows := (count + g.Columns - 1) / g.Columns
	side := func(cells, pixels int) int64 {
		return int64(cells)*(int64(pixels)*int64(g.Scale)+int64(g.Gap)) + int64(g.Gap)
	}
	w, h := side(g.Columns, width), side(rows, height)
	if w > MaxPictureSide || h > MaxPictureSide || w*h > MaxPicturePixels {
		return image.Point{}, &PictureSizeError{w, h}
	}
	return image.Pt(int(w), int(h)), nil
}

// Image draws all samples, dark on white as the tutorial does. Too large a picture is a *PictureSizeError.
func (s Samples) Image(g Grid) (*image.Gray, error) {
	if s.Count < 1 || s.Height < 1 || s.Width < 1 || len(s.Pixels) != s.Count*s.Height*s.Width {
		return nil, fmt.Errorf("%d samples of %dx%d have %d pixels", s.Count, s.Height, s.Width, len(s.Pixels))
	}
	if g.Columns < 0 || g.Gap < 0 || g.Scale < 0 {
		return nil, fmt.Errorf("a grid of %d columns, gap %d, scale %d", g.Columns, g.Gap, g.Scale)
	}
	pictureSize, err := g.Size(s.Count, s.Height, s.Width)
	if err != nil {
		return nil, err
	}
	g = g.withDefaults(s.Count)
	cellH, cellW := s.Height*g.Scale+g.Gap, s.Width*g.Scale+g.Gap
	picture := image.NewGray(image.Rectangle{Max: pictureSize})
	for i := range picture.Pix {
		picture.Pix[i] = 255
	}
	for i := range s.Count {
		top, left := g.Gap+i/g.Columns*cellH, g.Gap+i%g.Columns*cellW
		for y := range s.Height * g.Scale {
			for x := range s.Width * g.Scale {
				ink := s.Pixels[(i*s.Height+y/g.Scale)*s.Width+x/g.Scale]
				picture.SetGray(left+x, top+y, color.Gray{Y: darkness(ink)})
			}
		}
	}
	return picture, nil
}

// darkness turns ink into a grey value. What is not a number is drawn as paper.
func darkness(ink float32) uint8 {
	if !(ink > 0) {
		return 255
	}
	return 255 - uint8(math.Round(255*float64(min(ink, 1))))
}

// Sample is the i-th sample alone.
func (s Samples) Sample(i int) Samples {
	n := s.Height * s.Width
	return Samples{Count: 1, Height: s.Height, Width: s.Width, Pixels: s.Pixels[i*n : (i+1)*n]}
}

// SavePNG makes or replaces the file at path with a picture of all samples.
func (s Samples) SavePNG(path string, g Grid) error {
	picture, err := s.Image(g)
	if err != nil {
		return fmt.Errorf("drawing %s: %w", path, err)
	}
	return atomicfile.Write(path, func(w io.Writer) error { return png.Encode(w, picture) })
}

// SaveNPY makes or replaces the file at path with the samples' pixels: float32 [Count, Height,
// Width, 1] in NumPy's format.
func (s Samples) SaveNPY(path string) error {
	if len(s.Pixels) != s.Count*s.Height*s.Width {
		return fmt.Errorf("writing %s: %w", path, errors.New("pixels do not fit the samples' shape"))
	}
	return atomicfile.Write(path, func(w io.Writer) error {
		return writeNPY(w, []int{s.Count, s.Height, s.Width, 1}, s.Pixels)
	})
}
