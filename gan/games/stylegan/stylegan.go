// Package stylegan is StyleGAN (Karras, Laine and Aila, "A style-based generator architecture for generative adversarial
// networks", 2019), with the details of the authors' code: noise is mapped to styles, which set the mean and deviation of each
// map of the synthesis network. It grows as ProGAN does, from images of 8 x 8 pixels on.
package stylegan

import (
	"errors"
	"fmt"

	"gangpu/gan/games/dcgan"
	"gangpu/gan/games/progan"
	"gangpu/gan/games/style"
	"gangpu/gan/nn"
	"gangpu/gan/train"
)

// Settings are those of the game.
type Settings struct {
	Latent  int     `json:"latent" usage:"normals of the noise"`
	Styles  int     `json:"styles" usage:"length of a style w, and units of the layers that map the noise to it"`
	Mapping int     `json:"mapping" usage:"layers that map the noise to a style"`
	Filters int     `json:"filters" usage:"the most filters of a layer"`
	Sides   int     `json:"filters_by_side" usage:"a layer of maps of N pixels a side has this number divided by N filters, if that is fewer"`
	Grow    bool    `json:"grow" usage:"begin with images of 8 x 8 pixels and grow; else all layers are trained from the beginning on"`
	Hold    int     `json:"hold" usage:"images that each size is trained on before the next one"`
	Fade    int     `json:"fade" usage:"images over which the layers of a new size fade in"`
	Batches string  `json:"batches" usage:"batches of larger images, as 64:32,128:16: from 64 pixels on 32, if that is fewer than the usual one, which each divides"`
	Rates   string  `json:"rates" usage:"learning rates of larger images, as 128:0.0015"`
	Mixing  float64 `json:"mixing" usage:"share of the images whose later layers have the styles of other noise"`
	R1      float64 `json:"r1" usage:"weight of the penalty on the discriminator's slope at real images (gamma); 0 is none"`
	Rate    float64 `json:"lr" usage:"Adam's learning rate"`
	Average float64 `json:"ema" usage:"decay of the moving average of the generator's weights, which makes the images; 0 is none"`
	Decay   float64 `json:"styles_decay" usage:"decay of the running average of w, which styles are truncated towards"`
}

// System is the game as the command knows it.
var System = train.System{
	Name: "stylegan", Title: "GAN of styles: adaptive instance norms, growing", Paper: "Karras, Laine and Aila, 2019, arXiv:1812.04948",
	Needs: "square images of 8, 16, 32 and so on up to 1024 pixels", Dataset: "emoji",
	Presets: []train.Preset{
		{Name: "paper", Description: "the paper's networks, for up to 1024 pixels, and the batches and rates of eight GPUs", Batch: 256, Epochs: 360,
			Settings: Settings{Latent: 512, Styles: 512, Mapping: 8, Filters: 512, Sides: 16384, Grow: true, Hold: 600_000, Fade: 600_000,
				Batches: "16:128,32:64,64:32", Rates: "128:0.0015,256:0.002,512:0.003", Mixing: 0.9, R1: 10, Rate: 1e-3, Average: 0.9978, Decay: 0.995}},
		{Name: "small", Description: "16 filters at 32 pixels and at most 64: for two cores", Batch: 32, Epochs: 100,
			Settings: Settings{Latent: 64, Styles: 64, Mapping: 4, Filters: 64, Sides: 512, Grow: true, Hold: 12_000, Fade: 12_000, Mixing: 0.9,
				R1: 2, Rate: 2e-3, Average: 0.995, Decay: 0.995}},
	},
	New: func(settings any, in train.Input) (train.Game, error) { return New(settings.(Settings), in) },
}

// Validate reports the first setting that no game can have.
func (s Settings) Validate() error {
	if !(s.R1 >= 0) {
		return fmt.Errorf("r1 is %v, want 0 or more", s.R1)
	}
	for _, share := range []struct {
		name string
		v    float64
	}{{"mixing", s.Mixing}, {"styles_decay", s.Decay}} {
		if !(share.v >= 0 && share.v <= 1) {
			return fmt.Errorf("%s is %v, want 0 to 1", share.name, share.v)
		}
	}
	return errors.Join(dcgan.Positive("latent", s.Latent), dcgan.Positive("styles", s.Styles), dcgan.Positive("mapping", s.Mapping),
		dcgan.Positive("filters", s.Filters), dcgan.Positive("filters_by_side", s.Sides), dcgan.Positive("hold", s.Hold), dcgan.Positive("fade", s.Fade))
}

