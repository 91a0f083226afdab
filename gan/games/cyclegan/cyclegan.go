// Package cyclegan makes images of one kind of images of another, and back, without pairs to learn from: the GANs of Zhu,
// Park, Isola and Efros ("Unpaired image-to-image translation using cycle-consistent adversarial networks", 2017), with
// the details of the authors' code.
package cyclegan

import (
	"errors"
	"fmt"

	"gangpu/gan/games/translation"
	"gangpu/gan/nn"
	"gangpu/gan/train"
)

// Settings are those of the game.
type Settings struct {
	Generator  string         `json:"generator" usage:"resnet, or unet: pix2pix's"`
	Filters    int            `json:"filters" usage:"filters of the generators' layers next to the image"`
	Levels     int            `json:"levels" usage:"how often a unet halves the image; 0 is to one pixel"`
	Blocks     int            `json:"blocks" usage:"residual blocks of a resnet"`
	Norm       string         `json:"norm" usage:"batch, instance or none"`
	Padding    string         `json:"padding" usage:"zero or reflect: what a resnet sees beside the image"`
	Upsampling string         `json:"upsampling" usage:"transposed, or nearest: repeated pixels and a convolution, against checkerboards"`
	DFilters   int            `json:"d_filters" usage:"filters of the discriminators' first layer"`
	DLayers    int            `json:"d_layers" usage:"layers of a discriminator that halve the image: 0 to 5 look at patches of 1, 16, 34, 70, 142, 286 pixels"`
	Init       string         `json:"init" usage:"what kernels are drawn by: normal (deviation 0.02), glorot or he"`
	Loss       nn.Adversarial `json:"loss" usage:"non-saturating, least-squares or hinge"`
	Cycle      float64        `json:"cycle" usage:"weight of how far an image that went there and back is from what it was"`
	Identity   float64        `json:"identity" usage:"weight, times that of the cycle, of how far an image of the wanted kind is from what is made of it"`
	Pool       int            `json:"pool" usage:"earlier images that the discriminators are shown again; 0 is none"`
	Rate       float64        `json:"lr" usage:"Adam's learning rate"`
	Beta1      float64        `json:"beta1" usage:"decay of Adam's mean"`
	Decay      float64        `json:"decay" usage:"share of the training, at its end, over which the rate falls to 0"`
}

var paper = Settings{Generator: translation.Residual, Filters: 64, Blocks: 9, Norm: "instance", Padding: translation.Reflect,
	Upsampling: translation.Transposed, DFilters: 64, DLayers: 3, Init: "normal", Loss: nn.LeastSquaresGame, Cycle: 10, Identity: 0.5,
	Pool: 50, Rate: 2e-4, Beta1: 0.5, Decay: 0.5}

func small() Settings {
	s := paper
	s.Filters, s.Blocks, s.DFilters, s.DLayers = 32, 6, 32, 2
	return s
}

// System is the game as the command knows it.
var System = train.System{
	Name: "cyclegan", Title: "image-to-image translation without pairs", Paper: "Zhu, Park, Isola and Efros, 2017, arXiv:1703.10593",
	Needs: "pictures of two kinds", Dataset: "maps", Fields: []string{"a", "b"},
	Presets: []train.Preset{
		{Name: "paper", Description: "the paper's networks and rates: for 256 pixels", Batch: 1, Epochs: 200, Settings: paper},
		{Name: "small", Description: "half of the filters, 6 blocks, patches of 34 pixels: for 64 pixels and two cores", Batch: 4, Epochs: 20, Settings: small()},
	},
	New: func(settings any, in train.Input) (train.Game, error) { return New(settings.(Settings), in) },
}

// Validate reports the first setting that no game can have.
func (s Settings) Validate() error {
	switch {
	case s.Loss == nn.Wasserstein:
		return errors.New("the loss wasserstein needs a critic whose slope is bounded: the game wgan has one")
	case !(s.Cycle >= 0 && s.Identity >= 0):
		return fmt.Errorf("the weights cycle %v and identity %v: want 0 or more", s.Cycle, s.Identity)
	case s.Pool < 0:
		return fmt.Errorf("pool is %d, want 0 or more", s.Pool)
	case !(s.Decay >= 0 && s.Decay <= 1):
		return fmt.Errorf("decay is %v, want 0 to 1", s.Decay)
	}
	_, err := translation.Initialiser(s.Init)
	return errors.Join(err, s.generator(3, nn.Zeros).Validate(), s.Loss.Validate())
}

func (s Settings) generator(channels int, init nn.Initialiser) translation.Generator {
	return translation.Generator{Kind: s.Generator, Filters: s.Filters, Blocks: s.Blocks, Levels: s.Levels, Norm: s.norm(),
		Padding: s.Padding, Upsampling: s.Upsampling, Channels: channels, Init: init}
}

