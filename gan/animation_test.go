package gan

import (
	"bytes"
	"image"
	"image/gif"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"gangpu/gan/picture"
)

func TestAnimation(t *testing.T) {
	s := Samples{Count: 3, Height: 2, Width: 3, Pixels: make([]float32, 18)}
	s.Pixels[6], s.Pixels[17] = 1, 0.5
	pictures, err := s.Pictures(picture.Grid{Scale: 2})
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "a.gif")
	if err := (Animation{Pictures: pictures, Delay: 150 * time.Millisecond, Rest: time.Second}).SaveGIF(path); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	g, err := gif.DecodeAll(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	if len(g.Image) != 3 || !slices.Equal(g.Delay, []int{15, 15, 115}) || g.LoopCount != 0 {
		t.Fatalf("%d pictures, delays %v, loop count %d", len(g.Image), g.Delay, g.LoopCount)
	}
	for i, p := range g.Image {
		if p.Rect != image.Rect(0, 0, 6, 4) {
			t.Errorf("picture %d is of %v", i, p.Rect)
		}
		for y := range 4 {
			for x := range 6 {
				want := int(pictures[i].GrayAt(x, y).Y)
				if r, _, _, _ := p.At(x, y).RGBA(); max(int(r>>8)-want, want-int(r>>8)) > 2 { // of 64 greys
					t.Errorf("picture %d, pixel (%d, %d) is %d, want %d", i, x, y, r>>8, want)
				}
			}
		}
	}

	if err := (Animation{}).SaveGIF(path); err == nil || !strings.Contains(err.Error(), path) {
		t.Errorf("no pictures: %v", err)
	}
	mixed := Animation{Pictures: []*image.Gray{pictures[0], image.NewGray(image.Rect(0, 0, 1, 1))}}
	if err := mixed.SaveGIF(path); err == nil || !strings.Contains(err.Error(), "picture 1 is of (1,1)") {
		t.Errorf("pictures of two sizes: %v", err)
	}
}
