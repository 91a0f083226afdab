// Package dcgan is the deep convolutional GAN of Radford, Metz and Chintala ("Unsupervised representation learning with
// deep convolutional generative adversarial networks", 2016), with the details of the authors' code: kernels of 4x4,
// weights drawn with a deviation of 0.02.
package dcgan

import (
	"errors"
	"fmt"
	"math"

	"gangpu/gan/nn"
	"gangpu/gan/train"
)

// Settings are those of the game.
type Settings struct {
	Latent  int            `json:"latent" usage:"normals that an image is made from"`
	Filters int            `json:"filters" usage:"filters of the layers next to the image; the layers behind them have 2, 4, 8 times as many"`
	Loss    nn.Adversarial `json:"loss" usage:"non-saturating, least-squares or hinge"`
	Rate    float64        `json:"lr" usage:"Adam's learning rate"`
	Beta1   float64        `json:"beta1" usage:"decay of Adam's mean"`
	Average float64        `json:"ema" usage:"decay of the moving average of the generator's weights, which makes the images; 0 is none"`
}

// System is the game as the command knows it.
var System = train.System{
	Name: "dcgan", Title: "deep convolutional GAN", Paper: "Radford, Metz and Chintala, 2016, arXiv:1511.06434", Needs: "images", Dataset: "emoji",
	Presets: []train.Preset{
		{Name: "paper", Description: "the paper's networks and rates", Batch: 64, Epochs: 25,
			Settings: Settings{Latent: 100, Filters: 64, Loss: nn.NonSaturating, Rate: 2e-4, Beta1: 0.5}},
		{Name: "small", Description: "half of the filters, averaged weights: for two cores", Batch: 64, Epochs: 100,
			Settings: Settings{Latent: 100, Filters: 32, Loss: nn.NonSaturating, Rate: 2e-4, Beta1: 0.5, Average: 0.999}},
	},
	New: func(settings any, in train.Input) (train.Game, error) { return New(settings.(Settings), in) },
}

// Validate reports the first setting that no game can have.
func (s Settings) Validate() error {
	if s.Loss == nn.Wasserstein {
		return errors.New("the loss wasserstein needs a critic whose slope is bounded: the game wgan has one")
	}
	return errors.Join(Positive("latent", s.Latent), Positive("filters", s.Filters), s.Loss.Validate())
}

// New makes the game for images of a size.
func New(s Settings, in train.Input) (train.Game, error) {
	if err := s.Validate(); err != nil {
		return train.Game{}, err
	}
	levels, err := Levels(in.Height, in.Width)
	if err != nil {
		return train.Game{}, err
	}
	adam := train.Adam{Rate: train.Constant(s.Rate), Beta1: s.Beta1, Beta2: 0.999, Epsilon: 1e-8}
	fake := func(b *train.Builder) *nn.Node { return b.Apply("generator", b.Noise("z", s.Latent)) }
	return train.Game{
		Name: "dcgan", Settings: s, Low: -1, High: 1, Guides: Guides(s.Loss),
		Networks: []train.Network{
			{Name: "generator", Net: Generator(in, levels, s.Filters), Average: s.Average},
			{Name: "discriminator", Net: Discriminator(levels, s.Filters, "batch", false, Score)},
		},
		Phases: []train.Phase{
			{Name: "d", Trains: []string{"discriminator"}, Optimizer: adam, Loss: func(b *train.Builder) *nn.Node {
				real := b.Apply("discriminator", b.Data("image"))
				fakes := b.Apply("discriminator", nn.Detach(fake(b)))
				b.Share("accuracy_real", nn.Above(real, s.Loss.Boundary()))
				b.Share("accuracy_fake", nn.Below(fakes, s.Loss.Boundary()))
				return b.Term("d_loss", 1, s.Loss.Real(real), s.Loss.Fake(fakes))
			}},
			{Name: "g", Trains: []string{"generator"}, Optimizer: adam, Loss: func(b *train.Builder) *nn.Node {
				return b.Term("g_loss", 1, s.Loss.Generator(b.Apply("discriminator", fake(b))))
			}},
		},
		Sample: fake,
	}, nil
}

