package pix2pix_test

import (
	"strings"
	"testing"

	"gangpu/gan/games/pix2pix"
	"gangpu/gan/games/translation"
	"gangpu/gan/nn"
	"gangpu/gan/train"
	"gangpu/gan/train/traintest"
)

func preset(t *testing.T, name string) pix2pix.Settings {
	t.Helper()
	p, err := pix2pix.System.Preset(name)
	if err != nil {
		t.Fatal(err)
	}
	return p.Settings.(pix2pix.Settings)
}

// The networks of the paper at 256 pixels have as many parameters as those that PyTorch's implementation prints: 54.414
// and 2.769 million.
func TestParameterCounts(t *testing.T) {
	g, err := pix2pix.New(preset(t, "paper"), train.Input{Height: 256, Width: 256, Channels: 3})
	if err != nil {
		t.Fatal(err)
	}
	for network, want := range map[string]int{"generator": 54413955, "discriminator": 2768705} {
		if got := traintest.Parameters(t, g, network, traintest.Pairs(1, 256, 256, 3)); got != want {
			t.Errorf("%s has %d parameters, want %d", network, got, want)
		}
	}
}

// toy are settings for 16 pixels.
func toy(t *testing.T) pix2pix.Settings {
	s := preset(t, "small")
	s.Filters, s.DFilters, s.Blocks = 4, 4, 1
	return s
}

func TestTrains(t *testing.T) {
	for name, change := range map[string]func(s *pix2pix.Settings){
		"small":      func(*pix2pix.Settings) {},
		"paper":      func(s *pix2pix.Settings) { s.Statistics, s.Direction = "image", "b-to-a" },
		"resnet":     func(s *pix2pix.Settings) { s.Generator, s.Padding = translation.Residual, translation.Reflect },
		"instance":   func(s *pix2pix.Settings) { s.Norm, s.Loss, s.Levels = "instance", nn.LeastSquaresGame, 3 },
		"nearest":    func(s *pix2pix.Settings) { s.Norm, s.Upsampling = "none", translation.Nearest },
		"pixels":     func(s *pix2pix.Settings) { s.DLayers, s.Dropout, s.Init, s.Loss = 0, 0, "he", nn.HingeGame },
		"without D":  func(s *pix2pix.Settings) { s.Adversarial = 0 },
		"without L1": func(s *pix2pix.Settings) { s.L1 = 0 },
	} {
		t.Run(name, func(t *testing.T) {
			s := toy(t)
			change(&s)
			g, err := pix2pix.New(s, train.Input{Height: 16, Width: 16, Channels: 3, Fields: []string{"a", "b"}})
			if err != nil {
				t.Fatal(err)
			}
			traintest.Run(t, g, traintest.Pairs(12, 16, 16, 3))
		})
	}
}

func TestRefusals(t *testing.T) {
	for want, change := range map[string]func(s *pix2pix.Settings, in *train.Input){
		"filters is 0":              func(s *pix2pix.Settings, in *train.Input) { s.Filters = 0 },
		"the game wgan":             func(s *pix2pix.Settings, in *train.Input) { s.Loss = nn.Wasserstein },
		"direction is \"AtoB\"":     func(s *pix2pix.Settings, in *train.Input) { s.Direction = "AtoB" },
		"for the generator resnet":  func(s *pix2pix.Settings, in *train.Input) { s.Padding = translation.Reflect },
		"want multiples of 16":      func(s *pix2pix.Settings, in *train.Input) { in.Width = 24 },
		"want fewer layers":         func(s *pix2pix.Settings, in *train.Input) { s.DLayers = 3 },
		"needs pictures of two":     func(s *pix2pix.Settings, in *train.Input) { in.Fields = []string{"image"} },
		"one of them above 0":       func(s *pix2pix.Settings, in *train.Input) { s.L1, s.Adversarial = 0, 0 },
		"statistics is \"moving\"":  func(s *pix2pix.Settings, in *train.Input) { s.Statistics = "moving" },
		"one image at a time":       func(s *pix2pix.Settings, in *train.Input) { s.Statistics, in.Batch = "image", 8 },
		"init is \"\", want normal": func(s *pix2pix.Settings, in *train.Input) { s.Init = "" },
	} {
		s, in := toy(t), train.Input{Height: 16, Width: 16, Channels: 3, Fields: []string{"a", "b"}}
		change(&s, &in)
		if _, err := pix2pix.New(s, in); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error is %v, want one with %q", err, want)
		}
	}
}
