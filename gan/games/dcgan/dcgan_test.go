package dcgan_test

import (
	"math"
	"strings"
	"testing"

	"gorgonia.org/tensor"

	"gangpu/engine/program"
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

// A discriminator whose every score is at the boundary has the loss of the guide.
func TestGuides(t *testing.T) {
	for _, loss := range nn.Adversarials {
		g := nn.NewGraph("guide", tensor.Float32)
		scores := g.Input("scores", program.Arg{Storage: "scores"}, 3, 1)
		p, err := g.Compile(nn.Output{Node: nn.Add(loss.Real(scores), loss.Fake(scores)), At: program.Arg{Storage: "loss"}})
		if err != nil {
			t.Fatal(err)
		}
		at, value := float32(loss.Boundary()), make([]float32, 1)
		if err := train.Once(traintest.CPU(t), p, map[string][]float32{"scores": {at, at, at}}, map[string][]float32{"loss": value}); err != nil {
			t.Fatal(err)
		}
		guides := dcgan.Guides(loss)
		if loss == nn.Wasserstein { // whose scores have no scale
			if guides != nil {
				t.Errorf("%s has the guides %v", loss, guides)
			}
			continue
		}
		if len(guides) != 1 || math.Abs(guides[0].Value-float64(value[0])) > 1e-6 {
			t.Errorf("%s: the guides are %v, the loss %v", loss, guides, value)
		}
	}
}
