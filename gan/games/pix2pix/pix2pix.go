// Package pix2pix makes images of images that it was shown pairs of: the conditional GAN of Isola, Zhu, Zhou and Efros
// ("Image-to-image translation with conditional adversarial networks", 2017), with the details of the authors' code.
package pix2pix

import (
	"errors"
	"fmt"
	"slices"

	"gangpu/gan/games/translation"
	"gangpu/gan/nn"
	"gangpu/gan/train"
)

// Settings are those of the game.
type Settings struct {
	Direction   string         `json:"direction" usage:"a-to-b or b-to-a: which pictures of a pair are made of which"`
	Generator   string         `json:"generator" usage:"unet, or resnet: CycleGAN's"`
	Filters     int            `json:"filters" usage:"filters of the generator's layers next to the image"`
	Levels      int            `json:"levels" usage:"how often a unet halves the image; 0 is to one pixel"`
	Blocks      int            `json:"blocks" usage:"residual blocks of a resnet"`
	Norm        string         `json:"norm" usage:"batch, instance or none"`
	Statistics  string         `json:"statistics" usage:"what a batch norm goes by in use: image (each image's own, as a batch of one has them) or running (averages of the training)"`
	Padding     string         `json:"padding" usage:"zero or reflect: what a resnet sees beside the image"`
	Upsampling  string         `json:"upsampling" usage:"transposed, or nearest: repeated pixels and a convolution, against checkerboards"`
	Dropout     float64        `json:"dropout" usage:"share of the activations that the generator drops, in use too: its noise"`
	DFilters    int            `json:"d_filters" usage:"filters of the discriminator's first layer"`
	DLayers     int            `json:"d_layers" usage:"layers of the discriminator that halve the image: 0 to 5 look at patches of 1, 16, 34, 70, 142, 286 pixels"`
	Init        string         `json:"init" usage:"what kernels are drawn by: normal (deviation 0.02), glorot or he"`
	Loss        nn.Adversarial `json:"loss" usage:"non-saturating, least-squares or hinge"`
	Adversarial float64        `json:"adversarial" usage:"weight of the adversarial term; 0 trains without a discriminator"`
	L1          float64        `json:"l1" usage:"weight of the distance from the true picture"`
	Rate        float64        `json:"lr" usage:"Adam's learning rate"`
	Beta1       float64        `json:"beta1" usage:"decay of Adam's mean"`
	Decay       float64        `json:"decay" usage:"share of the training, at its end, over which the rate falls to 0"`
}

// paper are the settings of the paper, and of most of its followers.
var paper = Settings{Direction: "a-to-b", Generator: translation.UNet, Filters: 64, Blocks: 9, Norm: "batch", Statistics: "image",
	Padding: translation.Zero, Upsampling: translation.Transposed, Dropout: 0.5, DFilters: 64, DLayers: 3, Init: "normal",
	Loss: nn.NonSaturating, Adversarial: 1, L1: 100, Rate: 2e-4, Beta1: 0.5, Decay: 0.5}

func small() Settings {
	s := paper
	s.Filters, s.DFilters, s.DLayers, s.Statistics = 32, 32, 2, "running"
	return s
}

// System is the game as the command knows it.
var System = train.System{
	Name: "pix2pix", Title: "image-to-image translation of pairs", Paper: "Isola, Zhu, Zhou and Efros, 2017, arXiv:1611.07004", Needs: "pairs of pictures", Dataset: "maps",
	Fields: []string{"a", "b"},
	Presets: []train.Preset{
		{Name: "paper", Description: "the paper's networks and rates: for 256 pixels", Batch: 1, Epochs: 200, Settings: paper},
		{Name: "small", Description: "half of the filters, patches of 34 pixels: for 64 pixels and two cores", Batch: 8, Epochs: 40, Settings: small()},
	},
	New: func(settings any, in train.Input) (train.Game, error) { return New(settings.(Settings), in) },
}

// Validate reports the first setting that no game can have.
func (s Settings) Validate() error {
	if s.Loss == nn.Wasserstein {
		return errors.New("the loss wasserstein needs a critic whose slope is bounded: the game wgan has one")
	}
	if !(s.Adversarial >= 0 && s.L1 >= 0 && s.Adversarial+s.L1 > 0) {
		return fmt.Errorf("the weights adversarial %v and l1 %v: want 0 or more, and one of them above 0", s.Adversarial, s.L1)
	}
	if !(s.Decay >= 0 && s.Decay <= 1) {
		return fmt.Errorf("decay is %v, want 0 to 1", s.Decay)
	}
	_, err := translation.Initialiser(s.Init)
	return errors.Join(translation.OneOf("direction", s.Direction, "a-to-b", "b-to-a"), err, s.generator(3, nn.Zeros).Validate(), s.Loss.Validate())
}

