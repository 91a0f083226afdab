package gan

import (
	"image"
	"math"

	"gangpu/gan/picture"
)

// Samples are images on the host.
type Samples struct {
	Count, Height, Width int
	Pixels               []float32 // [Count, Height, Width, 1], 0 (paper) to 1 (ink)
}

// Picture is the samples as they are drawn: dark on white, as the tutorial does.
func (s Samples) Picture() picture.Pixels {
	p := picture.Pixels{Count: s.Count, Height: s.Height, Width: s.Width, Channels: 1, Values: make([]uint8, len(s.Pixels))}
	for i, ink := range s.Pixels {
		p.Values[i] = darkness(ink)
	}
	return p
}

// Image draws all samples. Too large a picture is a *picture.SizeError.
func (s Samples) Image(g picture.Grid) (*image.Gray, error) {
	drawn, err := g.Draw(s.Picture())
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
func (s Samples) SavePNG(path string, g picture.Grid) error { return g.SavePNG(path, s.Picture()) }

// SaveNPY makes or replaces the file at path with the samples' pixels: float32 [Count, Height,
// Width, 1] in NumPy's format.
func (s Samples) SaveNPY(path string) error {
	return picture.SaveNPY(path, []int{s.Count, s.Height, s.Width, 1}, s.Pixels)
}
