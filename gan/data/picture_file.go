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
	return readPicture(path, form{Channels: channels})
}

// FitPicture is [ReadPicture] of a size: the middle of the picture, as large as the sides' proportion lets it be, is scaled.
func FitPicture(path string, height, width, channels int) ([]uint8, error) {
	pixels, _, _, err := readPicture(path, form{Height: height, Width: width, Channels: channels})
	return pixels, err
}

// readPicture reads a picture file in a form, whose size is the picture's where it has none.
func readPicture(path string, f form) (pixels []uint8, height, width int, err error) {
	content, err := os.ReadFile(path)
	if err != nil {
		return nil, 0, 0, err
	}
	img, h, err := decode(content)
	if err != nil {
		return nil, 0, 0, fmt.Errorf("%s %w", path, err)
	}
	if f.Width == 0 {
		f.Width, f.Height = h.size.X, h.size.Y
	}
	f.Fit, f.Background = Crop, color.NRGBA{R: 255, G: 255, B: 255, A: 255}
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
