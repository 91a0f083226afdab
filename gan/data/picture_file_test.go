package data

import (
	"errors"
	"image"
	"image/color"
	"image/png"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// A picture is read as it is, in its own size, with what is transparent in white; a folder's are found below it.
func TestReadPicture(t *testing.T) {
	dir := t.TempDir()
	img := image.NewNRGBA(image.Rect(0, 0, 3, 2))
	for i := range 6 {
		img.SetNRGBA(i%3, i/3, color.NRGBA{uint8(40 * i), uint8(10 * i), 200, 255})
	}
	img.SetNRGBA(1, 1, color.NRGBA{})
	if err := os.MkdirAll(filepath.Join(dir, "in"), 0o777); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "in", "x.png")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(png.Encode(f, img), f.Close()); err != nil {
		t.Fatal(err)
	}
	pixels, h, w, err := ReadPicture(path, 3)
	want := []uint8{0, 0, 200, 40, 10, 200, 80, 20, 200, 120, 30, 200, 255, 255, 255, 200, 50, 200}
	if err != nil || h != 2 || w != 3 || !slices.Equal(pixels, want) {
		t.Errorf("%d x %d: %v (%v)", w, h, pixels, err)
	}
	// Of another size it is the middle, scaled: of 3 x 2 pixels a column.
	if pixels, err := FitPicture(path, 2, 1, 3); err != nil || !slices.Equal(pixels, []uint8{40, 10, 200, 255, 255, 255}) {
		t.Errorf("the middle column is %v (%v)", pixels, err)
	}
	if err := os.WriteFile(filepath.Join(dir, "y.txt"), []byte("no picture"), 0o666); err != nil {
		t.Fatal(err)
	}
	if _, _, _, err := ReadPicture(filepath.Join(dir, "y.txt"), 3); err == nil {
		t.Error("a text is read as a picture")
	}
	if names, err := Pictures(t.Context(), dir); err != nil || !slices.Equal(names, []string{"in/x.png"}) {
		t.Errorf("the pictures are %v (%v)", names, err)
	}
}
