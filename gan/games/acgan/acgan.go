// Package acgan is the class-conditional GAN: the discriminator also tells the class (Odena, Olah and Shlens,
// "Conditional image synthesis with auxiliary classifier GANs", 2017), or its score is a projection by the class
// (Miyato and Koyama, "cGANs with projection discriminator", 2018), with DCGAN's convolutions.
package acgan

import (
	"errors"
	"fmt"

	"gangpu/gan/games/dcgan"
	"gangpu/gan/nn"
	"gangpu/gan/train"
)

// Settings are those of the game.
type Settings struct {
	Latent    int            `json:"latent" usage:"normals that an image is made from"`
	Embedding int            `json:"embedding" usage:"length of the learned vector that stands for a class in the generator"`
	Filters   int            `json:"filters" usage:"filters of the layers next to the image; the layers behind them have 2, 4, 8 times as many"`
	Class     string         `json:"class" usage:"how the discriminator knows the class: auxiliary (it tells it) or projection"`
	Weight    float64        `json:"class_weight" usage:"weight of the auxiliary classifier's losses"`
	Loss      nn.Adversarial `json:"loss" usage:"non-saturating, least-squares or hinge"`
	Spectral  bool           `json:"spectral" usage:"divide the discriminator's kernels by their largest singular value, in the place of batch norm"`
	Rate      float64        `json:"lr" usage:"Adam's learning rate"`
	Beta1     float64        `json:"beta1" usage:"decay of Adam's mean"`
	Average   float64        `json:"ema" usage:"decay of the moving average of the generator's weights, which makes the images; 0 is none"`

	Networks    string  `json:"networks,omitempty" usage:"dcgan, or drawings: residual networks, of images with any number of tags, with an auxiliary classifier of them"`
	Blocks      int     `json:"blocks,omitempty" usage:"residual blocks of the generator of the networks drawings"`
	Penalty     float64 `json:"penalty,omitempty" usage:"weight of the gradient penalty near real images, of the networks drawings; 0 is none"`
	Adversarial float64 `json:"adversarial_weight,omitempty" usage:"weight of real against fake, of the networks drawings; 0 is the number of tags"`
}

// System is the game as the command knows it.
var System = train.System{
	Name: "acgan", Title: "class-conditional GAN", Paper: "Odena, Olah and Shlens, 2017, arXiv:1610.09585; Miyato and Koyama, 2018, arXiv:1802.05637",
	Needs: "images with classes", Dataset: "emoji",
	Presets: []train.Preset{
		{Name: "auxiliary", Description: "the discriminator tells the class", Batch: 64, Epochs: 100,
			Settings: Settings{Latent: 100, Embedding: 32, Filters: 64, Class: "auxiliary", Weight: 1, Loss: nn.NonSaturating, Rate: 2e-4, Beta1: 0.5, Average: 0.999}},
		{Name: "projection", Description: "the score is a projection by the class; hinge loss, spectral norm", Batch: 64, Epochs: 100,
			Settings: Settings{Latent: 100, Embedding: 32, Filters: 64, Class: "projection", Loss: nn.HingeGame, Spectral: true, Rate: 2e-4, Beta1: 0, Average: 0.999}},
		{Name: "drawings", Description: "any number of tags an image, residual networks, DRAGAN's penalty (Jin et al., 2017): for 128 pixels", Batch: 64, Epochs: 100,
			Settings: drawn(64, 16)},
		{Name: "drawings-small", Description: "the same with half of the filters and 4 blocks: for 32 pixels and two cores", Batch: 64, Epochs: 100,
			Settings: quickly(drawn(32, 4))},
	},
	New: func(settings any, in train.Input) (train.Game, error) { return New(settings.(Settings), in) },
}

// drawn are the settings of Jin et al. (2017).
func drawn(filters, blocks int) Settings {
	return Settings{Latent: 128, Filters: filters, Class: "auxiliary", Weight: 1, Loss: nn.NonSaturating, Rate: 2e-4, Beta1: 0.5, Average: 0.999,
		Networks: "drawings", Blocks: blocks, Penalty: 0.5}
}

// quickly are settings for a few thousand iterations: the tags and the penalty weigh more, since real against fake outweighs
// them by far until images look like the data.
func quickly(s Settings) Settings {
	s.Rate, s.Weight, s.Penalty = 1e-3, 5, 50
	return s
}

// Validate reports the first setting that no game can have.
func (s Settings) Validate() error {
	switch {
	case s.Networks != "" && s.Networks != "dcgan" && s.Networks != "drawings":
		return fmt.Errorf("networks is %q, want dcgan or drawings", s.Networks)
	case s.Networks == "drawings":
		return s.validateDrawings()
	case s.Penalty != 0 || s.Adversarial != 0 || s.Blocks != 0:
		return errors.New("blocks, penalty and adversarial_weight are of the networks drawings alone")
	case s.Class != "auxiliary" && s.Class != "projection":
		return fmt.Errorf("class is %q, want auxiliary or projection", s.Class)
	case s.Class == "auxiliary" && !(s.Weight > 0):
		return fmt.Errorf("class_weight is %v, want a positive number", s.Weight)
	case s.Loss == nn.Wasserstein:
		return errors.New("the loss wasserstein needs a critic whose slope is bounded: the game wgan has one")
	}
	return errors.Join(dcgan.Positive("latent", s.Latent), dcgan.Positive("filters", s.Filters), dcgan.Positive("embedding", s.Embedding), s.Loss.Validate())
}