// Guides are the discriminator's loss, a sum over real images and fakes, where it gives all the same odds.
func Guides(loss nn.Adversarial) []train.Guide {
	switch loss {
	case nn.NonSaturating:
		return []train.Guide{{Axis: "loss", Value: 2 * math.Ln2, Label: "2 log 2"}}
	case nn.LeastSquaresGame:
		return []train.Guide{{Axis: "loss", Value: 0.5, Label: "cannot tell"}}
	case nn.HingeGame:
		return []train.Guide{{Axis: "loss", Value: 2, Label: "cannot tell"}}
	}
	return nil
}

// Positive reports a count below 1.
func Positive(name string, n int) error {
	if n < 1 {
		return fmt.Errorf("%s is %d, want at least 1", name, n)
	}
	return nil
}

// Levels is how often images are halved, to 3 to 7 pixels.
func Levels(height, width int) (int, error) {
	h, w, n := height, width, 0
	for h%2 == 0 && w%2 == 0 && min(h, w) >= 8 {
		h, w, n = h/2, w/2, n+1
	}
	if n < 2 || max(h, w) > 16 {
		return 0, fmt.Errorf("images of %dx%d cannot be halved to a few pixels: want a size such as 32, 48, 64 or 128", width, height)
	}
	return n, nil
}

// Generator makes images in [-1, 1] of noise, joined with whatever else it is given [batch, n]: a dense layer to the
// smallest image, and transposed convolutions that double it.
func Generator(in train.Input, levels, filters int) nn.Network {
	return func(l *nn.Layers, x []*nn.Node) []*nn.Node {
		l.Initialise(nn.RandomNormal(0, 0.02))
		norm := nn.Norm{Gamma: nn.RandomNormal(1, 0.02)}
		f := filters << (levels - 1)
		h, w := in.Height>>levels, in.Width>>levels
		y := x[0]
		if len(x) > 1 {
			y = nn.Concat(x...)
		}
		y = nn.Reshape(l.Dense(y, nn.Units{N: h * w * f, NoBias: true}), h, w, f)
		for range levels - 1 {
			f /= 2
			y = nn.ReLU(l.BatchNorm(y, norm))
			y = l.ConvTranspose(y, nn.Conv{Filters: f, Kernel: 4, Stride: 2, Padding: nn.Pad(1), NoBias: true})
		}
		y = nn.ReLU(l.BatchNorm(y, norm))
		return []*nn.Node{nn.Tanh(l.ConvTranspose(y, nn.Conv{Filters: in.Channels, Kernel: 4, Stride: 2, Padding: nn.Pad(1), NoBias: true}))}
	}
}

// Head makes a discriminator's outputs of its features, an image [batch, h, w, channels]. x are all inputs.
type Head func(l *nn.Layers, features *nn.Node, spectral bool, x []*nn.Node) []*nn.Node

// Score is the head of one score for each image.
func Score(l *nn.Layers, features *nn.Node, spectral bool, _ []*nn.Node) []*nn.Node {
	return []*nn.Node{l.Dense(nn.Flatten(features), nn.Units{N: 1, NoBias: true, Spectral: spectral})}
}

// Discriminator halves images by convolutions, each with more filters. The norm is "batch", "layer" or "none", and is
// left out next to the image.
func Discriminator(levels, filters int, norm string, spectral bool, head Head) nn.Network {
	return func(l *nn.Layers, x []*nn.Node) []*nn.Node {
		l.Initialise(nn.RandomNormal(0, 0.02))
		y := x[0]
		for i := range levels {
			biased := norm == "none" && i > 0
			y = l.Conv2D(y, nn.Conv{Filters: filters << i, Kernel: 4, Stride: 2, Padding: nn.Pad(1), NoBias: !biased, Spectral: spectral})
			if i > 0 {
				switch norm {
				case "batch":
					y = l.BatchNorm(y, nn.Norm{Gamma: nn.RandomNormal(1, 0.02)})
				case "layer":
					y = l.LayerNorm(y, nn.Norm{})
				}
			}
			y = nn.LeakyReLU(y, 0.2)
		}
		return head(l, y, spectral, x)
	}
}
