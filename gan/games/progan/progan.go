// Package progan is the progressive GAN of Karras, Aila, Laine and Lehtinen ("Progressive growing of GANs for improved quality,
// stability, and variation", 2018), with the details of the authors' code: networks that begin with images of 4 x 4 pixels, and
// get the layers of each next size while they are trained.
package progan

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
	Latent  int            `json:"latent" usage:"normals that an image is made from"`
	Filters int            `json:"filters" usage:"the most filters of a layer"`
	Sides   int            `json:"filters_by_side" usage:"a layer of maps of N pixels a side has this number divided by N filters, if that is fewer"`
	Grow    bool           `json:"grow" usage:"begin with images of 4 x 4 pixels and grow; else all layers are trained from the beginning on"`
	Hold    int            `json:"hold" usage:"images that each size is trained on before the next one"`
	Fade    int            `json:"fade" usage:"images over which the layers of a new size fade in"`
	Batches string         `json:"batches" usage:"batches of larger images, as 64:32,128:16: from 64 pixels on 32, if that is fewer than the usual one, which each divides"`
	Rates   string         `json:"rates" usage:"learning rates of larger images, as 128:0.0015"`
	Loss    nn.Adversarial `json:"loss" usage:"wasserstein, with a penalty on slopes that are not 1, or non-saturating, with one on slopes at real images"`
	Penalty float64        `json:"penalty" usage:"weight of the penalty on slopes"`
	Drift   float64        `json:"drift" usage:"weight of the square of real images' scores, which keeps them near 0"`
	Labels  float64        `json:"labels" usage:"weight of telling the classes of real images and of fakes, of data with classes; 0 is without classes"`
	Rate    float64        `json:"lr" usage:"Adam's learning rate"`
	Average float64        `json:"ema" usage:"decay of the moving average of the generator's weights, which makes the images; 0 is none"`
}

// System is the game as the command knows it.
var System = train.System{
	Name: "progan", Title: "GAN that grows with its images", Paper: "Karras, Aila, Laine and Lehtinen, 2018, arXiv:1710.10196",
	Needs: "square images of 8, 16, 32 and so on up to 1024 pixels; classes are used if there are some", Dataset: "emoji",
	Presets: []train.Preset{
		{Name: "paper", Description: "the paper's networks, for up to 1024 pixels, and the batches of one GPU", Batch: 128, Epochs: 400,
			Settings: Settings{Latent: 512, Filters: 512, Sides: 16384, Grow: true, Hold: 800_000, Fade: 800_000,
				Batches: "32:64,64:32,128:16,256:8,512:4", Rates: "128:0.0015,256:0.002,512:0.003", Loss: nn.Wasserstein, Penalty: 10, Drift: 1e-3,
				Labels: 1, Rate: 1e-3, Average: 0.999}},
		{Name: "small", Description: "16 filters at 32 pixels and at most 64: for two cores", Batch: 32, Epochs: 100,
			Settings: Settings{Latent: 64, Filters: 64, Sides: 512, Grow: true, Hold: 12_000, Fade: 12_000, Loss: nn.NonSaturating, Penalty: 0.1,
				Rate: 2e-3, Average: 0.995}},
	},
	New: func(settings any, in train.Input) (train.Game, error) { return New(settings.(Settings), in) },
}

// Validate reports the first setting that no game can have.
func (s Settings) Validate() error {
	if s.Loss != nn.Wasserstein && s.Loss != nn.NonSaturating {
		return fmt.Errorf("loss is %q, want wasserstein or non-saturating: each has its penalty here", s.Loss)
	}
	if !(s.Penalty > 0) || !(s.Drift >= 0) || !(s.Labels >= 0) {
		return fmt.Errorf("penalty is %v, drift %v and labels %v: want a positive penalty, and others of 0 or more", s.Penalty, s.Drift, s.Labels)
	}
	return errors.Join(dcgan.Positive("latent", s.Latent), dcgan.Positive("filters", s.Filters), dcgan.Positive("filters_by_side", s.Sides),
		dcgan.Positive("hold", s.Hold), dcgan.Positive("fade", s.Fade))
}

// New makes the game for images of a size: its first stage, which others follow.
func New(s Settings, in train.Input) (train.Game, error) {
	if err := s.Validate(); err != nil {
		return train.Game{}, err
	}
	if in.Height != in.Width || in.Height < 8 || in.Height > 1024 || in.Height&(in.Height-1) != 0 {
		return train.Game{}, fmt.Errorf("images of %dx%d: progan has networks for squares of 8, 16, 32 and so on up to 1024 pixels", in.Width, in.Height)
	}
	if s.Labels == 0 {
		in.Classes = 0
	}
	growth := Growth{Grows: s.Grow, First: smallest, Hold: s.Hold, Fade: s.Fade, Batches: s.Batches, Rates: s.Rates, Rate: s.Rate}
	stages, err := growth.Stages(in)
	if err != nil {
		return train.Game{}, err
	}
	return s.game(in, stages, 0), nil
}