// New makes the game for images of a size: its first stage, which others follow.
func New(s Settings, in train.Input) (train.Game, error) {
	if err := s.Validate(); err != nil {
		return train.Game{}, err
	}
	if _, err := style.Doublings(in.Height, in.Width); err != nil {
		return train.Game{}, err
	}
	growth := progan.Growth{Grows: s.Grow, First: 2 * bottom, Hold: s.Hold, Fade: s.Fade, Batches: s.Batches, Rates: s.Rates, Rate: s.Rate}
	stages, err := growth.Stages(in)
	if err != nil {
		return train.Game{}, err
	}
	return s.game(in, stages, 0), nil
}

// game is that of a stage.
func (s Settings) game(in train.Input, stages []progan.Stage, i int) train.Game {
	const loss = nn.NonSaturating
	t := stages[i]
	filters := progan.Filters{Most: s.Filters, BySide: s.Sides}
	synthesis := synthesis{filters, t.Side, in.Channels, t.Fades}
	layers := synthesis.layers()
	discriminator := progan.Discriminator{Filters: filters, Side: t.Side, Fades: t.Fades, Blurs: true}
	images := func(b *train.Builder, styles *nn.Node) *nn.Node {
		return b.Apply(style.Synthesis, t.With(b, styles)...)
	}
	fakes := func(b *train.Builder) *nn.Node { return images(b, style.Drawn(b, s.Latent, layers, s.Mixing)) }
	score := func(b *train.Builder, x *nn.Node) *nn.Node { return b.Apply("discriminator", t.With(b, x)...) }
	whole := func(b *train.Builder, styles *nn.Node) *nn.Node { // in the data's size at all times
		return t.Enlarged(images(b, styles), in.Height)
	}
	generator := []string{style.Mapping, style.Synthesis}
	g := train.Game{
		Name: "stylegan", Settings: s, Low: -1, High: 1, Guides: dcgan.Guides(loss),
		Stage: t.Name(), Until: t.Until, Levels: t.Levels(),
		Networks: []train.Network{
			// Averages begin anew with a stage: new layers would stay for long what they were drawn as in them.
			{Name: style.Mapping, Net: style.Map{Layers: s.Mapping, Width: s.Styles, Rate: 0.01, Decay: s.Decay}.Network(), Average: s.Average, AverageFrom: t.From},
			{Name: style.Synthesis, Net: synthesis.network, Average: s.Average, AverageFrom: t.From},
			{Name: "discriminator", Net: discriminator.Network},
		},
		Phases: []train.Phase{
			{Name: "d", Trains: []string{"discriminator"}, Optimizer: t.Adam(), Fraction: t.Fraction, Loss: func(b *train.Builder) *nn.Node {
				x := t.Real(b, in.Height)
				real, fake := score(b, x), score(b, nn.Detach(fakes(b)))
				b.Share("accuracy_real", nn.Above(real, loss.Boundary()))
				b.Share("accuracy_fake", nn.Below(fake, loss.Boundary()))
				total := b.Term("d_loss", 1, loss.Real(real), loss.Fake(fake))
				if s.R1 == 0 {
					return total
				}
				return nn.Add(total, b.Term("r1", s.R1/2, nn.ZeroCentredPenalty(nn.Slope(real, x))))
			}},
			{Name: "g", Trains: generator, Optimizer: t.Adam(), Fraction: t.Fraction, Loss: func(b *train.Builder) *nn.Node {
				return b.Term("g_loss", 1, loss.Generator(score(b, fakes(b))))
			}},
		},
		Sample: style.Sample(s.Latent, layers, whole),
		Uses:   style.Uses(s.Latent, s.Styles, layers, whole),
	}
	if i+1 < len(stages) {
		g.Then = func() train.Game { return s.game(in, stages, i+1) }
	}
	return g
}