func (s Settings) generator(channels int, init nn.Initialiser) translation.Generator {
	return translation.Generator{Kind: s.Generator, Filters: s.Filters, Blocks: s.Blocks, Levels: s.Levels, Norm: s.norm(), Padding: s.Padding,
		Upsampling: s.Upsampling, Dropout: s.Dropout, Channels: channels, Init: init}
}

func (s Settings) norm() translation.Norm {
	return translation.Norm{Over: s.Norm, Statistics: s.Statistics}
}

// New makes the game for pairs of a size.
func New(s Settings, in train.Input) (train.Game, error) {
	if err := s.Validate(); err != nil {
		return train.Game{}, err
	}
	init, err := translation.Initialiser(s.Init)
	if err != nil {
		return train.Game{}, err
	}
	if err := translation.CheckFields("pix2pix", in); err != nil {
		return train.Game{}, err
	}
	if s.Norm == "batch" && s.Statistics == "image" && in.Batch > 1 {
		return train.Game{}, fmt.Errorf("a batch norm that goes by each image's own statistics in use has to be trained so, by one image at a time, and not by %d: "+
			"want the statistics running, or a batch of 1", in.Batch)
	}
	g, d := s.generator(in.Channels, init), translation.Patch{Filters: s.DFilters, Layers: s.DLayers, Norm: s.norm(), Init: init}
	if err := g.Fit(in.Height, in.Width); err != nil {
		return train.Game{}, err
	}
	from, to := "a", "b"
	if s.Direction == "b-to-a" {
		from, to = to, from
	}
	adam := train.Adam{Rate: translation.Rate(s.Rate, s.Decay, in.Iterations), Beta1: s.Beta1, Beta2: 0.999, Epsilon: 1e-8}
	made := func(b *train.Builder) *nn.Node { return b.Apply("generator", b.Data(from)) }
	game := train.Game{
		Name: "pix2pix", Settings: s, Low: -1, High: 1,
		Networks: []train.Network{{Name: "generator", Net: g.Network()}},
		Phases: []train.Phase{{Name: "g", Trains: []string{"generator"}, Optimizer: adam, Loss: func(b *train.Builder) *nn.Node {
			x, y := b.Data(from), b.Data(to)
			fake := b.Apply("generator", x)
			loss := b.Term("l1_loss", s.L1, nn.L1(fake, y))
			if s.Adversarial == 0 {
				return loss
			}
			return nn.Add(loss, b.Term("g_loss", s.Adversarial, s.Loss.Generator(b.Apply("discriminator", x, fake))))
		}}},
		Uses: []train.Use{{Name: train.TranslateUse, Build: func(b *train.Builder) []*nn.Node { return []*nn.Node{b.Colours(made(b))} }}},
		Show: func(b *train.Builder) []train.Shown {
			return []train.Shown{{Name: from, Image: b.Data(from)}, {Name: "translated", Image: made(b), Truth: to, Baseline: from}, {Name: to, Image: b.Data(to)}}
		},
	}
	if s.Adversarial == 0 {
		return game, nil
	}
	if err := d.Validate(in.Height, in.Width); err != nil {
		return train.Game{}, err
	}
	game.Networks = append(game.Networks, train.Network{Name: "discriminator", Net: d.Network})
	game.Phases = slices.Insert(game.Phases, 0, train.Phase{Name: "d", Trains: []string{"discriminator"}, Optimizer: adam, Loss: func(b *train.Builder) *nn.Node {
		x, y := b.Data(from), b.Data(to)
		real := b.Apply("discriminator", x, y)
		fake := b.Apply("discriminator", x, nn.Detach(b.Apply("generator", x)))
		b.Share("accuracy_real", nn.Above(real, s.Loss.Boundary()))
		b.Share("accuracy_fake", nn.Below(fake, s.Loss.Boundary()))
		// Half of it: the discriminator learns as fast as a generator that has one term (Isola et al., 2017, section 3.3).
		return b.Term("d_loss", 0.5, s.Loss.Real(real), s.Loss.Fake(fake))
	}})
	return game, nil
}
