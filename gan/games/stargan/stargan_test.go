package stargan_test

import (
	"slices"
	"strings"
	"testing"

	"gangpu/gan/games/stargan"
	"gangpu/gan/train"
	"gangpu/gan/train/traintest"
)

func preset(t *testing.T, name string) stargan.Settings {
	t.Helper()
	p, err := stargan.System.Preset(name)
	if err != nil {
		t.Fatal(err)
	}
	return p.Settings.(stargan.Settings)
}

// The paper's networks at 128 pixels, for five domains, have as many parameters as the authors' code makes: 8.43 and 44.76
// million.
func TestParameterCounts(t *testing.T) {
	g, err := stargan.New(preset(t, "paper"), train.Input{Height: 128, Width: 128, Channels: 3, Classes: 5})
	if err != nil {
		t.Fatal(err)
	}
	for network, want := range map[string]int{"generator": 8430528, "discriminator": 44762048} {
		if got := traintest.Parameters(t, g, network, traintest.Images(5, 128, 128, 3, 5)); got != want {
			t.Errorf("%s has %d parameters, want %d", network, got, want)
		}
	}
}

func toy(t *testing.T) stargan.Settings {
	s := preset(t, "small")
	s.Filters, s.DFilters, s.Blocks, s.Critic, s.Average = 4, 4, 1, 2, 0.9
	return s
}

// attributes are data whose rows have some of three attributes.
func attributes(rows int) train.Data {
	d := traintest.Images(rows, 16, 16, 3, 0)
	f := train.Field{Name: "attributes", Shape: []int{3}}
	for i := range rows {
		f.Bytes = append(f.Bytes, byte(255*(i%2)), byte(255*(i/2%2)), byte(255*(i/4%2)))
	}
	d.Tables[0].Fields = append(d.Tables[0].Fields, f)
	return d
}

// Runs by classes with a mask and by attributes without one end with the same bits when they are stopped; the model makes
// another image for another domain.
func TestTrainsAndResumes(t *testing.T) {
	for labels, d := range map[string]train.Data{"class": traintest.Images(12, 16, 16, 3, 3), "attributes": attributes(12)} {
		s := toy(t)
		s.Labels, s.Mask = labels, labels == "class"
		g, err := stargan.New(s, train.Input{Height: 16, Width: 16, Channels: 3, Classes: 3, Iterations: 4})
		if err != nil {
			t.Fatal(err)
		}
		m := traintest.Resumes(t, traintest.CPU(t), g, d, 4)
		one := traintest.Use(t, m, train.TranslateUse, d)
		other := &d.Tables[0].Fields[1]
		other.Bytes = append(slices.Clone(other.Bytes[3:]), other.Bytes[:3]...)
		if two := traintest.Use(t, m, train.TranslateUse, d); len(one) != 2*16*16*3 || slices.Equal(one, two) {
			t.Errorf("%s: %d numbers, the same for another domain: %v", labels, len(one), slices.Equal(one, two))
		}
	}
}

func TestResumesOnEmulatedGPU(t *testing.T) {
	if testing.Short() {
		t.Skip("-short leaves out the emulator, which the race detector makes too slow; make test runs this")
	}
	s := toy(t)
	s.Filters, s.DFilters = 2, 2
	g, err := stargan.New(s, train.Input{Height: 8, Width: 8, Channels: 3, Classes: 3, Iterations: 2})
	if err != nil {
		t.Fatal(err)
	}
	traintest.Resumes(t, traintest.Emulated(t), g, traintest.Images(6, 8, 8, 3, 3), 2)
}

// Shards of one image have targets too.
func TestShardsOfOneImage(t *testing.T) {
	for labels, d := range map[string]train.Data{"class": traintest.Images(4, 16, 16, 3, 3), "attributes": attributes(4)} {
		s := toy(t)
		s.Labels = labels
		g, err := stargan.New(s, train.Input{Height: 16, Width: 16, Channels: 3, Classes: 3})
		if err != nil {
			t.Fatal(err)
		}
		tr, err := train.New(traintest.CPU(t), g, train.Settings{Batch: 2, Shards: 2, Seed: 1}, d)
		if err != nil {
			t.Fatal(err)
		}
		defer tr.Close()
		if err := tr.Step(); err != nil {
			t.Fatal(err)
		}
		if _, err := tr.Metrics(); err != nil {
			t.Error(err)
		}
	}
}

func TestRefusals(t *testing.T) {
	for want, change := range map[string]func(s *stargan.Settings, in *train.Input){
		"labels is \"tone\"":  func(s *stargan.Settings, in *train.Input) { s.Labels = "tone" },
		"images with classes": func(s *stargan.Settings, in *train.Input) { in.Classes = 0 },
		"penalty is 0":        func(s *stargan.Settings, in *train.Input) { s.Penalty = 0 },
		"class_weight is 0":   func(s *stargan.Settings, in *train.Input) { s.Class = 0 },
		"multiples of 4":      func(s *stargan.Settings, in *train.Input) { in.Height = 18 },
		"critic is 0":         func(s *stargan.Settings, in *train.Input) { s.Critic = 0 },
		"decay is 2":          func(s *stargan.Settings, in *train.Input) { s.Decay = 2 },
		"halved 9 times":      func(s *stargan.Settings, in *train.Input) { s.DLayers = 9 },
	} {
		s, in := toy(t), train.Input{Height: 16, Width: 16, Channels: 3, Classes: 3}
		change(&s, &in)
		if _, err := stargan.New(s, in); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error is %v, want one with %q", err, want)
		}
	}
}
