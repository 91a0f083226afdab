// Package srgan makes images larger: SRResNet, which learns by the squared error, and SRGAN, which goes on against a
// discriminator (Ledig et al., "Photo-realistic single image super-resolution using a generative adversarial network",
// 2017). Its data are images in their full size. What they are made of is made of them, as each batch is drawn: see [Low].
package srgan

import (
	"errors"
	"fmt"

	"gangpu/gan/games/dcgan"
	"gangpu/gan/nn"
	"gangpu/gan/train"
)

// Settings are those of the game.
type Settings struct {
	Scale      int            `json:"scale" usage:"how many times as large images become: 2, 4 or 8"`
	Filters    int            `json:"filters" usage:"filters of the generator"`
	Blocks     int            `json:"blocks" usage:"residual blocks of the generator"`
	Norm       string         `json:"norm" usage:"batch, or none: of the generator"`
	Bicubic    bool           `json:"bicubic" usage:"add the bicubic enlargement to what the generator makes, which then begins as that"`
	Pretrain   float64        `json:"pretrain" usage:"share of the training, at its beginning, that goes by the squared error alone; 1 is SRResNet, without a discriminator"`
	DFilters   int            `json:"d_filters" usage:"filters of the discriminator's first layers"`
	Loss       nn.Adversarial `json:"loss" usage:"non-saturating, least-squares or hinge"`
	Weight     float64        `json:"adversarial" usage:"weight of what the discriminator says, after pretrain"`
	Pixel      float64        `json:"pixel" usage:"weight of the squared error after pretrain"`
	Features   string         `json:"features" usage:"FILE of a model of the game classifier, or of VGG19 (safetensors, torchvision's names), by whose features images are compared after pretrain; empty for none"`
	Perceptual float64        `json:"perceptual" usage:"weight of the squared error of the features"`
	Rate       float64        `json:"lr" usage:"Adam's learning rate"`
	Decay      float64        `json:"decay" usage:"share of the training, at its end, over which the rate falls to 0"`
	Average    float64        `json:"ema" usage:"decay of the moving average of the generator's weights, which makes the images; 0 is none"`
}

var (
	paper = Settings{Scale: 4, Filters: 64, Blocks: 16, Norm: "batch", Pretrain: 1, DFilters: 64, Loss: nn.NonSaturating, Weight: 1e-3,
		Pixel: 1, Perceptual: 1, Rate: 1e-4}
	small = Settings{Scale: 4, Filters: 32, Blocks: 8, Norm: "none", Bicubic: true, Pretrain: 1, DFilters: 32, Loss: nn.NonSaturating,
		Weight: 1e-3, Pixel: 1, Perceptual: 1, Rate: 5e-4, Decay: 1, Average: 0.999}
)

// adversarial is a preset's settings with the second half against a discriminator.
func adversarial(s Settings) Settings {
	s.Pretrain = 0.5
	return s
}

// System is the game as the command knows it.
var System = train.System{
	Name: "srgan", Title: "super-resolution", Paper: "Ledig et al., 2017, arXiv:1609.04802", Needs: "images", Dataset: "satellite",
	Presets: []train.Preset{
		{Name: "srresnet", Description: "the paper's generator, by the squared error", Batch: 16, Epochs: 200, Settings: paper},
		{Name: "srgan", Description: "the same, and its second half against the paper's discriminator", Batch: 16, Epochs: 400, Settings: adversarial(paper)},
		{Name: "small", Description: "8 blocks of 32 filters without a norm, added to bicubic enlargement, by a rate that falls: for two cores",
			Batch: 8, Epochs: 130, Settings: small},
		{Name: "small-gan", Description: "the same, and its second half against a discriminator of 32 filters", Batch: 8, Epochs: 100, Settings: adversarial(small)},
	},
	New: func(settings any, in train.Input) (train.Game, error) { return New(settings.(Settings), in) },
}

// Validate reports the first setting that no game can have.
func (s Settings) Validate() error {
	switch {
	case s.Scale != 2 && s.Scale != 4 && s.Scale != 8:
		return fmt.Errorf("scale is %d, want 2, 4 or 8", s.Scale)
	case s.Norm != "batch" && s.Norm != "none":
		return fmt.Errorf("norm is %q, want batch or none", s.Norm)
	case !(s.Pretrain >= 0 && s.Pretrain <= 1) || !(s.Decay >= 0 && s.Decay <= 1):
		return fmt.Errorf("pretrain is %v and decay %v, want 0 to 1", s.Pretrain, s.Decay)
	case !(s.Weight >= 0 && s.Pixel >= 0 && s.Perceptual >= 0):
		return fmt.Errorf("the weights adversarial %v, pixel %v and perceptual %v: want 0 or more", s.Weight, s.Pixel, s.Perceptual)
	case s.Pretrain < 1 && s.Pixel == 0 && (s.Features == "" || s.Perceptual == 0):
		return errors.New("nothing but the discriminator tells what an image is to be: pixel or, with features, perceptual has to be above 0")
	case s.Loss == nn.Wasserstein:
		return errors.New("the loss wasserstein needs a critic whose slope is bounded: the game wgan has one")
	}
	return errors.Join(dcgan.Positive("filters", s.Filters), dcgan.Positive("blocks", s.Blocks), dcgan.Positive("d_filters", s.DFilters), s.Loss.Validate())
}

