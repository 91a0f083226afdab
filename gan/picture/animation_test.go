package picture

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
)

func TestAnimation(t *testing.T) {
	p := Pixels{Count: 3, Height: 2, Width: 3, Channels: 1, Values: make([]uint8, 18)}
	p.Values[6], p.Values[17] = 255, 128
	pictures, err := (Grid{Scale: 2}).Each(p)
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
				want := int(pictures[i].(*image.Gray).GrayAt(x, y).Y)
				if r, _, _, _ := p.At(x, y).RGBA(); max(int(r>>8)-want, want-int(r>>8)) > 2 { // of 64 greys
					t.Errorf("picture %d, pixel (%d, %d) is %d, want %d", i, x, y, r>>8, want)
				}
			}
		}
	}

	if err := (Animation{}).SaveGIF(path); err == nil || !strings.Contains(err.Error(), path) {
		t.Errorf("no pictures: %v", err)
	}
	mixed := Animation{Pictures: []image.Image{pictures[0], image.NewGray(image.Rect(0, 0, 1, 1))}}
	if err := mixed.SaveGIF(path); err == nil || !strings.Contains(err.Error(), "picture 1 is of (1,1)") {
		t.Errorf("pictures of two sizes: %v", err)
	}
}

// Colours come out near to what they are.
func TestAnimationInColour(t *testing.T) {
	p := Pixels{Count: 2, Height: 8, Width: 8, Channels: 3, Values: make([]uint8, 2*8*8*3)}
	for i := range 64 {
		p.Values[3*i], p.Values[192+3*i+2] = 200, 200 // red, then blue
	}
	pictures, err := (Grid{}).Each(p)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "a.gif")
	if err := (Animation{Pictures: pictures, Delay: time.Second}).SaveGIF(path); err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	g, err := gif.DecodeAll(f)
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range [][3]uint32{{200, 0, 0}, {0, 0, 200}} {
		var mean [3]uint32
		for at := range 64 {
			r, gr, b, _ := g.Image[i].At(at%8, at/8).RGBA()
			for c, v := range []uint32{r, gr, b} {
				mean[c] += v >> 8
			}
		}
		for c := range mean {
			if d := int(mean[c]/64) - int(want[c]); d < -12 || d > 12 {
				t.Errorf("picture %d has the mean colour %v of 64, want %v", i, mean, want)
			}
		}
	}
}
