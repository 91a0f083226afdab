// Package wgan is the Wasserstein GAN of Arjovsky, Chintala and Bottou (2017), and the one with a gradient penalty of
// Gulrajani et al. (2017), with DCGAN's networks.
package wgan

import (
	"errors"
	"fmt"

	"gangpu/gan/games/dcgan"
	"gangpu/gan/nn"
	"gangpu/gan/train"
)

// Settings are those of the game.
type Settings struct {
	Latent  int     `json:"latent" usage:"normals that an image is made from"`
	Filters int     `json:"filters" usage:"filters of the layers next to the image; the layers behind them have 2, 4, 8 times as many"`
	Norm    string  `json:"norm" usage:"norm in the critic: batch, layer or none"`
	Critic  int     `json:"critic" usage:"steps of the critic before each of the generator"`
	Clip    float64 `json:"clip" usage:"largest magnitude of the critic's weights; 0 is none"`
	Penalty float64 `json:"penalty" usage:"weight of the gradient penalty; 0 is none"`
	Rate    float64 `json:"lr" usage:"learning rate, of RMSProp with a clip, else of Adam"`
	Average float64 `json:"ema" usage:"decay of the moving average of the generator's weights, which makes the images; 0 is none"`
}

// System is the game as the command knows it.
var System = train.System{
	Name: "wgan", Title: "Wasserstein GAN", Paper: "Arjovsky, Chintala and Bottou, 2017, arXiv:1701.07875; Gulrajani et al., 2017, arXiv:1704.00028",
	Needs: "images", Dataset: "emoji",
	Presets: []train.Preset{
		{Name: "penalty", Description: "a gradient penalty keeps the critic's slope near 1 (WGAN-GP)", Batch: 64, Epochs: 100,
			Settings: Settings{Latent: 128, Filters: 64, Norm: "layer", Critic: 5, Penalty: 10, Rate: 1e-4}},
		{Name: "clip", Description: "the critic's weights are clipped, RMSProp (the first paper)", Batch: 64, Epochs: 100,
			Settings: Settings{Latent: 100, Filters: 64, Norm: "batch", Critic: 5, Clip: 0.01, Rate: 5e-5}},
	},
	New: func(settings any, in train.Input) (train.Game, error) { return New(settings.(Settings), in) },
}

// Validate reports the first setting that no game can have, or two that are known to be wrong together.
func (s Settings) Validate() error {
	switch {
	case s.Norm != "batch" && s.Norm != "layer" && s.Norm != "none":
		return fmt.Errorf("norm is %q, want batch, layer or none", s.Norm)
	case s.Penalty > 0 && s.Norm == "batch":
		return errors.New("a gradient penalty needs a critic without batch norm: the penalty is on the slope at each image, and a " +
			"batch norm makes the score of an image depend on the others (Gulrajani et al., 2017, section 4): want norm layer or none")
	case !(s.Penalty >= 0) || !(s.Clip >= 0):
		return fmt.Errorf("penalty is %v and clip %v, want positive numbers, or 0 for none", s.Penalty, s.Clip)
	case s.Penalty == 0 && s.Clip == 0:
		return errors.New("without a clip or a penalty the critic's loss has no lower bound")
	case s.Penalty > 0 && s.Clip > 0:
		return errors.New("a clip and a penalty are two ways to bound the slope: want one of them")
	}
	return errors.Join(dcgan.Positive("latent", s.Latent), dcgan.Positive("filters", s.Filters), dcgan.Positive("critic", s.Critic))
}

// New makes the game for images of a size.
func New(s Settings, in train.Input) (train.Game, error) {
	if err := s.Validate(); err != nil {
		return train.Game{}, err
	}
	levels, err := dcgan.Levels(in.Height, in.Width)
	if err != nil {
		return train.Game{}, err
	}
	var optimizer train.Optimizer = train.Adam{Rate: train.Constant(s.Rate), Beta1: 0, Beta2: 0.9, Epsilon: 1e-8}
	if s.Clip > 0 {
		optimizer = train.RMSProp{Rate: train.Constant(s.Rate), Decay: 0.99}
	}
	fake := func(b *train.Builder) *nn.Node { return b.Apply("generator", b.Noise("z", s.Latent)) }
	return train.Game{
		Name: "wgan", Settings: s, Low: -1, High: 1,
		Networks: []train.Network{
			{Name: "generator", Net: dcgan.Generator(in, levels, s.Filters), Average: s.Average},
			{Name: "critic", Net: dcgan.Discriminator(levels, s.Filters, s.Norm, false, dcgan.Score)},
		},
		Phases: []train.Phase{
			{Name: "critic", Trains: []string{"critic"}, Times: s.Critic, Optimizer: optimizer, ClipWeights: s.Clip,
				Loss: func(b *train.Builder) *nn.Node {
					x, y := b.Data("image"), nn.Detach(fake(b))
					loss := b.Term("critic_loss", 1, nn.Wasserstein.Real(b.Apply("critic", x)), nn.Wasserstein.Fake(b.Apply("critic", y)))
					if s.Penalty == 0 {
						return loss
					}
					between := nn.Lerp(y, x, b.Uniform("t", 1, 1, 1))
					slope := nn.Slope(b.Apply("critic", between), between)
					return nn.Add(loss, b.Term("penalty", s.Penalty, nn.GradientPenalty(slope)))
				}},
			{Name: "g", Trains: []string{"generator"}, Optimizer: optimizer, Loss: func(b *train.Builder) *nn.Node {
				return b.Term("g_loss", 1, nn.Wasserstein.Generator(b.Apply("critic", fake(b))))
			}},
		},
		Sample: fake,
	}, nil
}
