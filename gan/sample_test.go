package gan

import (
	"bytes"
	"encoding/binary"
	"image"
	"image/png"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"gangpu/gan/picture"
)

func TestGridImage(t *testing.T) {
	// Three samples of 1x2 in two columns: the fourth place stays paper.
	s := Samples{Count: 3, Height: 1, Width: 2, Pixels: []float32{0, 1, 0.5, 2, float32(math.NaN()), -1}}
	path := filepath.Join(t.TempDir(), "grid.png")
	if err := s.SavePNG(path, picture.Grid{Gap: 1, Scale: 2}); err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	decoded, err := png.Decode(f)
	if err != nil {
		t.Fatal(err)
	}
	picture, ok := decoded.(*image.Gray)
	if !ok {
		t.Fatalf("the PNG is a %T", decoded)
	}
	// A row of pixels by the grey of each column; # is ink, + is half, . is paper.
	want := []string{
		"...........",
		"...##.++##.",
		"...##.++##.",
		"...........",
		"...........",
		"...........",
		"...........",
	}
	if got := picture.Bounds(); got != image.Rect(0, 0, 11, 7) {
		t.Fatalf("the picture is %v", got)
	}
	for y, row := range want {
		for x, c := range row {
			grey := map[rune]uint8{'.': 255, '+': 127, '#': 0}[c]
			if got := picture.GrayAt(x, y).Y; got != grey {
				t.Errorf("pixel (%d, %d) is %d, want %d", x, y, got, grey)
			}
		}
	}
}

func TestGridErrors(t *testing.T) {
	good := Samples{Count: 1, Height: 2, Width: 2, Pixels: make([]float32, 4)}
	short := good
	short.Pixels = short.Pixels[:3]
	if _, err := (Samples{}).Image(picture.Grid{}); err == nil {
		t.Error("drew no samples")
	}
	if _, err := short.Image(picture.Grid{}); err == nil {
		t.Error("drew samples that lack a pixel")
	}
	if _, err := good.Image(picture.Grid{Columns: -1}); err == nil {
		t.Error("drew -1 columns")
	}
	path := filepath.Join(t.TempDir(), "none", "a.png")
	if err := good.SavePNG(path, picture.Grid{}); err == nil || !strings.Contains(err.Error(), path) {
		t.Errorf("saving to no folder: %v", err)
	}
	if err := short.SaveNPY(path); err == nil {
		t.Error("saved samples that lack a pixel")
	}
}

// The bytes are those that numpy.save writes of the same array.
func TestNPY(t *testing.T) {
	s := Samples{Count: 2, Height: 1, Width: 2, Pixels: []float32{0, 0.25, 0.5, 1}}
	path := filepath.Join(t.TempDir(), "a.npy")
	if err := s.SaveNPY(path); err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	dict := "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 1, 2, 1), }"
	want := append([]byte("\x93NUMPY\x01\x00\x76\x00"), dict+strings.Repeat(" ", 128-10-len(dict)-1)+"\n"...)
	for _, v := range s.Pixels {
		want = binary.LittleEndian.AppendUint32(want, math.Float32bits(v))
	}
	if !bytes.Equal(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}
