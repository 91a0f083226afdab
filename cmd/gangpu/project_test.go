package main

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"image/color"
	"math"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
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
		n := 1
		for _, d := range c.shape {
			n *= d
		}
		latent, file := make([]float32, n), readFile(t, npy)
		contains(t, string(file[:128]), strings.Trim(strings.ReplaceAll(fmt.Sprint(c.shape), " ", ", "), "[]"))
		if err := binary.Read(bytes.NewReader(file[128:]), binary.LittleEndian, latent); err != nil {
			t.Fatal(err)
		}
		inputs, err := s.Noise(1, 1)
		if err != nil {
			t.Fatal(err)
		}
		var pixels []float32
		if m.HasStyles() {
			styled, err := train.NewStyled(dev, m, 1, 1, 0)
			if err != nil {
				t.Fatal(err)
			}
			defer styled.Close()
			if pixels, err = styled.Synthesise(latent, inputs, 1); err != nil {
				t.Fatal(err)
			}
		} else {
			for name := range inputs {
				inputs[name] = latent
			}
			if err = s.OfClasses(inputs, 1, of...); err == nil {
				pixels, err = s.Generate(inputs, 1)
			}
		}
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
	model := filepath.Join(dir, "dcgan", "model.safetensors")
	picture := filepath.Join(dir, "dcgan.png")
	fail(t, exitUsage, "project takes one picture, not 0", "project", "--model", model, "--out", filepath.Join(dir, "x.png"))
	fail(t, exitUsage, "nothing to write", "project", picture, "--model", model)
	fail(t, exitUsage, "--rate 0: want more than 0", "project", picture, "--model", model, "--rate", "0", "--out", filepath.Join(dir, "x.png"))
	putPicture(t, filepath.Join(dir, "wide.png"), 40, 20, color.RGBA{9, 99, 200, 255})
	succeed(t, "project", filepath.Join(dir, "wide.png"), "--model", model, "--steps", "1", "--out", filepath.Join(dir, "x.png"), "--device", "cpu")
}
