package gan

import (
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/gif"
	"io"
	"time"

	"gangpu/gan/picture"
	"gangpu/internal/atomicfile"
)

// Animation is pictures of one size, shown one after another, for ever.
type Animation struct {
	Pictures []*image.Gray
	Delay    time.Duration // of each picture, in hundredths of a second
	Rest     time.Duration // that the last is shown longer
}

// greys of an animation, which a third of its size hangs on: digits look the same with more.
const greys = 64

// SaveGIF makes or replaces the file at path.
func (a Animation) SaveGIF(path string) error {
	if len(a.Pictures) == 0 {
		return fmt.Errorf("drawing %s: %w", path, errors.New("an animation without pictures"))
	}
	palette := make(color.Palette, greys)
	for i := range palette {
		palette[i] = color.Gray{Y: uint8(i * 255 / (greys - 1))}
	}
	const hundredth = 10 * time.Millisecond
	var g gif.GIF
	for i, p := range a.Pictures {
		if p.Rect != a.Pictures[0].Rect {
			return fmt.Errorf("drawing %s: picture %d is of %v, the first of %v", path, i, p.Rect.Size(), a.Pictures[0].Rect.Size())
		}
		frame := image.NewPaletted(p.Rect, palette)
		for j, grey := range p.Pix {
			frame.Pix[j] = uint8((int(grey)*(greys-1) + 127) / 255)
		}
		g.Image = append(g.Image, frame)
		g.Delay = append(g.Delay, int(a.Delay/hundredth))
	}
	g.Delay[len(g.Delay)-1] += int(a.Rest / hundredth)
	return atomicfile.Write(path, func(w io.Writer) error { return gif.EncodeAll(w, &g) })
}

// Pictures are those of each sample alone.
func (s Samples) Pictures(g picture.Grid) ([]*image.Gray, error) {
	pictures := make([]*image.Gray, s.Count)
	for i := range pictures {
		var err error
		if pictures[i], err = s.Sample(i).Image(g); err != nil {
			return nil, err
		}
	}
	return pictures, nil
}
