package data

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/gif"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/image/bmp"
	"golang.org/x/image/tiff"
)

// quarters is the picture that testdata/make.py draws.
var quarters = [4]color.NRGBA{{220, 30, 20, 255}, {20, 180, 40, 255}, {30, 40, 200, 255}, {60, 60, 60, 255}}

// made decodes a file and makes its picture to a form.
func made(t *testing.T, content []byte, f form) ([]uint8, header) {
	t.Helper()
	img, h, err := decode(content)
	if err != nil {
		t.Fatal(err)
	}
	pixels := make([]uint8, f.bytes())
	if err := render(img, img.Bounds(), h.orientation, f, pixels); err != nil {
		t.Fatal(err)
	}
	return pixels, h
}

func white(width, height, channels int, fit Fit) form {
	return form{width, height, channels, fit, color.NRGBA{255, 255, 255, 255}}
}

func near(got, want, tolerance int) bool { return got >= want-tolerance && got <= want+tolerance }

// Every file of testdata shows the same quarters, upright.
func TestDecode(t *testing.T) {
	files, err := os.ReadDir("testdata")
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range files {
		if filepath.Ext(e.Name()) == ".py" {
			continue
		}
		t.Run(e.Name(), func(t *testing.T) {
			content, err := os.ReadFile(filepath.Join("testdata", e.Name()))
			if err != nil {
				t.Fatal(err)
			}
			pixels, h := made(t, content, white(24, 16, 3, Stretch))
			if h.size != image.Pt(24, 16) {
				t.Fatalf("the header says %v", h.size)
			}
			want := quarters
			grey := strings.Contains(e.Name(), "grey")
			if grey {
				for i, c := range want {
					y := color.GrayModel.Convert(c).(color.Gray).Y
					want[i] = color.NRGBA{y, y, y, 255}
				}
			}
			if strings.Contains(e.Name(), "clear-right") || e.Name() == "left.gif" {
				want[1], want[3] = color.NRGBA{255, 255, 255, 255}, color.NRGBA{255, 255, 255, 255}
			}
			tolerance := 0
			if h.format == "jpeg" || e.Name() == "lossy.webp" {
				tolerance = 6
			}
			for i, c := range want {
				at := ((4+8*(i/2))*24 + 4 + 14*(i%2)) * 3
				got := pixels[at : at+3]
				if !near(int(got[0]), int(c.R), tolerance) || !near(int(got[1]), int(c.G), tolerance) || !near(int(got[2]), int(c.B), tolerance) {
					t.Errorf("quarter %d is %v, want %v", i, got, c)
				}
			}
			if h.grey != grey {
				t.Errorf("grey is %v", h.grey)
			}
			if clear := strings.Contains(e.Name(), "clear"); clear && !h.alpha {
				t.Error("the header tells of no transparency")
			}
		})
	}
}

