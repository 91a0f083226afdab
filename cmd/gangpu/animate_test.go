package main

import (
	"bytes"
	"fmt"
	"image"
	"image/gif"
	"image/png"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"gangpu/gan/run"
)

func readGIF(t *testing.T, path string) *gif.GIF {
	t.Helper()
	g, err := gif.DecodeAll(bytes.NewReader(readFile(t, path)))
	if err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	return g
}

func TestGenerateInterpolation(t *testing.T) {
	model := filepath.Join(trained(t), "model.safetensors")
	dir := t.TempDir()
	grid, walk, npy := filepath.Join(dir, "grid.png"), filepath.Join(dir, "walk.gif"), filepath.Join(dir, "pixels.npy")
	args := []string{"generate", "--device", "cpu", "--model", model}
	succeed(t, append(args, "-n", "3", "--interpolate", "4", "--out", grid, "--gif", walk, "--npy", npy)...)
	side := imageSide*run.SampleGrid.Scale + run.SampleGrid.Gap
	checkPNG(t, 4*side+run.SampleGrid.Gap, 3*side+run.SampleGrid.Gap, grid)
	if g := readGIF(t, walk); len(g.Image) != 12 || g.Image[0].Rect != image.Rect(0, 0, 8*imageSide, 8*imageSide) || g.Delay[0] != 6 {
		t.Errorf("a GIF of %d images of %v, delay %d", len(g.Image), g.Image[0].Rect, g.Delay[0])
	}
	const bytesOfOne = 4 * imageSide * imageSide
	between := readFile(t, npy)[128:]
	succeed(t, append(args, "-n", "3", "--npy", npy, "--gif", walk)...)
	points := readFile(t, npy)[128:]
	for i := range 3 {
		if !bytes.Equal(between[4*i*bytesOfOne:][:bytesOfOne], points[i*bytesOfOne:][:bytesOfOne]) {
			t.Errorf("row %d does not begin with image %d", i, i)
		}
	}
	if g := readGIF(t, walk); len(g.Image) != 3 || g.Delay[0] != 40 {
		t.Errorf("a GIF of %d images, delay %d", len(g.Image), g.Delay[0])
	}
	for _, c := range []struct {
		want string
		args []string
	}{
		{"-n 1 --interpolate 4: want at least 2", []string{"-n", "1", "--interpolate", "4", "--gif", walk}},
		{"--interpolate 1: want at least 2", []string{"--interpolate", "1", "--gif", walk}},
		{"at most 1000000 images", []string{"--interpolate", "1000000", "--npy", npy}},
		{"-n 25 --interpolate 41: --gif takes at most 1000", []string{"--interpolate", "41", "--gif", walk}},
		{"--out takes at most 10000", []string{"--interpolate", "401", "--out", grid}},
	} {
		fail(t, exitUsage, c.want, append(args, c.args...)...)
	}
}

func TestAnimateRun(t *testing.T) {
	run := filepath.Join(t.TempDir(), "run [1]") // no pattern
	succeed(t, trainArgs(run, "--batch", "20", "--iterations", "4")...)
	file := filepath.Join(t.TempDir(), "training.gif")
	if got := succeed(t, "generate", "--run", run, "--gif", file); got != "samples of 2 epochs in "+file+"\n" {
		t.Errorf("it says %q", got)
	}
	if g := readGIF(t, file); len(g.Image) != 2 || g.Image[0].Rect != image.Rect(0, 0, gridSide(5), gridSide(5)) || !slices.Equal(g.Delay, []int{15, 215}) {
		t.Errorf("a GIF of %d images of %v, delays %v", len(g.Image), g.Image[0].Rect, g.Delay)
	}

	// Many epochs are thinned out, in their order, to the last.
	for i := range 1001 {
		var b bytes.Buffer
		if err := png.Encode(&b, &image.Gray{Pix: []uint8{uint8(250 - i/4)}, Stride: 1, Rect: image.Rect(0, 0, 1, 1)}); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(run, "samples", fmt.Sprintf("epoch-%03d.png", i)), b.Bytes(), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	succeed(t, "generate", "--run", run, "--gif", file)
	g := readGIF(t, file)
	before := uint32(0xffff)
	for i, p := range g.Image {
		grey, _, _, _ := p.At(0, 0).RGBA()
		if grey > before {
			t.Errorf("picture %d is out of order", i)
		}
		before = grey
	}
	if len(g.Image) > mostGrids || len(g.Image) < mostGrids/2 || before != 0 {
		t.Errorf("%d pictures, the last %d", len(g.Image), before)
	}

	fail(t, exitUsage, "give --gif FILE", "generate", "--run", run)
	fail(t, exitUsage, "it has no --npy", "generate", "--run", run, "--gif", file, "--npy", "a.npy")
	fail(t, exitFailed, "none", "generate", "--run", "none", "--gif", file)
	broken := filepath.Join(run, "samples", "epoch-1000.png")
	if err := os.WriteFile(broken, []byte("no picture"), 0o666); err != nil {
		t.Fatal(err)
	}
	fail(t, exitFailed, broken, "generate", "--run", run, "--gif", file)
}
