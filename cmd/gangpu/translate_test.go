package main

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// pairs makes a folder of pairs: a grey picture, and the same in colour.
func pairs(t *testing.T) string {
	t.Helper()
	root := filepath.Join(t.TempDir(), "pairs")
	for split, n := range map[string]int{"train": 8, "test": 3} {
		for i := range n {
			v := uint8(20 * i)
			putPicture(t, filepath.Join(root, "A", split, fmt.Sprintf("%02d.png", i)), 20, 20, color.RGBA{v, v, v, 255})
			putPicture(t, filepath.Join(root, "B", split, fmt.Sprintf("%02d.png", i)), 20, 20, color.RGBA{v, 255 - v, 100, 255})
		}
	}
	return root
}

// A new user trains on pairs, sees how near held-out ones come, goes on after a stop to the same bits, and translates
// pictures and folders of them, of other sizes too.
func TestTranslate(t *testing.T) {
	ownCache(t)
	root, dir := pairs(t), t.TempDir()
	whole, parts := filepath.Join(dir, "whole"), filepath.Join(dir, "parts")
	for _, game := range []string{"pix2pix", "cyclegan"} {
		whole, parts := whole+game, parts+game
		args := []string{"train", game, "--preset", "small", "--data", root, "--crop", "16", "--flip", "--filters", "2", "--d-filters", "2", "--batch", "2", "--device", "cpu"}
		if game == "cyclegan" {
			args = append(args, "--blocks", "1", "--pool", "3")
		}
		out := shortOf(t, append(slices.Clone(args), "--epochs", "2", "--out", whole)...)
		contains(t, out, "3 held-out rows: a as b has L1", "the mean of b as b has L1", "judged", "SSIM")
		shortOf(t, append(slices.Clone(args), "--epochs", "2", "--iterations", "5", "--out", parts)...)
		shortOf(t, "train", "--resume", parts, "--data", root, "--device", "cpu")
		if hashOf(t, filepath.Join(whole, "model.safetensors")) != hashOf(t, filepath.Join(parts, "model.safetensors")) {
			t.Errorf("%s: a run that was stopped ends with other bits", game)
		}
		contains(t, string(readFile(t, whole, "run.json")), `"the mean of b"`)
		file, err := os.Open(filepath.Join(whole, "samples", "epoch-002.png"))
		if err != nil {
			t.Fatal(err)
		}
		config, err := png.DecodeConfig(file)
		file.Close()
		columns := map[string]int{"pix2pix": 3, "cyclegan": 6}[game]
		if err != nil || config.Width != 4+columns*(3*16+4) {
			t.Errorf("the samples are %d pixels wide: %v", config.Width, err)
		}
		model := filepath.Join(whole, "model.safetensors")
		one := filepath.Join(dir, game+".png")
		succeed(t, "translate", filepath.Join(root, "A", "test", "01.png"), "--model", model, "--out", one, "--device", "cpu")
		checkSize(t, one)
		folder := filepath.Join(dir, game)
		contains(t, succeed(t, "translate", "--model", model, root, "--out", folder, "--device", "cpu"), "22 pictures in")
		checkSize(t, filepath.Join(folder, "A", "test", "01.png"))
		if hashOf(t, one) != hashOf(t, filepath.Join(folder, "A", "test", "01.png")) {
			t.Errorf("%s: a picture is translated otherwise in a folder", game)
		}
	}
	model := filepath.Join(whole+"cyclegan", "model.safetensors")
	pix := filepath.Join(whole+"pix2pix", "model.safetensors")
	contains(t, succeed(t, "evaluate", "--device", "cpu", model, pix), "3 held-out rows: a as b has L1", "iterations of cyclegan\n  a to b L1", "iterations of pix2pix\n  translated L1")
	succeed(t, "translate", filepath.Join(root, "B", "test", "01.png"), "--reverse", "--model", model, "--out", filepath.Join(dir, "back.png"), "--device", "cpu")
	// The same model goes to ONNX, which says that a dropout is off, and to a page, for pictures of another size too.
	onnx := filepath.Join(dir, "translate.onnx")
	succeed(t, "export", "--model", pix, "--size", "48x32", "--out", onnx)
	contains(t, string(readFile(t, onnx)), "pix2pix, translate; dropout, which gangpu leaves on in use, is off")
	succeed(t, "export", "--model", model, "--size", "24", "--format", "web", "--out", filepath.Join(dir, "page"))
	contains(t, string(readFile(t, dir, "page", "index.html")), "made to 24×24 pixels")
	for want, args := range map[string][]string{
		"--size is for ONNX":       {"export", "--model", model, "--size", "32", "--out", filepath.Join(dir, "x.safetensors")},
		"the graph translate":      {"export", "--model", pix, "--size", "40", "--out", onnx},
		"--out is missing":         {"translate", root, "--model", model},
		"takes one picture":        {"translate", "--model", model, "--out", dir},
		"translates one way alone": {"translate", root, "--reverse", "--out", dir, "--model", filepath.Join(whole+"pix2pix", "model.safetensors")},
		"translates to one kind":   {"translate", root, "--to", "winter", "--out", filepath.Join(dir, "x"), "--model", model},
		"no such file":             {"translate", filepath.Join(root, "C"), "--out", dir, "--model", model},
		"a PNG, and not what .jpg": {"translate", filepath.Join(root, "A", "test", "01.png"), "--out", filepath.Join(dir, "x.jpg"), "--model", model},
		"several, a and b":         {"train", "srgan", "--preset", "small", "--data", root, "--crop", "16", "--device", "cpu", "--out", filepath.Join(dir, "x")},
		"folder of the pictures":   {"translate", root, "--out", root, "--model", model},
	} {
		if r := gangpu(args...); r.code == exitOK || !strings.Contains(r.stderr, want) {
			t.Errorf("%v: exit code %d, %q, want one with %q", args, r.code, r.stderr, want)
		}
	}
}

// shortOf trains a run that is too short to be better than its baselines, as it says at its end.
func shortOf(t *testing.T, args ...string) string {
	t.Helper()
	r := gangpu(args...)
	if r.code != exitOK || !strings.Contains(r.stderr, "when it was judged last, ") || !strings.Contains(r.stderr, "is NOT nearer to b than the mean of b (L1 ") {
		t.Fatalf("%v: exit code %d, %q", args, r.code, r.stderr)
	}
	return r.stdout
}

// checkSize decodes a translated picture, which must have the size of those of pairs, and colours.
func checkSize(t *testing.T, path string) {
	t.Helper()
	picture, err := png.Decode(bytes.NewReader(readFile(t, path)))
	if err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	if colours, ok := picture.(*image.RGBA); !ok || colours.Bounds().Size() != image.Pt(20, 20) || slices.Min(colours.Pix) == slices.Max(colours.Pix) {
		t.Errorf("%s is %T of %v, want 20x20 in colour", path, picture, picture.Bounds())
	}
}
