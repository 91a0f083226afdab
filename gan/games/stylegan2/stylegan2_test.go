package stylegan2_test

import (
	"strings"
	"testing"

	"gangpu/engine/program"
	"gangpu/gan/games/style"
	"gangpu/gan/games/stylegan2"
	"gangpu/gan/train"
	"gangpu/gan/train/traintest"
)

func toy() stylegan2.Settings {
	s := stylegan2.System.Presets[1].Settings.(stylegan2.Settings)
	s.Latent, s.Styles, s.Mapping, s.Filters, s.MostFilters, s.R1Every, s.PathEvery = 3, 4, 2, 16, 3, 2, 2
	return s
}

func game(t *testing.T, s stylegan2.Settings, side int) train.Game {
	t.Helper()
	g, err := stylegan2.New(s, train.Input{Height: side, Width: side, Channels: 3})
	if err != nil {
		t.Fatal(err)
	}
	return g
}

func TestTrains(t *testing.T) {
	traintest.Run(t, game(t, toy(), 8), traintest.Images(12, 8, 8, 3, 0))
	s := toy()
	s.Target, s.TargetIn = 0.6, 10
	traintest.Run(t, game(t, s, 8), traintest.Images(12, 8, 8, 3, 0), "augmentation/p") // which no score is sure enough for
	s = toy()
	s.Mixing, s.Path, s.R1, s.Average = 0, 0, 0, 0
	traintest.Run(t, game(t, s, 16), traintest.Images(8, 16, 16, 3, 0))
}

// A run that was killed between penalties goes on to the same bits.
func TestResumes(t *testing.T) {
	for device, open := range map[string]func(testing.TB) program.Device{"cpu": traintest.CPU, "emulated": traintest.Emulated} {
		t.Run(device, func(t *testing.T) {
			if device == "emulated" && testing.Short() {
				t.Skip("-short leaves out the emulator, which the race detector makes too slow; make test runs this")
			}
			traintest.Resumes(t, open(t), game(t, toy(), 8), traintest.Images(12, 8, 8, 3, 0), 3)
		})
	}
}

// The networks of config-f have as many parameters as the authors' code prints.
func TestParameters(t *testing.T) {
	g := game(t, stylegan2.System.Presets[0].Settings.(stylegan2.Settings), 1024)
	image := train.Field{Name: "image", Shape: []int{1024, 1024, 3}, Bytes: make([]byte, 1024*1024*3)}
	p, err := train.Networks(g, train.Data{Tables: []train.Table{{Rows: 1, Fields: []train.Field{image}}}})
	if err != nil {
		t.Fatal(err)
	}
	if got := p[style.Mapping].Count() + p[style.Synthesis].Count(); got != 30_370_060 {
		t.Errorf("the generator has %d parameters, want 30,370,060", got)
	}
	if got := p["discriminator"].Count(); got != 29_012_513 {
		t.Errorf("the discriminator has %d parameters, want 29,012,513", got)
	}
}

func TestRefusals(t *testing.T) {
	for want, c := range map[string]struct {
		change        func(s *stylegan2.Settings)
		height, width int
	}{
		"images of 48x48":      {func(*stylegan2.Settings) {}, 48, 48},
		"images of 64x32":      {func(*stylegan2.Settings) {}, 32, 64},
		"mixing is 1.5":        {func(s *stylegan2.Settings) { s.Mixing = 1.5 }, 32, 32},
		"r1 is -1":             {func(s *stylegan2.Settings) { s.R1 = -1 }, 32, 32},
		"path_every is 0":      {func(s *stylegan2.Settings) { s.PathEvery = 0 }, 32, 32},
		"most_filters is 0":    {func(s *stylegan2.Settings) { s.MostFilters = 0 }, 32, 32},
		"ada is 1 in 3000":     {func(s *stylegan2.Settings) { s.Target = 1 }, 32, 32},
		"styles_decay is 1.01": {func(s *stylegan2.Settings) { s.Decay = 1.01 }, 32, 32},
	} {
		s := toy()
		c.change(&s)
		if _, err := stylegan2.New(s, train.Input{Height: c.height, Width: c.width, Channels: 3}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error is %v, want one with %q", err, want)
		}
	}
}
