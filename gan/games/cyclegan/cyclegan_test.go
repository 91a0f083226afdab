package cyclegan_test

import (
	"strings"
	"testing"

	"gangpu/gan/games/cyclegan"
	"gangpu/gan/games/translation"
	"gangpu/gan/train"
	"gangpu/gan/train/traintest"
)

func preset(t *testing.T, name string) cyclegan.Settings {
	t.Helper()
	p, err := cyclegan.System.Preset(name)
	if err != nil {
		t.Fatal(err)
	}
	return p.Settings.(cyclegan.Settings)
}

// The networks of the paper have as many parameters as those that PyTorch's implementation prints: 11.378 and 2.765
// million; with 6 blocks, for 128 pixels, 7.84 million.
func TestParameterCounts(t *testing.T) {
	for blocks, generator := range map[int]int{9: 11378179, 6: 7837699} {
		s := preset(t, "paper")
		s.Blocks = blocks
		g, err := cyclegan.New(s, train.Input{Height: 64, Width: 64, Channels: 3})
		if err != nil {
			t.Fatal(err)
		}
		for network, want := range map[string]int{"generator_ab": generator, "generator_ba": generator, "discriminator_a": 2764737, "discriminator_b": 2764737} {
			if got := traintest.Parameters(t, g, network, traintest.Pairs(1, 64, 64, 3)); got != want {
				t.Errorf("%d blocks: %s has %d parameters, want %d", blocks, network, got, want)
			}
		}
	}
}

// toy are settings for 16 pixels.
func toy(t *testing.T) cyclegan.Settings {
	s := preset(t, "small")
	s.Filters, s.DFilters, s.Blocks, s.Pool = 4, 4, 1, 5
	return s
}

func TestTrains(t *testing.T) {
	for name, change := range map[string]func(s *cyclegan.Settings){
		"small":         func(*cyclegan.Settings) {},
		"without cycle": func(s *cyclegan.Settings) { s.Cycle, s.Pool = 0, 0 },
		"unet":          func(s *cyclegan.Settings) { s.Generator, s.Padding, s.Levels = translation.UNet, translation.Zero, 3 },
		"nearest":       func(s *cyclegan.Settings) { s.Upsampling, s.Identity = translation.Nearest, 0 },
	} {
		t.Run(name, func(t *testing.T) {
			s := toy(t)
			change(&s)
			g, err := cyclegan.New(s, train.Input{Height: 16, Width: 16, Channels: 3, Fields: []string{"a", "b"}})
			if err != nil {
				t.Fatal(err)
			}
			traintest.Run(t, g, traintest.Pairs(12, 16, 16, 3))
		})
	}
}

func TestRefusals(t *testing.T) {
	for want, change := range map[string]func(s *cyclegan.Settings, in *train.Input){
		"blocks is 0":           func(s *cyclegan.Settings, in *train.Input) { s.Blocks = 0 },
		"cycle -1":              func(s *cyclegan.Settings, in *train.Input) { s.Cycle = -1 },
		"pool is -1":            func(s *cyclegan.Settings, in *train.Input) { s.Pool = -1 },
		"want multiples of 4":   func(s *cyclegan.Settings, in *train.Input) { in.Height = 18 },
		"needs pictures of two": func(s *cyclegan.Settings, in *train.Input) { in.Fields = []string{"image"} },
	} {
		s, in := toy(t), train.Input{Height: 16, Width: 16, Channels: 3, Fields: []string{"a", "b"}}
		change(&s, &in)
		if _, err := cyclegan.New(s, in); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error is %v, want one with %q", err, want)
		}
	}
}