// Go's own encoders make these.
func TestDecodeMore(t *testing.T) {
	deepGrey := image.NewGray16(image.Rect(0, 0, 2, 1))
	deepGrey.SetGray16(0, 0, color.Gray16{Y: 0x1234})
	deepGrey.SetGray16(1, 0, color.Gray16{Y: 0xfedc})
	deep := image.NewNRGBA64(image.Rect(0, 0, 2, 1))
	deep.SetNRGBA64(0, 0, color.NRGBA64{0x1234, 0x5678, 0x9abc, 0xffff})
	deep.SetNRGBA64(1, 0, color.NRGBA64{0xffff, 0, 0x8000, 0x8000})
	encode := func(write func(*bytes.Buffer) error) []byte {
		var b bytes.Buffer
		if err := write(&b); err != nil {
			t.Fatal(err)
		}
		return b.Bytes()
	}
	// value*255/65535, rounded; half of it over white.
	wantDeep := []uint8{18, 86, 154, 255, 127, 191}
	for name, c := range map[string]struct {
		content    []byte
		want       []uint8
		grey, deep bool
	}{
		"16-bit grey PNG":   {pngOf(t, deepGrey), []uint8{18, 18, 18, 254, 254, 254}, true, true},
		"16-bit colour PNG": {pngOf(t, deep), wantDeep, false, true},
		"16-bit TIFF":       {encode(func(b *bytes.Buffer) error { return tiff.Encode(b, deep, nil) }), wantDeep, false, true},
		"grey BMP": {encode(func(b *bytes.Buffer) error { return bmp.Encode(b, image.NewGray(image.Rect(0, 0, 2, 1))) }),
			make([]uint8, 6), true, false},
		"GIF": {encode(func(b *bytes.Buffer) error { return gif.Encode(b, onecoloured(2, 1, color.NRGBA{0, 0, 255, 255}), nil) }),
			[]uint8{0, 0, 255, 0, 0, 255}, false, false},
	} {
		pixels, h := made(t, c.content, white(2, 1, 3, Stretch))
		if !bytes.Equal(pixels, c.want) || h.grey != c.grey || h.deep != c.deep {
			t.Errorf("%s: %v, want %v; %+v", name, pixels, c.want, h)
		}
	}
}

// The background is seen through transparency, in proportion.
func TestBackground(t *testing.T) {
	content := pngOf(t, onecoloured(3, 3, color.NRGBA{200, 100, 0, 51}))
	f := form{3, 3, 3, Crop, color.NRGBA{0, 255, 100, 255}}
	pixels, _ := made(t, content, f)
	if want := []uint8{40, 224, 80}; !bytes.Equal(pixels[:3], want) {
		t.Errorf("%v, want %v", pixels[:3], want)
	}
}

// reference resamples by the definition, in float64: each output pixel is the sum of all input pixels by the
// Catmull-Rom spline of their distance, which is as much wider as the picture shrinks.
func reference(img *image.NRGBA, width, height, channel int) []float64 {
	spline := func(t float64) float64 {
		switch t = max(t, -t); {
		case t < 1:
			return (1.5*t-2.5)*t*t + 1
		case t < 2:
			return ((-0.5*t+2.5)*t-4)*t + 2
		}
		return 0
	}
	weights := func(from, to int) [][]float64 {
		scale := float64(from) / float64(to)
		w := make([][]float64, to)
		for i := range w {
			sum := 0.0
			for j := range from {
				v := spline(((float64(i)+0.5)*scale - 0.5 - float64(j)) / max(scale, 1))
				w[i] = append(w[i], v)
				sum += v
			}
			for j := range w[i] {
				w[i][j] /= sum
			}
		}
		return w
	}
	b := img.Bounds()
	wx, wy := weights(b.Dx(), width), weights(b.Dy(), height)
	out := make([]float64, width*height)
	for y := range height {
		for x := range width {
			for j, v := range wy[y] {
				for i, u := range wx[x] {
					out[y*width+x] += u * v * float64(img.Pix[img.PixOffset(i, j)+channel])
				}
			}
		}
	}
	return out
}

// Growing, shrinking little and shrinking much agree with the definition, rounded to the nearest.
func TestResample(t *testing.T) {
	img := image.NewNRGBA(image.Rect(0, 0, 37, 23))
	for i := range img.Pix {
		img.Pix[i] = uint8(64 + (i*i*7+i*13)%128) // far from the ends, where overshoot would be cut
		if i%4 == 3 {
			img.Pix[i] = 255
		}
	}
	for _, size := range []image.Point{{37, 23}, {74, 50}, {30, 20}, {5, 3}, {1, 1}} {
		got := make([]uint8, size.X*size.Y*3)
		if err := render(img, img.Bounds(), 1, white(size.X, size.Y, 3, Stretch), got); err != nil {
			t.Fatal(err)
		}
		for c := range 3 {
			for i, want := range reference(img, size.X, size.Y, c) {
				if v := float64(got[3*i+c]); v < want-0.51 || v > want+0.51 {
					t.Fatalf("%v: pixel %d, channel %d is %v, want %.3f", size, i, c, v, want)
				}
			}
		}
	}
}

