package data

import (
	"context"
	"fmt"
	"image/color"
	"os"
)

// ReadPicture reads a picture file, in any format that datasets may have, upright and of its own size: [height, width,
// channels]. Channels are 1 or 3. What is transparent shows white.
func ReadPicture(path string, channels int) (pixels []uint8, height, width int, err error) {
	content, err := os.ReadFile(path)
	if err != nil {
		return nil, 0, 0, err
	}
	img, h, err := decode(content)
	if err != nil {
		return nil, 0, 0, fmt.Errorf("%s %w", path, err)
	}
	f := form{Width: h.size.X, Height: h.size.Y, Channels: channels, Fit: Crop, Background: color.NRGBA{R: 255, G: 255, B: 255, A: 255}}
	pixels = make([]uint8, f.bytes())
	if err := render(img, img.Bounds(), h.orientation, f, pixels); err != nil {
		return nil, 0, 0, fmt.Errorf("%s: %w", path, err)
	}
	return pixels, f.Height, f.Width, nil
}

// Pictures are the names of all picture files below a folder, relative to it, in their order.
func Pictures(ctx context.Context, folder string) ([]string, error) {
	src, err := openSource(folder)
	if err != nil {
		return nil, err
	}
	defer src.close()
	l, err := src.list(ctx)
	if err != nil {
		return nil, fmt.Errorf("listing %s: %w", folder, err)
	}
	return l.pictures(), nil
}
