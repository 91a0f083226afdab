package main

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
)

func TestGenerate(t *testing.T) {
	model := filepath.Join(trained(t), "model.safetensors")
	dir := t.TempDir()
	grid, images, npy := filepath.Join(dir, "grid.png"), filepath.Join(dir, "images"), filepath.Join(dir, "pixels.npy")
	args := []string{"generate", "--device", "cpu", "--model", model}
	succeed(t, append(args, "-n", "7", "--out", grid, "--images", images, "--npy", npy)...)

	checkPNG(t, gridSide(3), gridSide(3), grid)
	entries, err := os.ReadDir(images)
	if err != nil || len(entries) != 7 || entries[0].Name() != "00000.png" || entries[6].Name() != "00006.png" {
		t.Errorf("the folder of images holds %v (%v)", entries, err)
	}
	checkPNG(t, imageSide, imageSide, images, "00006.png")
	header := "\x93NUMPY\x01\x00\x76\x00{'descr': '<f4', 'fortran_order': False, 'shape': (7, 28, 28, 1), }"
	pixels := readFile(t, npy)
	const bytesOfOne = 4 * imageSide * imageSide
	if !bytes.HasPrefix(pixels, []byte(header)) || len(pixels) != 128+7*bytesOfOne {
		t.Errorf("%d bytes of NumPy, beginning with %q", len(pixels), pixels[:min(len(pixels), 100)])
	}

	data := func(args []string, more ...string) []byte {
		t.Helper()
		succeed(t, append(args, append(more, "--npy", npy)...)...)
		return readFile(t, npy)[128:]
	}
	if few := data(args, "-n", "3"); !bytes.Equal(few, pixels[128:][:3*bytesOfOne]) {
		t.Error("three images are not the first of seven")
	}
	if other := data(args, "-n", "7", "--seed", "2"); bytes.Equal(other, pixels[128:]) {
		t.Error("another seed makes the same images")
	}
	many := data(args, "-n", "300") // more than go through the network at once
	if !bytes.Equal(many[:7*bytesOfOne], pixels[128:]) || bytes.Equal(many[290*bytesOfOne:][:bytesOfOne], many[:bytesOfOne]) {
		t.Error("300 images do not begin with seven, or repeat themselves")
	}

	t.Chdir(dir)
	t.Setenv("GANGPU_MODEL", model)
	t.Setenv("GANGPU_DEVICE", "cpu")
	succeed(t, "generate", "--out", "by-environment.png")
	checkPNG(t, gridSide(5), gridSide(5), "by-environment.png")
}

// A conditional model makes the digits asked for, or all of them sorted; others refuse.
func TestGenerateDigits(t *testing.T) {
	model := filepath.Join(trained(t, "--conditional"), "model.safetensors")
	npy := filepath.Join(t.TempDir(), "pixels.npy")
	args := []string{"generate", "--device", "cpu", "--model", model, "-n", "20", "--npy", npy}
	pixels := func(more ...string) string {
		t.Helper()
		succeed(t, append(args, more...)...)
		return string(readFile(t, npy)[128:])
	}
	all, seven := pixels(), pixels("--digit", "7")
	const two = 2 * 4 * imageSide * imageSide
	if all[7*two:][:two] != seven[7*two:][:two] || all[:two] == seven[:two] {
		t.Error("the digits are not sorted, or --digit 7 is not them")
	}
	if pixels("--digit", "3,7")[10*two/2:] != seven[10*two/2:] {
		t.Error("--digit 3,7 does not end with sevens")
	}
	fail(t, exitUsage, "--digit 10: the model knows 0 to 9", append(args, "--digit", "10")...)
	fail(t, exitUsage, "--digit", append(args, "--digit", "x")...)
	fail(t, exitUsage, "--digit 1: the model knows no classes", "generate", "--device", "cpu", "--out", npy,
		"--digit", "1", "--model", filepath.Join(trained(t), "model.safetensors"))
}

// A model with a moving average makes its images by that, and by the last weights on demand.
func TestGenerateByAverage(t *testing.T) {
	dir := t.TempDir()
	pixels := func(model string, more ...string) string {
		t.Helper()
		npy := filepath.Join(dir, "pixels.npy")
		succeed(t, append([]string{"generate", "--device", "cpu", "--model", filepath.Join(model, "model.safetensors"), "-n", "2", "--npy", npy}, more...)...)
		return string(readFile(t, npy))
	}
	plain, averaged := trained(t), trained(t, "--ema", "0.9")
	if pixels(averaged) == pixels(averaged, "--raw") {
		t.Error("--raw makes the same images")
	}
	if pixels(averaged, "--raw") != pixels(plain) || pixels(plain, "--raw") != pixels(plain) {
		t.Error("the average changed what is trained, or --raw is not the last weights")
	}
}

func TestGenerateRefused(t *testing.T) {
	model := filepath.Join(trained(t), "model.safetensors")
	dir := t.TempDir()
	out := filepath.Join(dir, "grid.png")
	if err := os.WriteFile(out, []byte("kept"), 0o666); err != nil {
		t.Fatal(err)
	}
	damaged := filepath.Join(t.TempDir(), "damaged.safetensors")
	whole := readFile(t, model)
	if err := os.WriteFile(damaged, whole[:len(whole)/2], 0o666); err != nil {
		t.Fatal(err)
	}
	fail(t, exitUsage, "--model is missing", "generate", "--device", "cpu", "--out", out)
	fail(t, exitFailed, "nothing.safetensors", "generate", "--device", "cpu", "--out", out, "--model", "nothing.safetensors")
	fail(t, exitFailed, damaged, "generate", "--device", "cpu", "--out", out, "--model", damaged)
	fail(t, exitFailed, "not a model of a game", "generate", "--device", "cpu", "--out", out, "--model", writeForeign(t))
	fail(t, exitUsage, "nothing to write", "generate", "--device", "cpu", "--model", model)
	for _, n := range []string{"0", "-5", "10001", "1000000000000"} {
		fail(t, exitUsage, "-n "+n, "generate", "--device", "cpu", "--model", model, "--out", out, "-n", n)
	}
	fail(t, exitFailed, dir, "generate", "--device", "cpu", "--model", model, "--out", dir)
	fail(t, exitFailed, "no/folder", "generate", "--device", "cpu", "--model", model, "--out", filepath.FromSlash("no/folder/grid.png"))
	if got := folder(t, dir); len(got) != 1 || got["grid.png"] != "kept" {
		t.Errorf("the folder holds %q", got)
	}
}

// A picture that is too large is refused before anything is made: how large it would be, what is allowed, and what to lower.
func TestGenerateTooLarge(t *testing.T) {
	model := filepath.Join(trained(t), "model.safetensors")
	dir := t.TempDir()
	const limits = ", where at most 32767 a side and 100000000 in all are drawn; lower -n "
	for _, c := range []struct {
		want string
		args []string
	}{
		{"440004 x 180 pixels" + limits + "2 or --interpolate 5000", []string{"-n", "2", "--interpolate", "5000", "--out", "x.png"}},
		{"180 x 440004 pixels" + limits + "5000 or --interpolate 2", []string{"-n", "5000", "--interpolate", "2", "--out", "x.png"}},
	} {
		c.args[len(c.args)-1] = filepath.Join(dir, "x.png")
		fail(t, exitUsage, c.want, append([]string{"generate", "--device", "cpu", "--model", model}, c.args...)...)
	}
	if got := folder(t, dir); len(got) != 0 {
		t.Errorf("the folder holds %d files", len(got))
	}
}
