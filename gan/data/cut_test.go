package data

import (
	"image"
	"image/color"
	"image/draw"
	"os"
	"strings"
	"testing"
)

// chequered is a picture of fields of width x height pixels in testColour(first), testColour(first+1), line by line, with a
// border to the right and below that no tile reaches.
func chequered(columns, lines, width, height, first int) image.Image {
	img := image.NewNRGBA(image.Rect(0, 0, columns*width+width-1, lines*height+height-1))
	draw.Draw(img, img.Bounds(), image.NewUniform(color.NRGBA{A: 255}), image.Point{}, draw.Src)
	for i := range columns * lines {
		at := image.Pt(i%columns*width, i/columns*height)
		draw.Draw(img, image.Rectangle{Min: at, Max: at.Add(image.Pt(width, height))}, image.NewUniform(testColour(first+i)), image.Point{}, draw.Src)
	}
	return img
}

// Large pictures of any sizes become as many tiles as lie in them, each of one place, upright.
func TestCutsTiles(t *testing.T) {
	dir := folder(t, map[string][]byte{
		"train/a.png": pngOf(t, chequered(3, 2, 6, 4, 0)),
		"train/b.png": pngOf(t, chequered(1, 1, 6, 4, 6)),
		"test/c.png":  pngOf(t, chequered(1, 2, 6, 4, 20)),
	})
	o := Options{Folder: dir, Width: 6, Height: 4, Fit: Tiles, Cache: t.TempDir()}
	for range 2 { // the second time from the cache
		d := open(t, o)
		train, test := d.Split("train").Field("image"), d.Split("test").Field("image")
		if train.Count != 7 || test.Count != 2 || train.Files[5] != "train/a.png" || train.Files[6] != "train/b.png" {
			t.Fatalf("%d tiles to train on of %v, %d to test by", train.Count, train.Files, test.Count)
		}
		picture := make([]uint8, train.Size())
		for i := range train.Count {
			if err := train.Read(i, picture); err != nil {
				t.Fatal(err)
			}
			want := testColour(i)
			for k := 0; k < len(picture); k += 3 {
				if picture[k] != want.R || picture[k+1] != want.G || picture[k+2] != want.B {
					t.Fatalf("tile %d has %v at pixel %d, want %v alone", i, picture[k:k+3], k/3, want)
				}
			}
		}
		if got := pixel(t, test, 1); got != testColour(21) {
			t.Errorf("the last tile to test by is %v", got)
		}
	}
	// Tiles of a picture that EXIF turns are parts of the upright one.
	content, err := os.ReadFile("testdata/orientation-6.jpg")
	if err != nil {
		t.Fatal(err)
	}
	dir = folder(t, map[string][]byte{"a.jpg": content})
	whole := open(t, Options{Folder: dir}).Split("train").Fields[0]
	width, height := whole.Width/2, whole.Height/4
	cut := open(t, Options{Folder: dir, Width: width, Height: height, Fit: Tiles}).Split("train").Fields[0]
	upright, tile := make([]uint8, whole.Size()), make([]uint8, cut.Size())
	if err := whole.Read(0, upright); err != nil || cut.Count != 8 {
		t.Fatalf("%d tiles of a turned picture, want 8: %v", cut.Count, err)
	}
	parts := map[string]bool{}
	for i := range 8 {
		var part []uint8
		for y := range height {
			part = append(part, upright[((i/2*height+y)*whole.Width+i%2*width)*whole.Channels:][:width*whole.Channels]...)
		}
		parts[string(part)] = false
	}
	for i := range 8 {
		if err := cut.Read(i, tile); err != nil {
			t.Fatal(err)
		}
		if _, ok := parts[string(tile)]; !ok {
			t.Errorf("tile %d is no part of the upright picture", i)
		}
		parts[string(tile)] = true
	}
	for _, seen := range parts {
		if !seen {
			t.Error("a part of the upright picture is no tile")
		}
	}
	// Both pictures of a pair are cut alike, side by side too.
	pair := image.NewNRGBA(image.Rect(0, 0, 22, 9))
	draw.Draw(pair, image.Rect(0, 0, 11, 9), chequered(2, 2, 4, 4, 1), image.Point{}, draw.Src)
	draw.Draw(pair, image.Rect(11, 0, 22, 9), chequered(2, 2, 4, 4, 11), image.Point{}, draw.Src)
	s := open(t, Options{Folder: folder(t, map[string][]byte{"x.png": pngOf(t, pair)}), Layout: SideBySide, Width: 4, Height: 4, Fit: Tiles}).Split("train")
	for i := range 4 {
		if a, b := pixel(t, s.Field("a"), i), pixel(t, s.Field("b"), i); a != testColour(1+i) || b != testColour(11+i) {
			t.Errorf("tile %d of a pair is %v and %v", i, a, b)
		}
	}
}

func TestCutsTilesProblems(t *testing.T) {
	dir := folder(t, map[string][]byte{"a.png": pngOf(t, chequered(1, 1, 8, 8, 0)), "small.png": numbered(t, 1), "empty.png": nil})
	o := Options{Folder: dir, Width: 8, Height: 8, Fit: Tiles}
	text := problems(t, o).Error()
	for _, want := range []string{"small.png has 4 x 4 pixels, less than a tile of 8 x 8", "empty.png is empty"} {
		if !strings.Contains(text, want) {
			t.Errorf("problems %q, want one with %q", text, want)
		}
	}
	o.SkipBad = true
	if d := open(t, o); d.Split("train").Fields[0].Count != 1 || len(d.Skipped) != 2 {
		t.Errorf("%d tiles, and %v skipped", d.Split("train").Fields[0].Count, d.Skipped)
	}
	pairs := folder(t, map[string][]byte{"A/1.png": pngOf(t, chequered(2, 1, 4, 4, 0)), "B/1.png": pngOf(t, chequered(1, 2, 4, 4, 0))})
	if text := problems(t, Options{Folder: pairs, Width: 4, Height: 4, Fit: Tiles}).Error(); !strings.Contains(text, "tiles of a pair have to show one place") {
		t.Errorf("problems %q", text)
	}
	if _, err := Open(t.Context(), Options{Folder: dir, Fit: Tiles, Cache: t.TempDir()}); err == nil || !strings.Contains(err.Error(), "their width and height have to be said") {
		t.Errorf("error is %v", err)
	}
}
