package main

import (
	"encoding/json"
	"fmt"
	"image/color"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// domainFolders makes a folder a domain, in which files of the same names are of the same brightness.
func domainFolders(t *testing.T) string {
	t.Helper()
	root := filepath.Join(t.TempDir(), "domains")
	for domain, of := range map[string]func(v uint8) color.RGBA{
		"blue": func(v uint8) color.RGBA { return color.RGBA{0, 0, v, 255} },
		"grey": func(v uint8) color.RGBA { return color.RGBA{v, v, v, 255} },
		"red":  func(v uint8) color.RGBA { return color.RGBA{v, 0, 0, 255} },
	} {
		for split, n := range map[string]int{"train": 8, "test": 3} {
			for i := range n {
				putPicture(t, filepath.Join(root, split, domain, fmt.Sprintf("figure-%d.png", i)), 16, 16, of(uint8(60+20*i)))
			}
		}
	}
	return root
}

// A new user trains a classifier of domains and a model that makes images of one domain of those of others, sees what the
// classifier takes them for and how near they come to their truth, goes on after a stop to the same bits, measures the
// model later, and translates pictures to a domain by its name.
func TestDomains(t *testing.T) {
	ownCache(t)
	root, dir := domainFolders(t), t.TempDir()
	classifier := filepath.Join(dir, "classifier")
	succeed(t, "train", "classifier", "--data", root, "--filters", "8", "--features", "8", "--epochs", "20", "--batch", "8", "--device", "cpu", "--out", classifier)
	classifier = filepath.Join(classifier, "model.safetensors")
	args := []string{"train", "stargan", "--preset", "small", "--data", root, "--filters", "2", "--blocks", "1", "--d-filters", "2", "--batch", "4",
		"--device", "cpu", "--epochs", "1", "--judge-every", "1", "--classifier", classifier}
	whole, parts := filepath.Join(dir, "whole"), filepath.Join(dir, "parts")
	r := gangpu(append(slices.Clone(args), "--out", whole)...)
	if r.code != exitOK {
		t.Fatal(r.stderr)
	}
	contains(t, r.stdout, "9 held-out rows: the classifier is wrong about", "a copy has L1 ", "judged", "of real images), L1 to the images of the same names")
	contains(t, r.stderr, "when it was judged last, what images become is NOT below twice the error of real images")
	contains(t, string(readFile(t, whole, "judge.csv")), "epoch,iterations,error,l1,seconds")

	for _, more := range [][]string{append(slices.Clone(args), "--iterations", "2", "--out", parts), {"train", "--resume", parts, "--data", root, "--device", "cpu"}} {
		if r := gangpu(more...); r.code != exitOK {
			t.Fatal(r.stderr)
		}
	}
	model := filepath.Join(whole, "model.safetensors")
	if hashOf(t, model) != hashOf(t, filepath.Join(parts, "model.safetensors")) {
		t.Error("a run that was stopped ends with other bits")
	}

	contains(t, succeed(t, "evaluate", "--device", "cpu", model), "of stargan, by 9 held-out pictures\n  L1 to the images of the same names")
	var got domainEvaluation
	if err := json.Unmarshal([]byte(succeed(t, "evaluate", "--json", "--classifier", classifier, "--device", "cpu", model)), &got); err != nil {
		t.Fatal(err)
	}
	if got.Error == nil || got.RealError == nil || got.L1 == nil || got.Copy == nil || *got.Copy <= 0 || got.HeldOut != 9 || len(got.ShortOf) == 0 {
		t.Errorf("evaluate says %+v", got)
	}

	picture := filepath.Join(root, "test", "grey", "figure-1.png")
	blue, red := filepath.Join(dir, "blue.png"), filepath.Join(dir, "red.png")
	succeed(t, "translate", picture, "--model", model, "--to", "blue", "--out", blue, "--device", "cpu")
	succeed(t, "translate", picture, "--model", model, "--to", "red", "--out", red, "--device", "cpu")
	if hashOf(t, blue) == hashOf(t, red) {
		t.Error("both domains give one picture")
	}
	fail(t, exitUsage, "gangpu translate makes images of images by it", "generate", "--model", model, "--out", blue)
	fail(t, exitUsage, "the game classifier makes no images of noise", "generate", "--model", classifier, "--out", blue)
	fail(t, exitUsage, "--to is missing: one of blue, grey, red", "translate", picture, "--model", model, "--out", blue, "--device", "cpu")
	fail(t, exitUsage, "the model knows blue, grey, red", "translate", picture, "--model", model, "--to", "green", "--out", blue, "--device", "cpu")
	fail(t, exitUsage, "a picture has one class", "translate", picture, "--model", model, "--to", "blue,red", "--out", blue, "--device", "cpu")

	// What was trained by a classifier's features is measured without them.
	larger := filepath.Join(dir, "larger")
	if r := gangpu("train", "srgan", "--preset", "small-gan", "--pretrain", "0", "--features", classifier, "--data", root, "--filters", "2", "--blocks", "1",
		"--d-filters", "2", "--batch", "4", "--iterations", "2", "--judge-every", "0", "--device", "cpu", "--out", larger); r.code != exitOK {
		t.Fatal(r.stderr)
	}
	if err := os.Remove(classifier); err != nil {
		t.Fatal(err)
	}
	contains(t, succeed(t, "evaluate", "--device", "cpu", filepath.Join(larger, "model.safetensors")), "after 2 iterations of srgan")
}
