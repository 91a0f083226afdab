// Package stargan makes images of one of several domains of images of another, by one generator: "StarGAN: unified generative
// adversarial networks for multi-domain image-to-image translation" (Choi et al., 2018), with the details of the authors'
// code.
package stargan

import (
	"errors"
	"fmt"

	"gangpu/engine/expr"
	"gangpu/gan/games/dcgan"
	"gangpu/gan/nn"
	"gangpu/gan/train"
)

// Settings are those of the game.
type Settings struct {
	Labels   string  `json:"labels" usage:"what an image becomes: class (one of them), or attributes (any of them at once)"`
	Filters  int     `json:"filters" usage:"filters of the generator's layers next to the image"`
	Blocks   int     `json:"blocks" usage:"residual blocks of the generator"`
	Mask     bool    `json:"mask" usage:"have the generator say how much of each pixel it makes anew: the rest stays as it is"`
	DFilters int     `json:"d_filters" usage:"filters of the discriminator's first layer"`
	DLayers  int     `json:"d_layers" usage:"layers of the discriminator, each of which halves the image; 0 is to two pixels"`
	Critic   int     `json:"critic" usage:"updates of the discriminator for each of the generator: an iteration is one of the former"`
	Penalty  float64 `json:"penalty" usage:"weight of the gradient penalty"`
	Class    float64 `json:"class_weight" usage:"weight of the classification losses"`
	Cycle    float64 `json:"cycle" usage:"weight of how far an image that went there and back is from what it was"`
	Rate     float64 `json:"lr" usage:"Adam's learning rate"`
	Decay    float64 `json:"decay" usage:"share of the training, at its end, over which the rate falls to 0"`
	Average  float64 `json:"ema" usage:"decay of the moving average of the generator's weights, which makes the images; 0 is none"`
}

var paper = Settings{Labels: "class", Filters: 64, Blocks: 6, DFilters: 64, Critic: 5, Penalty: 10, Class: 1, Cycle: 10, Rate: 1e-4, Decay: 0.5}

func small() Settings {
	s := paper
	s.Filters, s.Blocks, s.DFilters, s.Rate, s.Critic, s.Mask, s.Class, s.Average = 24, 3, 32, 5e-4, 1, true, 0.3, 0.995
	return s
}

// System is the game as the command knows it.
var System = train.System{
	Name: "stargan", Title: "image-to-image translation among several domains", Paper: "Choi et al., 2018, arXiv:1711.09020",
	Needs: "images with classes or attributes", Dataset: "emoji-tones",
	Presets: []train.Preset{
		{Name: "paper", Description: "the paper's networks and rates: for 128 pixels", Batch: 16, Epochs: 20, Settings: paper},
		{Name: "small", Description: "24 filters, 3 blocks, a mask, as many updates of the generator as of the discriminator: for 32 pixels and two cores",
			Batch: 16, Epochs: 50, Settings: small()},
	},
	New: func(settings any, in train.Input) (train.Game, error) { return New(settings.(Settings), in) },
}

// Validate reports the first setting that no game can have.
func (s Settings) Validate() error {
	switch {
	case s.Labels != "class" && s.Labels != "attributes":
		return fmt.Errorf("labels is %q, want class or attributes", s.Labels)
	case !(s.Penalty > 0):
		return fmt.Errorf("penalty is %v, want a positive number: without it nothing bounds the discriminator", s.Penalty)
	case !(s.Class > 0) || !(s.Cycle >= 0):
		return fmt.Errorf("class_weight is %v and cycle %v, want a positive number, and 0 or more", s.Class, s.Cycle)
	case !(s.Decay >= 0 && s.Decay <= 1):
		return fmt.Errorf("decay is %v, want 0 to 1", s.Decay)
	case s.DLayers < 0:
		return fmt.Errorf("d_layers is %d, want 0 or more", s.DLayers)
	}
	return errors.Join(dcgan.Positive("filters", s.Filters), dcgan.Positive("blocks", s.Blocks), dcgan.Positive("d_filters", s.DFilters),
		dcgan.Positive("critic", s.Critic))
}

