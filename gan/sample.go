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

// Image draws all samples, dark on white as the tutorial does.
func (s Samples) Image(g Grid) (*image.Gray, error) {
	if g.Columns == 0 {
		g.Columns = int(math.Ceil(math.Sqrt(float64(s.Count))))
	}
	if g.Scale == 0 {
		g.Scale = 1
	}
	if s.Count < 1 || s.Height < 1 || s.Width < 1 || len(s.Pixels) != s.Count*s.Height*s.Width {
		return nil, fmt.Errorf("%d samples of %dx%d have %d pixels", s.Count, s.Height, s.Width, len(s.Pixels))
	}
	if g.Columns < 1 || g.Gap < 0 || g.Scale < 1 {
		return nil, fmt.Errorf("a grid of %d columns, gap %d, scale %d", g.Columns, g.Gap, g.Scale)
	}
	rows := (s.Count + g.Columns - 1) / g.Columns
	cellH, cellW := s.Height*g.Scale+g.Gap, s.Width*g.Scale+g.Gap
	picture := image.NewGray(image.Rect(0, 0, g.Columns*cellW+g.Gap, rows*cellH+g.Gap))
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
