package main

import (
	"image/color"
	"math"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"testing"

	"gangpu/gan/picture"
	"gangpu/gan/train"
	"gangpu/gan/train/traintest"
)

// Pictures that a model made itself, of noise it is not told, are found again: of a model of styles, of noise, and of noise and classes.
func TestProject(t *testing.T) {
	ownCache(t)
	dir, data := t.TempDir(), animals(t)
	small := []string{"--data", data, "--size", "16", "--batch", "4", "--iterations", "1", "--device", "cpu", "--filters", "4"}
	for game, c := range map[string]struct {
		flags []string
		shape []int
	}{
		"stylegan": {[]string{"--latent", "3", "--styles", "4", "--mapping", "2", "--grow=false", "--preset", "small"}, []int{1, 6, 4}},
		"dcgan":    {[]string{"--preset", "small", "--latent", "4"}, []int{1, 4}},
		"acgan":    {[]string{"--preset", "projection", "--latent", "4"}, []int{1, 4}},
	} {
		run := filepath.Join(dir, game)
		succeed(t, append(append([]string{"train", game, "--out", run}, small...), c.flags...)...)
		model := filepath.Join(run, "model.safetensors")
		made, out, npy := filepath.Join(dir, game+".png"), filepath.Join(dir, game+"-out.png"), filepath.Join(dir, game+".npy")
		m, err := train.Load(model)
		if err != nil {
			t.Fatal(err)
		}
		if game != "stylegan" { // whose images are all alike at first
			for _, a := range m.Arrays {
				for i := range a.Values {
					if len(a.Shape) == 4 {
						a.Values[i] *= 10
					}
				}
			}
			if err := m.Save(model); err != nil {
				t.Fatal(err)
			}
		}
		dev := traintest.CPU(t)
		s, err := train.NewSampler(dev, m, 1)
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		var of []int
		if s.Classes() > 0 {
			of = []int{1}
		}
		image, err := s.Samples(99, 1, of...)
		if err == nil {
			err = picture.Grid{}.SavePNG(made, image)
		}
		if err != nil {
			t.Fatal(err)
		}
		args := []string{"project", made, "--model", model, "--steps", "150", "--out", out, "--npy", npy, "--device", "cpu"}
		if of != nil {
			fail(t, exitUsage, "--digit: want the class", args...)
			args = append(args, "--digit", "1")
		} else {
			fail(t, exitUsage, "the model knows no classes", append(slices.Clone(args), "--digit", "1")...)
		}
		said := succeed(t, args...)
		found := regexp.MustCompile(`fell from (\S+) to (\S+) in 150 steps`).FindStringSubmatch(said)
		if found == nil {
			t.Fatal(said)
		}
		first, _ := strconv.ParseFloat(found[1], 64)
		last, _ := strconv.ParseFloat(found[2], 64)
		if !(last < first/4) {
			t.Errorf("%s: the difference fell from %v to %v", game, first, last)
		}
		// The image of what was written differs from the picture by as much as was said.
		shape, _, err := picture.ReadNPY(npy)
		if err != nil || !slices.Equal(shape, c.shape) {
			t.Errorf("%s: %v are written (%v), want %v", game, shape, err, c.shape)
		}
		again := filepath.Join(dir, game+"-again.npy")
		generate := []string{"generate", "--model", model, "--latents", npy, "--npy", again, "--device", "cpu"}
		if of != nil {
			generate = append(generate, "--digit", "1")
		}
		succeed(t, generate...)
		_, pixels, err := picture.ReadNPY(again)
		if err != nil {
			t.Fatal(err)
		}
		sum := 0.0
		for i, v := range pixels {
			d := float64(v) - float64(image.Values[i])/255
			sum += d * d / float64(len(pixels))
		}
		if math.Abs(sum-last) > 0.001*last+1e-9 {
			t.Errorf("%s: what was written makes an image that differs by %v, not %v", game, sum, last)
		}
	}
	// Images are walked between, too; what is no latent of the model is refused.
	succeed(t, "generate", "--model", filepath.Join(dir, "stylegan", "model.safetensors"), "--latents", filepath.Join(dir, "stylegan.npy"), "--mix", "2",
		"--npy", filepath.Join(dir, "mixed.npy"), "--device", "cpu")
	model := filepath.Join(dir, "dcgan", "model.safetensors")
	fail(t, exitFailed, "the model has no noise of shape [6 4]", "generate", "--model", model, "--latents", filepath.Join(dir, "stylegan.npy"),
		"--npy", filepath.Join(dir, "x.npy"), "--device", "cpu")
	fail(t, exitUsage, "want no -n beside it", "generate", "--model", model, "--latents", filepath.Join(dir, "dcgan.npy"), "-n", "2", "--npy", filepath.Join(dir, "x.npy"))
	fail(t, exitFailed, "it is no array in NumPy's format", "generate", "--model", model, "--latents", filepath.Join(dir, "dcgan.png"), "--npy", filepath.Join(dir, "x.npy"))
	picture := filepath.Join(dir, "dcgan.png")
	fail(t, exitUsage, "project takes one picture, not 0", "project", "--model", model, "--out", filepath.Join(dir, "x.png"))
	fail(t, exitUsage, "nothing to write", "project", picture, "--model", model)
	fail(t, exitUsage, "--rate 0: want more than 0", "project", picture, "--model", model, "--rate", "0", "--out", filepath.Join(dir, "x.png"))
	putPicture(t, filepath.Join(dir, "wide.png"), 40, 20, color.RGBA{9, 99, 200, 255})
	succeed(t, "project", filepath.Join(dir, "wide.png"), "--model", model, "--steps", "1", "--out", filepath.Join(dir, "x.png"), "--device", "cpu")
}