// New makes the game for images of a size.
func New(s Settings, in train.Input) (train.Game, error) {
	if err := s.Validate(); err != nil {
		return train.Game{}, err
	}
	if in.Height%s.Scale != 0 || in.Width%s.Scale != 0 {
		return train.Game{}, fmt.Errorf("images of %dx%d cannot be made %d times smaller: want multiples of it", in.Width, in.Height, s.Scale)
	}
	optimizer := func(first, iterations int) train.Adam {
		rate := train.Constant(s.Rate)
		if s.Decay > 0 && iterations > first {
			// A discriminator's updates are counted from its first one.
			from := int((1 - s.Decay) * float64(iterations))
			rate.DecayFrom, rate.DecayUntil = min(max(from-first, 0), iterations-first-1), iterations-first
		}
		return train.Adam{Rate: rate, Beta1: 0.9, Beta2: 0.999, Epsilon: 1e-8}
	}
	g := train.Game{
		Name: "srgan", Settings: s, Low: -1, High: 1,
		Networks: []train.Network{{Name: "generator", Net: s.generator(in.Channels), Average: s.Average}},
		Uses: []train.Use{{Name: train.TranslateUse, Build: func(b *train.Builder) []*nn.Node {
			return []*nn.Node{b.Colours(b.Apply("generator", fromRange(b.Data("image"))))}
		}}},
		Show: func(b *train.Builder) []train.Shown {
			x := b.Data("image")
			low := Low(x, s.Scale)
			return []train.Shown{{Name: "bicubic", Image: toRange(nn.Bicubic(low, s.Scale, 1))},
				{Name: "larger", Image: b.Apply("generator", low), Truth: "image", Baseline: "bicubic", Border: min(s.Scale, min(in.Height, in.Width)/4), Luma: true},
				{Name: "image", Image: x}}
		},
	}
	larger := func(b *train.Builder) (made, image *nn.Node) {
		image = b.Data("image")
		return b.Apply("generator", Low(image, s.Scale)), image
	}
	adam := optimizer(0, in.Iterations)
	if s.Pretrain > 0 {
		g.Phases = append(g.Phases, train.Phase{Name: "pixels", Trains: []string{"generator"}, Optimizer: adam, Loss: func(b *train.Builder) *nn.Node {
			y, x := larger(b)
			return b.Term("pixel_loss", 1, nn.L2(y, x))
		}})
	}
	if s.Pretrain == 1 {
		return g, nil
	}
	begin := int(s.Pretrain * float64(in.Iterations))
	if s.Pretrain > 0 {
		if begin == 0 {
			return g, errors.New("pretrain is a share of the iterations, of which there are none, or too few: 0 begins with the discriminator, 1 has none")
		}
		g.Phases[0].Until = begin
	}
	g.Networks = append(g.Networks, train.Network{Name: "discriminator", Net: s.discriminator})
	if s.Features != "" {
		features, err := openFeatures(s.Features, in.Channels)
		if err != nil {
			return g, fmt.Errorf("features: %w", err)
		}
		g.Networks = append(g.Networks, features)
	}
	g.Phases = append(g.Phases,
		train.Phase{Name: "d", Trains: []string{"discriminator"}, Optimizer: optimizer(begin, in.Iterations), From: begin, Loss: func(b *train.Builder) *nn.Node {
			y, x := larger(b)
			real, fake := b.Apply("discriminator", x), b.Apply("discriminator", nn.Detach(y))
			b.Share("accuracy_real", nn.Above(real, s.Loss.Boundary()))
			b.Share("accuracy_fake", nn.Below(fake, s.Loss.Boundary()))
			return b.Term("d_loss", 1, s.Loss.Real(real), s.Loss.Fake(fake))
		}},
		train.Phase{Name: "g", Trains: []string{"generator"}, Optimizer: adam, From: begin, Loss: func(b *train.Builder) *nn.Node {
			y, x := larger(b)
			terms := []*nn.Node{b.Term("g_loss", s.Weight, s.Loss.Generator(b.Apply("discriminator", y)))}
			if s.Pixel > 0 {
				terms = append(terms, b.Term("g_pixel_loss", s.Pixel, nn.L2(y, x)))
			}
			if s.Features != "" && s.Perceptual > 0 {
				terms = append(terms, b.Term("feature_loss", s.Perceptual, nn.L2(b.Apply(featureNetwork, y), nn.Detach(b.Apply(featureNetwork, x)))))
			}
			return nn.Sum(terms...)
		}})
	return g, nil
}
