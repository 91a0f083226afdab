package dcgan_test

import (
	"strings"
	"testing"

	"gangpu/gan/games/dcgan"
	"gangpu/gan/nn"
	"gangpu/gan/train"
	"gangpu/gan/train/traintest"
)

// The networks of the paper at 64 pixels have as many parameters as those of PyTorch's own example, whose summary
// says 3,576,704 and 2,765,568.
func TestParameterCounts(t *testing.T) {
	g, err := dcgan.New(dcgan.System.Presets[0].Settings.(dcgan.Settings), train.Input{Height: 64, Width: 64, Channels: 3})
	if err != nil {
		t.Fatal(err)
	}
	for network, want := range map[string]int{"generator": 3576704, "discriminator": 2765568} {
		if got := traintest.Parameters(t, g, network, traintest.Images(2, 64, 64, 3, 0)); got != want {
			t.Errorf("%s has %d parameters, want %d", network, got, want)
		}
	}
}

func TestSizes(t *testing.T) {
	for _, c := range []struct{ height, width, levels int }{{28, 28, 2}, {32, 32, 3}, {48, 48, 3}, {64, 64, 4}, {128, 64, 4}, {136, 128, 0}, {30, 30, 0}, {8, 8, 0}} {
		got, err := dcgan.Levels(c.height, c.width)
		if got != c.levels || (err == nil) != (c.levels > 0) {
			t.Errorf("%dx%d is halved %d times, want %d (%v)", c.width, c.height, got, c.levels, err)
		}
	}
}

func TestTrains(t *testing.T) {
	for _, loss := range []nn.Adversarial{nn.NonSaturating, nn.LeastSquaresGame, nn.HingeGame} {
		g, err := dcgan.New(dcgan.Settings{Latent: 8, Filters: 4, Loss: loss, Rate: 2e-4, Beta1: 0.5, Average: 0.9}, train.Input{Height: 16, Width: 16, Channels: 3})
		if err != nil {
			t.Fatal(err)
		}
		traintest.Run(t, g, traintest.Images(20, 16, 16, 3, 0))
	}
}

func TestRefusals(t *testing.T) {
	in := train.Input{Height: 16, Width: 16, Channels: 3}
	for want, s := range map[string]dcgan.Settings{
		"filters is 0":           {Latent: 8, Loss: nn.HingeGame},
		"the game wgan":          {Latent: 8, Filters: 4, Loss: nn.Wasserstein},
		"loss is \"wassertein\"": {Latent: 8, Filters: 4, Loss: "wassertein"},
	} {
		if _, err := dcgan.New(s, in); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error is %v, want one with %q", err, want)
		}
	}
}
