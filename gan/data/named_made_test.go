package data

import (
	"context"
	"errors"
	"image"
	"image/color"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// A made dataset is there whole or not at all, and is made once.
func TestMadeSet(t *testing.T) {
	count, fails := 0, true
	failure := errors.New("the disk is full")
	s := madeSet{name: "made", layout: Pairs, version: "1", credit: "of nobody", make: func(_ context.Context, _ Options, put putPicture) error {
		count++
		for _, name := range []string{"train/a/1.png", "train/b/1.png", "test/a/2.png", "test/b/2.png"} {
			if err := put(name, onecoloured(4, 4, testColour(count))); err != nil {
				return err
			}
		}
		if fails {
			return failure
		}
		return nil
	}}
	o := Options{Cache: t.TempDir()}
	if _, err := s.find(t.Context(), o); !errors.Is(err, failure) || !strings.Contains(err.Error(), "making the pictures of made") {
		t.Fatal(err)
	}
	if left, _ := os.ReadDir(filepath.Join(o.Cache, "made")); len(left) > 0 {
		t.Errorf("%v is left", left)
	}
	fails = false
	for range 2 {
		f, err := s.find(t.Context(), o)
		if err != nil {
			t.Fatal(err)
		}
		if p := f.plan; p.layout != Pairs || len(p.splits) != 2 || len(p.splits[1].parts[0].rows) != 1 || !slices.Contains(p.notes, "of nobody") {
			t.Errorf("%+v", p)
		}
		if err := f.src.close(); err != nil {
			t.Error(err)
		}
	}
	if count != 2 {
		t.Errorf("made %d times", count)
	}
	o.Layout = Plain
	if _, err := s.find(t.Context(), o); err == nil || !strings.Contains(err.Error(), "made is of the layout pairs") {
		t.Error(err)
	}
}

// Lanczos's kernel keeps constants, and of a wave that is too short for the small picture it leaves almost nothing.
func TestShrink(t *testing.T) {
	img := image.NewRGBA(image.Rect(0, 0, 60, 60))
	for y := range 60 {
		for x := range 60 {
			fine := uint8(100 + 100*(x%2))
			img.SetRGBA(x, y, color.RGBA{R: 77, G: fine, B: 200, A: 255})
		}
	}
	small := shrink(img, 20, 20)
	for x := 3; x < 17; x++ {
		c := small.RGBAAt(x, 10)
		if c.R != 77 || c.B != 200 || math.Abs(float64(c.G)-150) > 6 {
			t.Errorf("column %d is %v", x, c)
		}
	}
}

func TestTiles(t *testing.T) {
	img := image.NewRGBA(image.Rect(0, 0, 10, 9))
	for i := range img.Pix {
		img.Pix[i] = 100
	}
	for y := 4; y < 8; y++ { // one tile of two halves, of a deviation of 30 in the mean of three channels
		img.SetRGBA(4, y, color.RGBA{R: 190, G: 190, B: 190, A: 255})
		img.SetRGBA(5, y, color.RGBA{R: 100, G: 100, B: 100, A: 255})
	}
	part := image.Rect(0, 0, 10, 9)
	// One column of four is 90 brighter: the deviation is 90*sqrt(3)/4.
	want := 90 * math.Sqrt(3) / 4
	if got := contrast(img, image.Rect(4, 4, 8, 8)); math.Abs(got-want) > 1e-9 {
		t.Errorf("contrast %v, want %v", got, want)
	}
	if got := tiles(img, part, 4, 38); !slices.Equal(got, []image.Rectangle{image.Rect(4, 4, 8, 8)}) {
		t.Errorf("tiles %v", got)
	}
	if got := tiles(img, part, 4, 0); len(got) != 4 {
		t.Errorf("%d tiles", len(got))
	}
}

// Chroma of half the size is weighed 3 to 1 along each axis, as libjpeg's "fancy upsampling" has it.
func TestSmooth(t *testing.T) {
	img := image.NewYCbCr(image.Rect(0, 0, 4, 4), image.YCbCrSubsampleRatio420)
	for i := range img.Y {
		img.Y[i] = 128
	}
	copy(img.Cb, []uint8{128, 128, 128, 128})
	copy(img.Cr, []uint8{100, 102, 180, 220})
	got := smooth(img)
	for _, c := range []struct {
		x, y int
		cr   uint8
	}{{0, 0, 100}, {1, 0, 100}, {2, 0, 102}, {3, 0, 102}, {0, 1, 120}, {1, 1, 123}, {2, 2, 183}, {3, 3, 220}} {
		r, g, b := color.YCbCrToRGB(128, 128, c.cr)
		if want := (color.RGBA{r, g, b, 255}); got.RGBAAt(c.x, c.y) != want {
			t.Errorf("pixel %d, %d is %v, want %v", c.x, c.y, got.RGBAAt(c.x, c.y), want)
		}
	}
}

// The lines of a square are one pixel wide, and go around it once.
func TestEdges(t *testing.T) {
	img := image.NewRGBA(image.Rect(0, 0, 16, 16))
	for y := range 16 {
		for x := range 16 {
			c := color.RGBA{255, 255, 255, 255}
			if x >= 4 && x < 12 && y >= 4 && y < 12 {
				c = color.RGBA{200, 30, 30, 255}
			}
			img.SetRGBA(x, y, c)
		}
	}
	lines := edges(img)
	for i := 6; i < 10; i++ {
		across, down := 0, 0
		for j := range 16 {
			across += int(255-lines.GrayAt(j, i).Y) / 255
			down += int(255-lines.GrayAt(i, j).Y) / 255
		}
		if across != 2 || down != 2 {
			t.Errorf("line %d meets %d and %d pixels", i, across, down)
		}
	}
}

func TestToneOf(t *testing.T) {
	for _, c := range []struct {
		codes  []rune
		tone   int
		figure string
		ok     bool
	}{
		{[]rune{0x1F44B}, 0, "1f44b", true},
		{[]rune{0x1F44B, 0x1F3FB}, 1, "1f44b", true},
		{[]rune{0x1F44B, 0x1F3FF}, 5, "1f44b", true},
		{[]rune{0x270C, 0xFE0F}, 0, "270c", true},
		{[]rune{0x1F3FB}, 1, "", false},
		{[]rune{0x1F469, 0x1F3FB, 0x200D, 0x1F468, 0x1F3FC}, 0, "", false},
	} {
		tone, figure, ok := toneOf(c.codes)
		if ok != c.ok || ok && (tone != c.tone || figure != c.figure) {
			t.Errorf("%x: %d %q %v", c.codes, tone, figure, ok)
		}
	}
}

// The sets that are made of published files, as far as they are in the cache.
func TestMadeOfPublished(t *testing.T) {
	for name, want := range map[string]struct{ train, test, fields int }{
		"maps": {791, 208, 2}, "satellite": {349, 87, 1}, "photos": {338, 131, 1}, "emoji-tones": {1542, 240, 1},
	} {
		t.Run(name, func(t *testing.T) {
			d := open(t, Options{Dataset: name, Cache: cached(t, name)})
			for split, count := range map[string]int{"train": want.train, "test": want.test} {
				s := d.Split(split)
				if s == nil || len(s.Fields) != want.fields || s.Fields[0].Count != count || !s.Paired() || s.Fields[0].Width != 64 || s.Fields[0].Channels != 3 {
					t.Fatalf("%s: %+v", split, s)
				}
			}
			if !slices.ContainsFunc(d.Notes, func(n string) bool {
				return strings.Contains(n, "icence") || strings.Contains(n, "License") || strings.Contains(n, "GPL")
			}) {
				t.Errorf("no licence in the notes %q", d.Notes)
			}
			if name != "emoji-tones" {
				return
			}
			// A figure is in one split, once in each tone.
			of := map[string]int{}
			for _, split := range d.Splits {
				for _, f := range split.Fields[0].Files {
					of[split.Name+"/"+filepath.Base(f)]++
				}
			}
			for figure, n := range of {
				if n != len(tones) || of["train/"+filepath.Base(figure)] > 0 && of["test/"+filepath.Base(figure)] > 0 {
					t.Errorf("%s is drawn %d times", figure, n)
				}
			}
		})
	}
}