// New makes the game for images of a size, of some classes.
func New(s Settings, in train.Input) (train.Game, error) {
	if err := s.Validate(); err != nil {
		return train.Game{}, err
	}
	if s.Networks == "drawings" {
		return drawings(s, in)
	}
	if in.Classes < 2 {
		return train.Game{}, errors.New("acgan needs images with classes: a folder a class, or a table of labels")
	}
	auxiliary := s.Class == "auxiliary"
	levels, err := dcgan.Levels(in.Height, in.Width)
	if err != nil {
		return train.Game{}, err
	}
	norm, head := "batch", dcgan.Head(projection)
	if s.Spectral {
		norm = "none"
	}
	if auxiliary {
		head = classifier(in.Classes)
	}
	adam := train.Adam{Rate: train.Constant(s.Rate), Beta1: s.Beta1, Beta2: 0.999, Epsilon: 1e-8}
	fake := func(b *train.Builder) (x, class *nn.Node) {
		class = b.Classes("class of fakes", in.Classes)
		return b.Apply("generator", b.Noise("z", s.Latent), class), class
	}
	return train.Game{
		Name: "acgan", Settings: s, Low: -1, High: 1, Guides: dcgan.Guides(s.Loss),
		Networks: []train.Network{
			{Name: "generator", Net: generator(in, levels, s), Average: s.Average},
			{Name: "discriminator", Net: dcgan.Discriminator(levels, s.Filters, norm, s.Spectral, head)},
		},
		Phases: []train.Phase{
			{Name: "d", Trains: []string{"discriminator"}, Optimizer: adam, Loss: func(b *train.Builder) *nn.Node {
				x, class := b.Data("image"), b.Data("class")
				y, wanted := fake(b)
				real, fakes := b.ApplyAll("discriminator", x, class), b.ApplyAll("discriminator", nn.Detach(y), wanted)
				b.Share("accuracy_real", nn.Above(real[0], s.Loss.Boundary()))
				b.Share("accuracy_fake", nn.Below(fakes[0], s.Loss.Boundary()))
				loss := b.Term("d_loss", 1, s.Loss.Real(real[0]), s.Loss.Fake(fakes[0]))
				if !auxiliary {
					return loss
				}
				b.Share("accuracy_class", nn.Accuracy(real[1], class))
				// Odena et al. (2017, equation 3) have the discriminator learn the fakes' classes too. Here it learns them of
				// real images alone, so that it does not take the generator's mistakes for a class.
				return nn.Add(loss, b.Term("d_class_loss", s.Weight, nn.SoftmaxCrossEntropy(real[1], class)))
			}},
			{Name: "g", Trains: []string{"generator"}, Optimizer: adam, Loss: func(b *train.Builder) *nn.Node {
				x, class := fake(b)
				y := b.ApplyAll("discriminator", x, class)
				loss := b.Term("g_loss", 1, s.Loss.Generator(y[0]))
				if !auxiliary {
					return loss
				}
				return nn.Add(loss, b.Term("g_class_loss", s.Weight, nn.SoftmaxCrossEntropy(y[1], class)))
			}},
		},
		Sample: func(b *train.Builder) *nn.Node {
			return b.Apply("generator", b.Noise("z", s.Latent), b.Classes("class", in.Classes))
		},
	}, nil
}

// generator is DCGAN's, of noise and of a learned vector of the class.
func generator(in train.Input, levels int, s Settings) nn.Network {
	return func(l *nn.Layers, x []*nn.Node) []*nn.Node {
		class := l.Embedding(x[1], s.Embedding)
		return dcgan.Generator(in, levels, s.Filters)(l, []*nn.Node{x[0], class})
	}
}

// classifier is the head of a score and a logit for each class.
func classifier(classes int) dcgan.Head {
	return func(l *nn.Layers, features *nn.Node, spectral bool, _ []*nn.Node) []*nn.Node {
		y := nn.Flatten(features)
		return []*nn.Node{l.Dense(y, nn.Units{N: 1, Spectral: spectral}), l.Dense(y, nn.Units{N: classes, Spectral: spectral})}
	}
}

// projection is the head of a score that depends on the class: w*h + <embedding of the class, h>, with h the sum of the
// features over the image (Miyato and Koyama, 2018, equation 3).
func projection(l *nn.Layers, features *nn.Node, spectral bool, x []*nn.Node) []*nn.Node {
	h := nn.Flatten(nn.SumOver(features, 1, 2))
	score := l.Dense(h, nn.Units{N: 1, Spectral: spectral})
	inner := nn.SumOver(nn.Multiply(l.Embedding(x[1], h.Channels()), h), 1)
	return []*nn.Node{nn.Add(score, inner)}
}