// New makes the game for images of a size.
func New(s Settings, in train.Input) (train.Game, error) {
	if err := s.Validate(); err != nil {
		return train.Game{}, err
	}
	if s.Labels == "class" && in.Classes < 2 {
		return train.Game{}, errors.New("stargan needs images with classes, a folder a domain, or a table of attributes and the setting labels attributes")
	}
	levels, side := s.DLayers, min(in.Height, in.Width)
	if levels == 0 {
		for side>>levels > 2 {
			levels++
		}
	}
	if in.Height%4 != 0 || in.Width%4 != 0 || side>>levels < 1 || levels < 1 {
		return train.Game{}, fmt.Errorf("images of %dx%d, halved %d times: want multiples of 4, and a pixel that is left", in.Width, in.Height, levels)
	}
	optimizer := func(every int) train.Adam {
		rate := train.Constant(s.Rate)
		if updates := in.Iterations / every; s.Decay > 0 && updates > 0 {
			rate.DecayFrom, rate.DecayUntil = min(int((1-s.Decay)*float64(updates)), updates-1), updates
		}
		return train.Adam{Rate: rate, Beta1: 0.5, Beta2: 0.999, Epsilon: 1e-8}
	}
	return train.Game{
		Name: "stargan", Settings: s, Low: -1, High: 1,
		Networks: []train.Network{
			{Name: "generator", Net: s.generator(in.Channels), Average: s.Average},
			{Name: "discriminator", Net: s.discriminator(levels)},
		},
		Phases: []train.Phase{
			{Name: "d", Trains: []string{"discriminator"}, Optimizer: optimizer(1), Loss: s.discriminates},
			{Name: "g", Trains: []string{"generator"}, Every: s.Critic, Optimizer: optimizer(s.Critic), Loss: s.generates},
		},
		Uses: []train.Use{{Name: train.TranslateUse, Build: func(b *train.Builder) []*nn.Node {
			return []*nn.Node{b.Colours(b.Apply("generator", b.Data("image"), b.Data(s.Labels)))}
		}}},
		Show: s.shows,
	}, nil
}

// shows is an image, and what it becomes: one class after the other, or with each attribute turned round.
func (s Settings) shows(b *train.Builder) []train.Shown {
	x, label := b.Data("image"), b.Data(s.Labels)
	all := []train.Shown{{Name: "image", Image: x}}
	n := label.Channels()
	for k := range n {
		var parts []*nn.Node
		for i := range n {
			parts = append(parts, nn.Map("becomes", func(x ...expr.Expr) expr.Expr {
				switch {
				case s.Labels == "class" && i == k:
					return expr.Const(1)
				case s.Labels == "class":
					return expr.Const(0)
				case i == k:
					return expr.Const(1).Sub(x[0])
				}
				return x[0]
			}, nn.Channels(label, i, i+1)))
		}
		all = append(all, train.Shown{Name: fmt.Sprintf("to %d", k), Image: b.Apply("generator", x, nn.Concat(parts...))})
	}
	return all
}

// batch is images, what they are, and what they are to become: what the next image of the batch is. Rows are drawn by
// chance, so that this is a permutation by chance too. An image that is alone becomes anything.
func (s Settings) batch(b *train.Builder) (x, label, target *nn.Node) {
	x, label = b.Data("image"), b.Data(s.Labels)
	switch n := label.Batch(); {
	case n > 1:
		target = nn.Stack(nn.Examples(label, 1, n), nn.Examples(label, 0, 1))
	case s.Labels == "class":
		target = b.Classes("target", label.Channels())
	default:
		target = nn.Map("coin", func(x ...expr.Expr) expr.Expr { return expr.Const(0.5).LessEqual(x[0]) }, b.Uniform("target", label.Channels()))
	}
	return x, label, target
}

// tell is the classification loss: of one class, or the sum over attributes, each by itself.
func (s Settings) tell(logits, label *nn.Node) *nn.Node {
	if s.Labels == "class" {
		return nn.SoftmaxCrossEntropy(logits, label)
	}
	return nn.Scale(nn.BCEWith(logits, label), float64(label.Channels()))
}

// discriminates is what the discriminator minimises (Choi et al., 2018, equations 5 and 8).
func (s Settings) discriminates(b *train.Builder) *nn.Node {
	x, label, target := s.batch(b)
	y := nn.Detach(b.Apply("generator", x, target))
	real, fake := b.ApplyAll("discriminator", x, label), b.ApplyAll("discriminator", y, label)
	if s.Labels == "class" {
		b.Share("accuracy_class", nn.Accuracy(real[1], label))
	}
	between := nn.Lerp(y, x, b.Uniform("t", 1, 1, 1))
	slope := nn.Slope(b.ApplyAll("discriminator", between, label)[0], between)
	return nn.Sum(b.Term("d_loss", 1, nn.Wasserstein.Real(real[0]), nn.Wasserstein.Fake(fake[0])),
		b.Term("penalty", s.Penalty, nn.GradientPenalty(slope)), b.Term("d_class_loss", s.Class, s.tell(real[1], label)))
}

// generates is what the generator minimises (equation 6 and the following).
func (s Settings) generates(b *train.Builder) *nn.Node {
	x, label, target := s.batch(b)
	y := b.Apply("generator", x, target)
	fake := b.ApplyAll("discriminator", y, label)
	terms := []*nn.Node{b.Term("g_loss", 1, nn.Wasserstein.Generator(fake[0])), b.Term("g_class_loss", s.Class, s.tell(fake[1], target))}
	if s.Labels == "class" {
		b.Share("accuracy_target", nn.Accuracy(fake[1], target))
	}
	if s.Cycle > 0 {
		terms = append(terms, b.Term("cycle_loss", s.Cycle, nn.L1(b.Apply("generator", y, label), x)))
	}
	return nn.Sum(terms...)
}
