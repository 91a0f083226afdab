package data

import (
	"archive/zip"
	"bytes"
	"errors"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// colourAt is a colour that differs between places and numbers.
func testColour(n int) color.NRGBA {
	return color.NRGBA{R: uint8(37 * n), G: uint8(91*n + 50), B: uint8(151*n + 100), A: 255}
}

// onecoloured is a picture of one colour.
func onecoloured(width, height int, c color.Color) image.Image {
	img := image.NewNRGBA(image.Rect(0, 0, width, height))
	for y := range height {
		for x := range width {
			img.Set(x, y, c)
		}
	}
	return img
}

func pngOf(t testing.TB, img image.Image) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func jpegOf(t testing.TB, img image.Image) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := jpeg.Encode(&b, img, &jpeg.Options{Quality: 100}); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// numbered is a PNG of 4 x 4 pixels in testColour(n).
func numbered(t testing.TB, n int) []byte { return pngOf(t, onecoloured(4, 4, testColour(n))) }

// folder makes files, by their names with slashes. Names that end in a slash are folders.
func folder(t testing.TB, files map[string][]byte) string {
	t.Helper()
	dir := t.TempDir()
	for name, content := range files {
		put(t, dir, name, content)
	}
	return dir
}

func put(t testing.TB, dir, name string, content []byte) {
	t.Helper()
	path := filepath.Join(dir, filepath.FromSlash(name))
	err := os.MkdirAll(filepath.Dir(path), 0o755)
	if strings.HasSuffix(name, "/") {
		err = os.MkdirAll(path, 0o755)
	} else if err == nil {
		err = os.WriteFile(path, content, 0o644)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// zipped is a zip archive of files.
func zipped(t testing.TB, files map[string][]byte) string {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for name, content := range files {
		f, err := w.Create(name)
		if err == nil {
			_, err = f.Write(content)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "pictures.zip")
	if err := os.WriteFile(path, b.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

// open opens a dataset in a cache of the test's own.
func open(t testing.TB, o Options) *Dataset {
	t.Helper()
	if o.Cache == "" {
		o.Cache = t.TempDir()
	}
	d, err := Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close() })
	return d
}

// problems are those of a folder that cannot be opened.
func problems(t testing.TB, o Options) *Problems {
	t.Helper()
	if o.Cache == "" {
		o.Cache = t.TempDir()
	}
	d, err := Open(t.Context(), o)
	var p *Problems
	if !errors.As(err, &p) {
		if err == nil {
			d.Close()
		}
		t.Fatalf("error %v, want problems", err)
	}
	return p
}

// pixel is the first pixel of picture i.
func pixel(t testing.TB, f *Field, i int) color.NRGBA {
	t.Helper()
	picture := make([]uint8, f.Size())
	if err := f.Read(i, picture); err != nil {
		t.Fatal(err)
	}
	if f.Channels == 1 {
		return color.NRGBA{picture[0], picture[0], picture[0], 255}
	}
	return color.NRGBA{picture[0], picture[1], picture[2], 255}
}