func (s Settings) norm() translation.Norm {
	return translation.Norm{Over: s.Norm, Statistics: "image"}
}

// Networks.
const (
	ab = "generator_ab" // makes b of a
	ba = "generator_ba"
	da = "discriminator_a"
	db = "discriminator_b"
)

// New makes the game for images of a size.
func New(s Settings, in train.Input) (train.Game, error) {
	if err := s.Validate(); err != nil {
		return train.Game{}, err
	}
	init, err := translation.Initialiser(s.Init)
	if err != nil {
		return train.Game{}, err
	}
	g, d := s.generator(in.Channels, init), translation.Patch{Filters: s.DFilters, Layers: s.DLayers, Norm: s.norm(), Init: init}
	if err := errors.Join(translation.CheckFields("cyclegan", in), g.Fit(in.Height, in.Width), d.Validate(in.Height, in.Width)); err != nil {
		return train.Game{}, err
	}
	adam := train.Adam{Rate: translation.Rate(s.Rate, s.Decay, in.Iterations), Beta1: s.Beta1, Beta2: 0.999, Epsilon: 1e-8}
	return train.Game{
		Name: "cyclegan", Settings: s, Low: -1, High: 1, Unpaired: true,
		Networks: []train.Network{{Name: ab, Net: g.Network()}, {Name: ba, Net: g.Network()}, {Name: da, Net: d.Network}, {Name: db, Net: d.Network}},
		Phases: []train.Phase{
			{Name: "g", Trains: []string{ab, ba}, Optimizer: adam, Loss: s.generators},
			{Name: "d", Trains: []string{da, db}, Optimizer: adam, Loss: s.discriminators},
		},
		Uses: []train.Use{
			{Name: train.TranslateUse, Build: func(b *train.Builder) []*nn.Node { return []*nn.Node{b.Colours(b.Apply(ab, b.Data("a")))} }},
			{Name: train.ReverseUse, Build: func(b *train.Builder) []*nn.Node { return []*nn.Node{b.Colours(b.Apply(ba, b.Data("b")))} }},
		},
		Show: func(b *train.Builder) []train.Shown {
			x, y := b.Data("a"), b.Data("b")
			toB, toA := b.Apply(ab, x), b.Apply(ba, y)
			return []train.Shown{
				{Name: "a", Image: x}, {Name: "a to b", Image: toB, Truth: "b", Baseline: "a"}, {Name: "a to b to a", Image: b.Apply(ba, toB), Truth: "a"},
				{Name: "b", Image: y}, {Name: "b to a", Image: toA, Truth: "a", Baseline: "b"}, {Name: "b to a to b", Image: b.Apply(ab, toA), Truth: "b"},
			}
		},
	}, nil
}

// generators is what both generators minimise together (Zhu et al., 2017, equation 3, and section 5.2 for the identity).
func (s Settings) generators(b *train.Builder) *nn.Node {
	x, y := b.Data("a"), b.Data("b")
	toB, toA := b.Apply(ab, x), b.Apply(ba, y)
	terms := []*nn.Node{b.Term("g_ab_loss", 1, s.Loss.Generator(b.Apply(db, toB))), b.Term("g_ba_loss", 1, s.Loss.Generator(b.Apply(da, toA)))}
	if s.Cycle > 0 {
		terms = append(terms, b.Term("cycle_a_loss", s.Cycle, nn.L1(b.Apply(ba, toB), x)), b.Term("cycle_b_loss", s.Cycle, nn.L1(b.Apply(ab, toA), y)))
	}
	if w := s.Cycle * s.Identity; w > 0 {
		terms = append(terms, b.Term("identity_a_loss", w, nn.L1(b.Apply(ba, x), x)), b.Term("identity_b_loss", w, nn.L1(b.Apply(ab, y), y)))
	}
	return nn.Sum(terms...)
}

// discriminators is what both discriminators minimise, each for itself.
func (s Settings) discriminators(b *train.Builder) *nn.Node {
	of := func(discriminator, kind string, real, fake *nn.Node) *nn.Node {
		r, f := b.Apply(discriminator, real), b.Apply(discriminator, b.Pool(kind, fake, s.Pool))
		b.Share("accuracy_real_"+kind, nn.Above(r, s.Loss.Boundary()))
		b.Share("accuracy_fake_"+kind, nn.Below(f, s.Loss.Boundary()))
		return b.Term("d_"+kind+"_loss", 0.5, s.Loss.Real(r), s.Loss.Fake(f))
	}
	x, y := b.Data("a"), b.Data("b")
	return nn.Add(of(da, "a", x, b.Apply(ba, y)), of(db, "b", y, b.Apply(ab, x)))
}
