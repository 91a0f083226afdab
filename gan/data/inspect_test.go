package data

import (
	"bytes"
	"image"
	"image/color"
	"os"
	"slices"
	"strings"
	"testing"
)

func TestInspect(t *testing.T) {
	turned, err := os.ReadFile("testdata/orientation-6.jpg")
	if err != nil {
		t.Fatal(err)
	}
	clear, err := os.ReadFile("testdata/clear-right.webp")
	if err != nil {
		t.Fatal(err)
	}
	files := map[string][]byte{
		"train/cat/1.png": numbered(t, 1), "train/cat/2.jpg": turned, "train/dog/1.png": pngOf(t, image.NewGray16(image.Rect(0, 0, 3, 50))),
		"train/dog/2.png": numbered(t, 2), "test/dog/3.webp": clear, "test/dog/4.png": nil,
	}
	cache := t.TempDir()
	r, err := Inspect(t.Context(), Options{Folder: folder(t, files), Cache: cache, AtLeast: 10})
	if err != nil {
		t.Fatal(err)
	}
	if r.Layout != Classes || r.Files != 5 || r.Grey != 1 || r.Alpha != 1 || r.Deep != 1 || r.Turned != 1 || r.Sizes != 3 ||
		r.Smallest != image.Pt(4, 4) || r.Largest != image.Pt(24, 16) || r.Formats["png"] != 3 || r.Formats["jpeg"] != 1 || r.Formats["webp"] != 1 {
		t.Errorf("%+v", r)
	}
	if len(r.Splits) != 2 || !slices.Equal(r.Splits[0].Class, []int{2, 2}) || !slices.Equal(r.Splits[1].Class, []int{0, 1}) || r.Splits[1].Counts[0] != 1 {
		t.Errorf("%+v", r.Splits)
	}
	if len(r.Problems) != 2 || r.Problems[0].String() != "test/dog/4.png is empty" || !strings.Contains(r.Problems[1].Text, "has 4 pictures to train on: 10 are needed") {
		t.Errorf("%v", r.Problems)
	}
	if n, err := Cached(cache); err != nil || n != 0 {
		t.Errorf("%d bytes are in the cache: %v", n, err)
	}
	wide := pngOf(t, onecoloured(8, 4, color.White))
	if r, err = Inspect(t.Context(), Options{Folder: folder(t, map[string][]byte{"a.png": wide, "b.png": wide}), Cache: cache}); err != nil {
		t.Fatal(err)
	}
	if len(r.Notes) != 1 || !strings.Contains(r.Notes[0], "ask for the layout side-by-side") {
		t.Errorf("notes %q", r.Notes)
	}
	if r, err = Inspect(t.Context(), Options{Folder: folder(t, nil), Cache: cache}); err != nil || len(r.Problems) != 1 {
		t.Errorf("an empty folder: %+v, %v", r, err)
	}
}

func TestPreview(t *testing.T) {
	files := map[string][]byte{}
	for i := range 7 {
		files["A/"+string(rune('0'+i))+".png"] = numbered(t, i)
		files["B/"+string(rune('0'+i))+".png"] = numbered(t, 10+i)
	}
	files["A/2.png"] = []byte("hello") // is left out
	o := Options{Folder: folder(t, files), Cache: t.TempDir()}
	p, columns, err := Preview(t.Context(), o, 5)
	if err != nil {
		t.Fatal(err)
	}
	if p.Count != 8 || columns != 4 || p.Height != 4 || p.Width != 4 || p.Channels != 3 {
		t.Fatalf("%d pictures of %d x %d in %d columns", p.Count, p.Height, p.Width, columns)
	}
	for i, n := range []int{0, 10, 1, 11, 4, 14, 5, 15} { // rows 0, 1, 2, 4, 5 of 7
		c := testColour(n)
		if got := p.Values[i*48:][:3]; !bytes.Equal(got, []uint8{c.R, c.G, c.B}) {
			t.Errorf("picture %d is %v, want that of %d, %v", i, got, n, c)
		}
	}
	o.Width, o.Height = 9, 5
	if p, _, err = Preview(t.Context(), o, 100); err != nil || p.Count != 12 || p.Width != 9 || p.Height != 5 {
		t.Errorf("%d pictures of %d x %d: %v", p.Count, p.Width, p.Height, err)
	}
	o.Folder = folder(t, map[string][]byte{"a.png": nil})
	if _, _, err = Preview(t.Context(), o, 5); err == nil {
		t.Error("a picture of nothing")
	}
}
