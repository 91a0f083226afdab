package picture

import (
	"errors"
	"image"
	"image/color"
	"image/png"
	"os"
	"path/filepath"
	"testing"
)

// Two images of 1x2, one above the other: red and green, blue and nearly black.
func TestColour(t *testing.T) {
	p := Pixels{Count: 2, Height: 1, Width: 2, Channels: 3, Values: []uint8{255, 0, 0, 0, 255, 0, 0, 0, 255, 9, 8, 7}}
	path := filepath.Join(t.TempDir(), "grid.png")
	if err := (Grid{Columns: 1, Gap: 1, Scale: 2}).SavePNG(path, p); err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	picture, err := png.Decode(f)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{ // a row of pixels by their colours
		"......",
		".rrgg.",
		".rrgg.",
		"......",
		".bbxx.",
		".bbxx.",
		"......",
	}
	if got := picture.Bounds(); got != image.Rect(0, 0, 6, 7) {
		t.Fatalf("the picture is %v", got)
	}
	colours := map[rune]color.RGBA{'.': {255, 255, 255, 255}, 'r': {255, 0, 0, 255}, 'g': {0, 255, 0, 255}, 'b': {0, 0, 255, 255}, 'x': {9, 8, 7, 255}}
	for y, row := range want {
		for x, c := range row {
			if got := color.RGBAModel.Convert(picture.At(x, y)); got != colours[c] {
				t.Errorf("pixel (%d, %d) is %v, want %v", x, y, got, colours[c])
			}
		}
	}
}

func TestDrawErrors(t *testing.T) {
	for name, p := range map[string]Pixels{
		"nothing":             {},
		"a value less":        {1, 2, 2, 3, make([]uint8, 11)},
		"two channels":        {1, 2, 2, 2, make([]uint8, 8)},
		"too large a picture": {40000, 1, 1, 1, make([]uint8, 40000)},
	} {
		if _, err := (Grid{Columns: 40000}).Draw(p); err == nil {
			t.Errorf("drew %s", name)
		}
	}
}

func TestGridSize(t *testing.T) {
	for _, c := range []struct {
		grid                 Grid
		count, height, width int
		want                 image.Point
		large                *SizeError
	}{
		{Grid{}, 1, 28, 14, image.Pt(14, 28), nil},
		{Grid{Gap: 4, Scale: 3}, 25, 28, 28, image.Pt(444, 444), nil},
		{Grid{Gap: 4, Scale: 3}, 10000, 28, 28, image.Pt(8804, 8804), nil},
		{Grid{Gap: 4, Scale: 3}, 3600, 96, 95, image.Point{}, &SizeError{17344, 17524}},
		{Grid{Gap: 4, Scale: 3, Columns: 5000}, 10000, 28, 28, image.Point{}, &SizeError{440004, 180}},
		{Grid{Scale: 8}, 1 << 30, 4096, 4096, image.Point{}, &SizeError{1 << 30, 1 << 30}},
	} {
		got, err := c.grid.Size(c.count, c.height, c.width)
		var large *SizeError
		if errors.As(err, &large) != (c.large != nil) || large != nil && *large != *c.large || got != c.want {
			t.Errorf("%+v of %d of %dx%d: %v, %v", c.grid, c.count, c.height, c.width, got, err)
		}
	}
}

// Where images are large, a grid of them is enlarged less, down to their own size.
func TestFit(t *testing.T) {
	for side, want := range map[int]int{28: 3, 1000: 3, 1200: 2, 2000: 1, 100_000: 1} {
		if got := (Grid{Gap: 4, Scale: 3}).Fit(9, side, side); got != (Grid{Gap: 4, Scale: want}) {
			t.Errorf("9 images of %d pixels a side: %+v, want scale %d", side, got, want)
		}
	}
}