// game is that of a stage.
func (s Settings) game(in train.Input, stages []Stage, i int) train.Game {
	t := stages[i]
	adam := t.Adam()
	filters := Filters{Most: s.Filters, BySide: s.Sides}
	generator := generator{filters, in, t.Side, t.Fades}
	discriminator := Discriminator{Filters: filters, Side: t.Side, Classes: in.Classes, Fades: t.Fades}
	fake := func(b *train.Builder, use string) (image, class *nn.Node) {
		x := []*nn.Node{b.Noise("z", s.Latent)}
		if in.Classes > 0 {
			class = b.Classes(use, in.Classes)
			x = append(x, class)
		}
		return b.Apply("generator", t.With(b, x...)...), class
	}
	const fakes = "class of fakes"
	g := train.Game{
		Name: "progan", Settings: s, Low: -1, High: 1, Stage: t.Name(), Until: t.Until, Levels: t.Levels(),
		Networks: []train.Network{
			// The average begins anew with a stage: new layers would stay for long what they were drawn as in it.
			{Name: "generator", Net: generator.network, Average: s.Average, AverageFrom: t.From},
			{Name: "discriminator", Net: discriminator.Network},
		},
		Phases: []train.Phase{
			{Name: "d", Trains: []string{"discriminator"}, Optimizer: adam, Fraction: t.Fraction, Loss: func(b *train.Builder) *nn.Node {
				x := t.Real(b, in.Height)
				y, wanted := fake(b, fakes)
				score := func(x *nn.Node) []*nn.Node { return b.ApplyAll("discriminator", t.With(b, x)...) }
				return s.discriminatorLoss(b, score, x, nn.Detach(y), wanted)
			}},
			{Name: "g", Trains: []string{"generator"}, Optimizer: adam, Fraction: t.Fraction, Loss: func(b *train.Builder) *nn.Node {
				y, wanted := fake(b, fakes)
				scores := b.ApplyAll("discriminator", t.With(b, y)...)
				loss := b.Term("g_loss", 1, s.Loss.Generator(scores[0]))
				if wanted == nil {
					return loss
				}
				return nn.Add(loss, b.Term("g_class", s.Labels, nn.SoftmaxCrossEntropy(scores[1], wanted)))
			}},
		},
		Sample: func(b *train.Builder) *nn.Node { // in the data's size at all times
			y, _ := fake(b, "class")
			return t.Enlarged(y, in.Height)
		},
	}
	if s.Loss == nn.NonSaturating {
		g.Guides = dcgan.Guides(s.Loss)
	}
	if i+1 < len(stages) {
		g.Then = func() train.Game { return s.game(in, stages, i+1) }
	}
	return g
}

// discriminatorLoss is what the discriminator minimises on real images x and fakes y, of wanted classes if there are any.
func (s Settings) discriminatorLoss(b *train.Builder, score func(*nn.Node) []*nn.Node, x, y, wanted *nn.Node) *nn.Node {
	real, fakes := score(x), score(y)
	b.Share("accuracy_real", nn.Above(real[0], 0))
	b.Share("accuracy_fake", nn.Below(fakes[0], 0))
	loss := b.Term("d_loss", 1, s.Loss.Real(real[0]), s.Loss.Fake(fakes[0]))
	if s.Loss == nn.Wasserstein {
		between := nn.Lerp(x, y, b.Uniform("t", 1, 1, 1))
		slope := nn.Slope(score(between)[0], between)
		loss = nn.Add(loss, b.Term("penalty", s.Penalty, nn.GradientPenalty(slope)))
	} else {
		loss = nn.Add(loss, b.Term("penalty", s.Penalty/2, nn.ZeroCentredPenalty(nn.Slope(real[0], x))))
	}
	if s.Drift > 0 {
		loss = nn.Add(loss, b.Term("drift", s.Drift, nn.Mean(nn.Square(real[0]))))
	}
	if wanted != nil {
		loss = nn.Add(loss, b.Term("d_class", s.Labels, nn.SoftmaxCrossEntropy(real[1], b.Data("class")), nn.SoftmaxCrossEntropy(fakes[1], wanted)))
	}
	return loss
}

// leaky is the activation of both networks.
func leaky(x *nn.Node) *nn.Node { return nn.LeakyReLU(x, 0.2) }

// biased adds a vector, one number a channel.
func biased(x, bias *nn.Node) *nn.Node {
	return nn.Map("bias", func(v ...expr.Expr) expr.Expr { return v[0].Add(v[1]) }, x, bias)
}
