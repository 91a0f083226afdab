package gan

import (
	"errors"
	"fmt"
	"image"
	"image/png"
	"io"
	"math"

	"gangpu/gan/picture"
	"gangpu/internal/atomicfile"
)

// Samples are images on the host.
type Samples struct {
	Count, Height, Width int
	Pixels               []float32 // [Count, Height, Width, 1], 0 (paper) to 1 (ink)
}

// Image draws all samples, dark on white as the tutorial does. Too large a picture is a *picture.SizeError.
func (s Samples) Image(g picture.Grid) (*image.Gray, error) {
	values := make([]uint8, len(s.Pixels))
	for i, ink := range s.Pixels {
		values[i] = darkness(ink)
	}
	drawn, err := g.Draw(picture.Pixels{Count: s.Count, Height: s.Height, Width: s.Width, Channels: 1, Values: values})
	if err != nil {
		return nil, err
	}
	return drawn.(*image.Gray), nil
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
func (s Samples) SavePNG(path string, g picture.Grid) error {
	drawn, err := s.Image(g)
	if err != nil {
		return fmt.Errorf("drawing %s: %w", path, err)
	}
	return atomicfile.Write(path, func(w io.Writer) error { return png.Encode(w, drawn) })
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