func TestFit(t *testing.T) {
	// Ten columns: red, eight of green, blue.
	wide := image.NewNRGBA(image.Rect(0, 0, 10, 4))
	draw.Draw(wide, wide.Bounds(), image.NewUniform(color.NRGBA{0, 255, 0, 255}), image.Point{}, draw.Src)
	draw.Draw(wide, image.Rect(0, 0, 1, 4), image.NewUniform(color.NRGBA{255, 0, 0, 255}), image.Point{}, draw.Src)
	draw.Draw(wide, image.Rect(9, 0, 10, 4), image.NewUniform(color.NRGBA{0, 0, 255, 255}), image.Point{}, draw.Src)
	render := func(f form) string {
		pixels := make([]uint8, f.bytes())
		if err := render(wide, wide.Bounds(), 1, f, pixels); err != nil {
			t.Fatal(err)
		}
		var b strings.Builder
		for i := 0; i < len(pixels); i += 3 {
			switch r, g, bl := pixels[i], pixels[i+1], pixels[i+2]; {
			case r > 200 && g > 200 && bl > 200:
				b.WriteByte('.')
			case g > r && g > bl:
				b.WriteByte('g')
			case r > bl:
				b.WriteByte('r')
			default:
				b.WriteByte('b')
			}
			if (i/3+1)%f.Width == 0 {
				b.WriteByte('|')
			}
		}
		return b.String()
	}
	for _, c := range []struct {
		form form
		want string
	}{
		{white(4, 4, 3, Crop), "gggg|gggg|gggg|gggg|"},
		{white(10, 6, 3, Pad), "..........|rggggggggb|rggggggggb|rggggggggb|rggggggggb|..........|"},
		{white(14, 4, 3, Pad), "..rggggggggb..|..rggggggggb..|..rggggggggb..|..rggggggggb..|"},
		{white(10, 1, 3, Stretch), "rggggggggb|"},
	} {
		if got := render(c.form); got != c.want {
			t.Errorf("%s to %d x %d: %s, want %s", c.form.Fit, c.form.Width, c.form.Height, got, c.want)
		}
	}
}

// The left half of an upright picture is left, however it is stored.
func TestHalves(t *testing.T) {
	for n := 1; n <= 8; n++ {
		content, err := os.ReadFile(fmt.Sprintf("testdata/orientation-%d.jpg", n))
		if err != nil {
			t.Fatal(err)
		}
		img, h, err := decode(content)
		if err != nil {
			t.Fatal(err)
		}
		left, right := halves(img.Bounds(), h.orientation)
		f := white(12, 16, 3, Stretch)
		for i, region := range []image.Rectangle{left, right} {
			pixels := make([]uint8, f.bytes())
			if err := render(img, region, h.orientation, f, pixels); err != nil {
				t.Fatal(err)
			}
			for j := range 2 { // above and below
				at := ((4+8*j)*12 + 5) * 3
				if c := quarters[2*j+i]; !near(int(pixels[at]), int(c.R), 6) || !near(int(pixels[at+2]), int(c.B), 6) {
					t.Errorf("orientation %d, half %d, row %d: %v, want %v", n, i, j, pixels[at:at+3], c)
				}
			}
		}
	}
}

