package stylegan_test

import (
	"slices"
	"strings"
	"testing"

	"gangpu/engine/program"
	"gangpu/gan/games/style"
	"gangpu/gan/games/stylegan"
	"gangpu/gan/train"
	"gangpu/gan/train/traintest"
)

func toy() stylegan.Settings {
	s := stylegan.System.Presets[1].Settings.(stylegan.Settings)
	s.Latent, s.Styles, s.Mapping, s.Filters, s.Sides, s.Hold, s.Fade = 3, 4, 2, 3, 24, 4, 12
	return s
}

func game(t testing.TB, s stylegan.Settings, side int) train.Game {
	t.Helper()
	g, err := stylegan.New(s, train.Input{Height: side, Width: side, Channels: 3, Batch: 4})
	if err != nil {
		t.Fatal(err)
	}
	return g
}

func TestTrains(t *testing.T) {
	s := toy()
	traintest.Run(t, game(t, s, 8), traintest.Images(12, 8, 8, 3, 0))
	s.Grow, s.Mixing, s.R1, s.Average = false, 0, 0, 0
	traintest.Run(t, game(t, s, 16), traintest.Images(8, 16, 16, 3, 0))
}

// A run that was killed goes on to the same bits: before images grow, in a fade, and behind it.
func TestResumes(t *testing.T) {
	for device, open := range map[string]func(testing.TB) program.Device{"cpu": traintest.CPU, "emulated": traintest.Emulated} {
		t.Run(device, func(t *testing.T) {
			if device == "emulated" && testing.Short() {
				t.Skip("-short leaves out the emulator, which the race detector makes too slow; make test runs this")
			}
			saved := map[string][]int{"cpu": {1, 4}, "emulated": {2}}[device]
			for _, at := range saved {
				traintest.Resumes(t, open(t), game(t, toy(), 16), traintest.Images(12, 16, 16, 3, 0), at)
			}
		})
	}
}

// The networks of the paper's size have as many parameters as the authors' code prints: over all stages.
func TestParameters(t *testing.T) {
	g, err := stylegan.New(stylegan.System.Presets[0].Settings.(stylegan.Settings), train.Input{Height: 1024, Width: 1024, Channels: 3, Batch: 256})
	if err != nil {
		t.Fatal(err)
	}
	image := train.Field{Name: "image", Shape: []int{1024, 1024, 3}, Bytes: make([]byte, 1024*1024*3)}
	counts, seen := map[string]int{}, map[string]bool{}
	stages := g.Stages()
	for _, stage := range stages {
		if strings.Contains(stage.Stage, "fades") {
			continue // has the layers of the stages before and after it
		}
		p, err := train.Networks(stage, train.Data{Tables: []train.Table{{Rows: 1, Fields: []train.Field{image}}}})
		if err != nil {
			t.Fatal(err)
		}
		for network, q := range p {
			for _, a := range q.List {
				if !seen[a.Name] && !a.State {
					seen[a.Name] = true
					counts[network] += a.Len()
				}
			}
		}
	}
	if got, images4 := counts[style.Mapping]+counts[style.Synthesis], 512*3+3; got+images4 != 26_219_627 {
		t.Errorf("the generator has %d parameters and %d of a layer for images of 4 x 4, want 26,219,627", got, images4)
	}
	if got, images4 := counts["discriminator"], 3*512+512; got+images4 != 23_087_249 {
		t.Errorf("the discriminator has %d parameters and %d of a layer for images of 4 x 4, want 23,087,249", got, images4)
	}
	var names []string
	for _, s := range stages[:3] {
		names = append(names, s.Stage)
	}
	if want := []string{"8 x 8", "16 x 16 fades in", "16 x 16"}; !slices.Equal(names, want) || len(stages) != 15 {
		t.Errorf("%d stages %v..., want 15, %v...", len(stages), names, want)
	}
}

func TestRefusals(t *testing.T) {
	for want, c := range map[string]struct {
		change        func(s *stylegan.Settings)
		height, width int
	}{
		"images of 48x48":        {func(*stylegan.Settings) {}, 48, 48},
		"images of 64x32":        {func(*stylegan.Settings) {}, 32, 64},
		"mixing is 1.5":          {func(s *stylegan.Settings) { s.Mixing = 1.5 }, 32, 32},
		"r1 is -1":               {func(s *stylegan.Settings) { s.R1 = -1 }, 32, 32},
		"fade is 0":              {func(s *stylegan.Settings) { s.Fade = 0 }, 32, 32},
		"divides the batch of 4": {func(s *stylegan.Settings) { s.Batches = "8:3" }, 32, 32},
		"styles_decay is 1.01":   {func(s *stylegan.Settings) { s.Decay = 1.01 }, 32, 32},
	} {
		s := toy()
		c.change(&s)
		if _, err := stylegan.New(s, train.Input{Height: c.height, Width: c.width, Channels: 3, Batch: 4}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error is %v, want one with %q", err, want)
		}
	}
}
