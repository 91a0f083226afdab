package picture

import (
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/color/palette"
	"image/draw"
	"image/gif"
	"io"
	"time"

	"gangpu/internal/atomicfile"
)

// Animation is pictures of one size, shown one after another, for ever.
type Animation struct {
	Pictures []image.Image
	Delay    time.Duration // of each picture, in hundredths of a second
	Rest     time.Duration // that the last is shown longer
}

// greys of an animation, which a third of its size hangs on: digits look the same with more.
const greys = 64

// SaveGIF makes or replaces the file at path. Pictures that are *image.Gray have 64 greys; others the 256 colours of Plan
// 9's palette, with Floyd and Steinberg's dithering.
func (a Animation) SaveGIF(path string) error {
	if len(a.Pictures) == 0 {
		return fmt.Errorf("drawing %s: %w", path, errors.New("an animation without pictures"))
	}
	grey := make(color.Palette, greys)
	for i := range grey {
		grey[i] = color.Gray{Y: uint8(i * 255 / (greys - 1))}
	}
	const hundredth = 10 * time.Millisecond
	var g gif.GIF
	first := a.Pictures[0].Bounds()
	for i, p := range a.Pictures {
		size := p.Bounds()
		if size != first {
			return fmt.Errorf("drawing %s: picture %d is of %v, the first of %v", path, i, size.Size(), first.Size())
		}
		var frame *image.Paletted
		if shades, ok := p.(*image.Gray); ok {
			frame = image.NewPaletted(size, grey)
			for j, v := range shades.Pix {
				frame.Pix[j] = uint8((int(v)*(greys-1) + 127) / 255)
			}
		} else {
			frame = image.NewPaletted(size, palette.Plan9)
			draw.FloydSteinberg.Draw(frame, size, p, size.Min)
		}
		g.Image = append(g.Image, frame)
		g.Delay = append(g.Delay, int(a.Delay/hundredth))
	}
	g.Delay[len(g.Delay)-1] += int(a.Rest / hundredth)
	return atomicfile.Write(path, func(w io.Writer) error { return gif.EncodeAll(w, &g) })
}

// Each draws each image alone.
func (g Grid) Each(p Pixels) ([]image.Image, error) {
	all := make([]image.Image, p.Count)
	for i := range all {
		var err error
		if all[i], err = g.Draw(p.Image(i)); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// Image is the i-th image alone.
func (p Pixels) Image(i int) Pixels {
	n := p.Height * p.Width * p.Channels
	p.Count, p.Values = 1, p.Values[i*n:][:n]
	return p
}