func TestDecodeErrors(t *testing.T) {
	good := numbered(t, 1)
	photo := jpegOf(t, onecoloured(64, 64, testColour(3)))
	read := func(name string) []byte {
		content, err := os.ReadFile(filepath.Join("testdata", name))
		if err != nil {
			t.Fatal(err)
		}
		return content
	}
	half := func(content []byte) []byte { return content[:len(content)*2/3] }
	huge := bytes.Clone(good)
	binary.BigEndian.PutUint32(huge[16:], 60000)
	binary.BigEndian.PutUint32(huge[20:], 60000)
	flipped := bytes.Clone(good)
	flipped[len(flipped)-20] ^= 0xff
	for name, c := range map[string]struct {
		content []byte
		kind    string
		want    string
	}{
		"empty":        {nil, "empty", "is empty"},
		"a web page":   {[]byte("<!DOCTYPE html><p>404"), "no picture", "is no picture: it begins like a web page"},
		"LFS":          {[]byte("version https://git-lfs.github.com/spec/v1\n"), "no picture", "it is a pointer of Git LFS"},
		"zeros":        {make([]byte, 100), "no picture", "is no picture: it begins with zeros"},
		"text":         {[]byte("hello"), "no picture", "is no picture"},
		"HEIC":         {[]byte("\x00\x00\x00\x18ftypheic\x00\x00"), "not read", "is HEIC, which is not read: convert it to PNG or JPEG"},
		"AVIF":         {[]byte("\x00\x00\x00\x18ftypavif\x00\x00"), "not read", "is AVIF"},
		"SVG":          {[]byte("<svg xmlns='x'>"), "not read", "is SVG"},
		"PGM":          {[]byte("P5\n2 2\n255\n1234"), "not read", "is PNM"},
		"cut PNG":      {half(good), "cut", "bytes end in the middle of the picture"},
		"cut JPEG":     {half(photo), "cut", "bytes end in the middle of the picture"},
		"cut behind":   {photo[:len(photo)-10], "cut", "end in the middle"},
		"cut CMYK":     {half(read("cmyk.jpg")), "cut", "end in the middle"},
		"cut progress": {half(read("progressive.jpg")), "cut", "end in the middle"},
		"cut GIF":      {half(read("left.gif")), "cut", "end in the middle"},
		"cut WebP":     {half(read("lossless.webp")), "cut", "end in the middle"},
		"cut WebP 2":   {half(read("lossy.webp")), "cut", "end in the middle"},
		"cut BMP":      {half(read("colour.bmp")), "cut", "end in the middle"},
		"cut TIFF":     {half(read("colour.tif")), "cut", "end in the middle"},
		"cut header":   {good[:10], "cut", "its 10 bytes end"},
		"too large":    {huge, "", ""},
		"damaged":      {flipped, "damaged", "is damaged: "},
	} {
		_, _, err := decode(c.content)
		var wrong *fileError
		if !errors.As(err, &wrong) {
			t.Errorf("%s: error %v", name, err)
			continue
		}
		if c.kind != "" && wrong.kind != c.kind || !strings.Contains(wrong.text, c.want) {
			t.Errorf("%s: %s: %q, want %s: %q", name, wrong.kind, wrong.text, c.kind, c.want)
		}
	}
}

// Whatever stands in a file, reading it ends in a picture or in words.
func FuzzDecode(f *testing.F) {
	files, err := os.ReadDir("testdata")
	if err != nil {
		f.Fatal(err)
	}
	for _, e := range files {
		if content, err := os.ReadFile(filepath.Join("testdata", e.Name())); err == nil && filepath.Ext(e.Name()) != ".py" {
			f.Add(content)
		}
	}
	f.Fuzz(func(t *testing.T, content []byte) {
		h, err := readHeader(content)
		if err != nil {
			var wrong *fileError
			if !errors.As(err, &wrong) {
				t.Fatalf("error %v", err)
			}
			return
		}
		if h.orientation < 1 || h.orientation > 8 {
			t.Fatalf("orientation %d", h.orientation)
		}
		if h.size.X*h.size.Y > 1<<20 {
			return
		}
		img, h, err := decode(content)
		if err != nil {
			return
		}
		form := white(7, 5, 3, Pad)
		if err := render(img, img.Bounds(), h.orientation, form, make([]uint8, form.bytes())); err != nil {
			t.Fatal(err)
		}
	})
}
