// Package biggan is the class-conditional GAN of Brock, Donahue and Simonyan ("Large scale GAN training for high fidelity
// natural image synthesis", 2019), with the details of the first author's code: residual networks whose kernels are
// divided by their largest singular values, norms that a class and a part of the noise scale and shift, self-attention, and
// a score that is a projection by the class.
package biggan

import (
	"errors"
	"fmt"

	"gangpu/gan/games/dcgan"
	"gangpu/gan/nn"
	"gangpu/gan/train"
)

// Settings are those of the game.
type Settings struct {
	Latent        int     `json:"latent" usage:"normals of each part of the noise: the first layer has a part, and so has each block"`
	Embedding     int     `json:"embedding" usage:"length of the learned vector of a class, which all norms of the generator share"`
	Filters       int     `json:"filters" usage:"filters of the layers next to the image; those behind them have up to 16 times as many"`
	Attention     int     `json:"attention" usage:"side, in pixels, of the maps that have self-attention, or half of the image's if that is less; 0 is none"`
	Discriminator int     `json:"d_steps" usage:"updates of the discriminator before each of the generator"`
	Rate          float64 `json:"lr" usage:"Adam's learning rate for the generator"`
	RateOfD       float64 `json:"lr_d" usage:"and for the discriminator"`
	Average       float64 `json:"ema" usage:"decay of the moving average of the generator's weights, which makes the images; 0 is none"`
	AverageFrom   int     `json:"ema_from" usage:"iteration from which the average is one: before, it is the weights as they are"`
}

// System is the game as the command knows it.
var System = train.System{
	Name: "biggan", Title: "class-conditional GAN of residual networks, with self-attention", Paper: "Brock, Donahue and Simonyan, 2019, arXiv:1809.11096",
	Needs: "square images of 16 to 512 pixels with classes", Dataset: "emoji",
	Presets: []train.Preset{
		{Name: "paper", Description: "the paper's networks and rates, for 128 pixels and many GPUs, in eight shards", Batch: 2048, Epochs: 100,
			Settings: Settings{Latent: 20, Embedding: 128, Filters: 96, Attention: 64, Discriminator: 2, Rate: 5e-5, RateOfD: 2e-4, Average: 0.9999, AverageFrom: 20000}},
		{Name: "small", Description: "16 filters: for 32 pixels and two cores", Batch: 64, Epochs: 60,
			Settings: Settings{Latent: 20, Embedding: 32, Filters: 16, Attention: 16, Discriminator: 2, Rate: 2e-4, RateOfD: 2e-4, Average: 0.999}},
	},
	New: func(settings any, in train.Input) (train.Game, error) { return New(settings.(Settings), in) },
}

// Validate reports the first setting that no game can have.
func (s Settings) Validate() error {
	switch {
	case s.Attention != 0 && (s.Attention < 2*bottom || s.Attention&(s.Attention-1) != 0):
		return fmt.Errorf("attention is %d, want 0, or 8, 16, 32 and so on: the sides of maps between the layers", s.Attention)
	case s.AverageFrom < 0:
		return fmt.Errorf("ema_from is %d, want 0 or more", s.AverageFrom)
	}
	return errors.Join(dcgan.Positive("latent", s.Latent), dcgan.Positive("embedding", s.Embedding), dcgan.Positive("filters", s.Filters),
		dcgan.Positive("d_steps", s.Discriminator))
}

// New makes the game for images of a size, of some classes.
func New(s Settings, in train.Input) (train.Game, error) {
	if err := s.Validate(); err != nil {
		return train.Game{}, err
	}
	if in.Classes < 2 {
		return train.Game{}, errors.New("biggan needs images with classes: a folder a class, or a table of labels")
	}
	if in.Batch == 1 {
		return train.Game{}, errors.New("biggan needs several images in a batch, or in a shard of one: the norms of its generator are by their statistics")
	}
	w, err := widthsOf(in)
	if err != nil {
		return train.Game{}, err
	}
	const loss = nn.HingeGame
	optimizer := func(rate float64) train.Adam {
		return train.Adam{Rate: train.Constant(rate), Beta1: 0, Beta2: 0.999, Epsilon: 1e-6}
	}
	noise := func(b *train.Builder) *nn.Node { return b.Noise("z", s.Latent*len(w.generator)) }
	fake := func(b *train.Builder) (x, class *nn.Node) {
		class = b.Classes("class of fakes", in.Classes)
		return b.Apply("generator", noise(b), class), class
	}
	return train.Game{
		Name: "biggan", Settings: s, Low: -1, High: 1, Guides: dcgan.Guides(loss),
		Networks: []train.Network{
			{Name: "generator", Net: s.generator(w, in), Average: s.Average, AverageFrom: s.AverageFrom},
			{Name: "discriminator", Net: s.discriminator(w, in)},
		},
		Phases: []train.Phase{
			{Name: "d", Trains: []string{"discriminator"}, Times: s.Discriminator, Optimizer: optimizer(s.RateOfD), Loss: func(b *train.Builder) *nn.Node {
				x, class := b.Data("image"), b.Data("class")
				y, wanted := fake(b)
				real, fakes := b.Apply("discriminator", x, class), b.Apply("discriminator", nn.Detach(y), wanted)
				b.Share("accuracy_real", nn.Above(real, loss.Boundary()))
				b.Share("accuracy_fake", nn.Below(fakes, loss.Boundary()))
				return b.Term("d_loss", 1, loss.Real(real), loss.Fake(fakes))
			}},
			{Name: "g", Trains: []string{"generator"}, Optimizer: optimizer(s.Rate), Loss: func(b *train.Builder) *nn.Node {
				x, class := fake(b)
				return b.Term("g_loss", 1, loss.Generator(b.Apply("discriminator", x, class)))
			}},
		},
		Sample: func(b *train.Builder) *nn.Node {
			return b.Apply("generator", noise(b), b.Classes("class", in.Classes))
		},
	}, nil
}
