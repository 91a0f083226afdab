package main

import (
	"image"
	"image/color"
	"image/png"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// putPicture writes a PNG of one colour.
func putPicture(t *testing.T, path string, width, height int, c color.Color) {
	t.Helper()
	img := image.NewRGBA(image.Rect(0, 0, width, height))
	for y := range height {
		for x := range width {
			img.Set(x, y, c)
		}
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := png.Encode(f, img); err != nil {
		t.Fatal(err)
	}
}

// ownCache has commands keep what they decode in a folder of the test's own.
func ownCache(t *testing.T) string {
	t.Helper()
	home := t.TempDir()
	t.Setenv("HOME", home)
	t.Setenv("XDG_CACHE_HOME", home)
	t.Setenv("LocalAppData", home)
	return home
}

func TestDataOfPictures(t *testing.T) {
	ownCache(t)
	dir := t.TempDir()
	root := filepath.Join(dir, "animals")
	for i, name := range []string{"cat/1.png", "cat/2.png", "dog/1.png", "dog/5.png"} {
		putPicture(t, filepath.Join(root, name), 8+i, 8, color.RGBA{uint8(80 * i), 200, 0, 255})
	}
	grid := filepath.Join(dir, "grid.png")
	// The folder may come before the flags.
	out := succeed(t, "data", root, "--grid", grid, "--size", "6x4")
	for _, want := range []string{"animals in " + root + ": layout classes", "train  image  4 ", "cat    2\n", "dog    2\n",
		"FILES     4, 0.0 MB: 4 png", "SIZES     from 8 x 8 to 11 x 8", "CHANNELS  4 in colour, 0 grey",
		"4 pictures in " + grid, "decoding to ", "ready in 6 x 4 pixels of 3 channels"} {
		if !strings.Contains(out, want) {
			t.Errorf("%q is not in\n%s", want, out)
		}
	}
	f, err := os.Open(grid)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	picture, err := png.Decode(f)
	if err != nil {
		t.Fatal(err)
	}
	if got := picture.Bounds().Size(); got != image.Pt(2*18+12, 2*12+12) {
		t.Errorf("the grid is of %v", got)
	}
	if got := color.RGBAModel.Convert(picture.At(4+18+4, 4)); got != (color.RGBA{80, 200, 0, 255}) {
		t.Errorf("the second picture is %v", got)
	}
	if again := succeed(t, "data", "--size", "6x4", root); strings.Contains(again, "decoding to ") {
		t.Error("decoded again")
	}
	if out = succeed(t, "data", "--clear"); !strings.Contains(out, "MB of decoded pictures removed") {
		t.Error(out)
	}
	if again := succeed(t, "data", "--size", "6x4", root); !strings.Contains(again, "decoding to ") {
		t.Error("not decoded again after --clear")
	}
	fail(t, exitUsage, "it lies in the folder of pictures", "data", root, "--grid", filepath.Join(root, "cat", "1.png"))

	// What is wrong is listed in full, and the command fails in a line.
	if err := os.WriteFile(filepath.Join(root, "dog", "bad.jpg"), []byte("<html>"), 0o644); err != nil {
		t.Fatal(err)
	}
	putPicture(t, filepath.Join(root, "cow", "1.png"), 8, 8, color.White)
	args := []string{"data", root}
	r := gangpu(args...)
	checkFailure(t, r, exitFailed, "cannot be trained on as it is: 2 problems", args)
	for _, want := range []string{"has one picture only of the class cow", "dog/bad.jpg is no picture: it begins like a web page"} {
		if !strings.Contains(r.stdout, want) {
			t.Errorf("%q is not in\n%s", want, r.stdout)
		}
	}
}

func TestDataOfPicturesUsage(t *testing.T) {
	ownCache(t)
	root := t.TempDir()
	putPicture(t, filepath.Join(root, "1.png"), 4, 4, color.White)
	for _, c := range []struct {
		want string
		args []string
	}{
		{"--size 3y: want a number of pixels", []string{root, "--size", "3y"}},
		{"--size 0", []string{root, "--size", "0"}},
		{"unknown layout \"x\"", []string{root, "--layout", "x"}},
		{"unknown fit \"x\"", []string{root, "--fit", "x"}},
		{"--background red: want", []string{root, "--background", "red"}},
		{"one folder or name, not 2", []string{root, "mnist"}},
		{"and --data or --dataset", []string{root, "--dataset", "mnist"}},
		{"--clear removes all", []string{"--clear", root}},
		{"--size is for pictures", []string{"--size", "32"}},
	} {
		fail(t, exitUsage, c.want, append([]string{"data"}, c.args...)...)
	}
	fail(t, exitFailed, "nowhere", "data", filepath.Join(root, "nowhere"))
	fail(t, exitFailed, "it is empty", "data", t.TempDir())
}
