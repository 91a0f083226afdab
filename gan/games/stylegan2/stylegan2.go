// Package stylegan2 is StyleGAN2 (Karras et al., "Analyzing and improving the image quality of StyleGAN", 2020), in the layout
// that the authors call config-f: a synthesis of modulated convolutions that adds up images of all sizes, a residual
// discriminator, and two lazy penalties.
package stylegan2

import (
	"errors"
	"fmt"
	"math"

	"gangpu/engine/expr"
	"gangpu/gan/games/dcgan"
	"gangpu/gan/games/style"
	"gangpu/gan/nn"
	"gangpu/gan/train"
)

// Settings are those of the game.
type Settings struct {
	Latent      int     `json:"latent" usage:"normals of the noise"`
	Styles      int     `json:"styles" usage:"length of a style w, and units of the layers that map the noise to it"`
	Mapping     int     `json:"mapping" usage:"layers that map the noise to a style"`
	Filters     int     `json:"filters" usage:"filters of a layer times the side of its images, in pixels"`
	MostFilters int     `json:"most_filters" usage:"the most filters that a layer has"`
	Group       int     `json:"group" usage:"images whose deviation the discriminator is told, at most"`
	Mixing      float64 `json:"mixing" usage:"share of the images whose later layers have the styles of other noise"`
	R1          float64 `json:"r1" usage:"weight of the penalty on the discriminator's slope at real images (gamma)"`
	R1Every     int     `json:"r1_every" usage:"iterations from one such penalty to the next, which weighs as many times as much"`
	Path        float64 `json:"path" usage:"weight of the penalty on paths in w whose length differs from the mean; 0 is none"`
	PathEvery   int     `json:"path_every" usage:"iterations from one such penalty to the next, which weighs as many times as much"`
	PathDecay   float64 `json:"path_decay" usage:"part of the mean length of paths that an update replaces"`
	Rate        float64 `json:"lr" usage:"Adam's learning rate"`
	Average     float64 `json:"ema" usage:"decay of the moving average of the generator's weights, which makes the images; 0 is none"`
	Target      float64 `json:"ada" usage:"mean sign of the discriminator's score of real images, 0.6 say, that their augmentation, and that of fakes, adapts to; 0 is no augmentation"`
	TargetIn    int     `json:"ada_iterations" usage:"iterations in which the probability of each augmentation may go from 0 to 1"`
	Decay       float64 `json:"styles_decay" usage:"decay of the running average of w, which styles are truncated towards"`
}

// System is the game as the command knows it.
var System = train.System{
	Name: "stylegan2", Title: "GAN of styles: modulated convolutions, skips, lazy penalties", Paper: "Karras et al., 2020, arXiv:1912.04958",
	Needs: "square images of 8 to 1024 pixels", Dataset: "emoji",
	Presets: []train.Preset{
		{Name: "paper", Description: "config-f, the paper's networks and rates, for 1024 pixels and many GPUs", Batch: 32, Epochs: 100,
			Settings: Settings{Latent: 512, Styles: 512, Mapping: 8, Filters: 32768, MostFilters: 512, Group: 4, Mixing: 0.9, R1: 10, R1Every: 16,
				Path: 2, PathEvery: 4, PathDecay: 0.01, Rate: 0.002, Average: 0.9978, TargetIn: 15000, Decay: 0.998}},
		{Name: "small", Description: "up to 64 filters: for 32 pixels and two cores", Batch: 16, Epochs: 60,
			Settings: Settings{Latent: 64, Styles: 64, Mapping: 4, Filters: 512, MostFilters: 64, Group: 4, Mixing: 0.9, R1: 0.1, R1Every: 16,
				Path: 2, PathEvery: 4, PathDecay: 0.01, Rate: 0.002, Average: 0.998, TargetIn: 3000, Decay: 0.998}},
	},
	New: func(settings any, in train.Input) (train.Game, error) { return New(settings.(Settings), in) },
}

// Validate reports the first setting that no game can have.
func (s Settings) Validate() error {
	for name, v := range map[string]float64{"r1": s.R1, "path": s.Path} {
		if !(v >= 0) {
			return fmt.Errorf("%s is %v, want 0 or more", name, v)
		}
	}
	for name, v := range map[string]float64{"mixing": s.Mixing, "path_decay": s.PathDecay, "styles_decay": s.Decay} {
		if !(v >= 0 && v <= 1) {
			return fmt.Errorf("%s is %v, want 0 to 1", name, v)
		}
	}
	if !(s.Target >= 0 && s.Target < 1) || s.Target > 0 && s.TargetIn < 1 {
		return fmt.Errorf("ada is %v in %d iterations, want 0 or more and less than 1, and at least 1 iteration", s.Target, s.TargetIn)
	}
	return errors.Join(dcgan.Positive("latent", s.Latent), dcgan.Positive("styles", s.Styles), dcgan.Positive("mapping", s.Mapping),
		dcgan.Positive("filters", s.Filters), dcgan.Positive("most_filters", s.MostFilters), dcgan.Positive("group", s.Group),
		dcgan.Positive("r1_every", s.R1Every), dcgan.Positive("path_every", s.PathEvery))
}

// New makes the game for images of a size.
func New(s Settings, in train.Input) (train.Game, error) {
	if err := s.Validate(); err != nil {
		return train.Game{}, err
	}
	doublings, err := style.Doublings(in.Height, in.Width)
	if err != nil {
		return train.Game{}, err
	}
	if s.Target > 0 && in.Channels != 1 && in.Channels != 3 {
		return train.Game{}, fmt.Errorf("images of %d channels: ada changes colours of 1 or 3 channels", in.Channels)
	}
	n := sizes{s, in, doublings}
	mapping := style.Map{Layers: s.Mapping, Width: s.Styles, Rate: 0.01, Decay: s.Decay}
	images := func(b *train.Builder, styles *nn.Node) *nn.Node { return b.Apply(style.Synthesis, styles) }
	g := train.Game{
		Name: "stylegan2", Settings: s, Low: -1, High: 1, Guides: dcgan.Guides(nn.NonSaturating),
		Networks: []train.Network{
			{Name: style.Mapping, Net: mapping.Network(), Average: s.Average},
			{Name: style.Synthesis, Net: n.synthesis, Average: s.Average},
			{Name: "discriminator", Net: n.discriminator},
		},
		Phases: n.phases(),
		Sample: style.Sample(s.Latent, n.layers(), images),
		Uses:   style.Uses(s.Latent, s.Styles, n.layers(), images),
	}
	if s.Target > 0 {
		g.Networks = append(g.Networks, train.Network{Name: augmentation, Net: n.augmentation})
	}
	return g, nil
}

// phases are the updates of both players, and the lazy penalties (Karras et al., 2020, appendix B), which share the optimizer
// of the player that they are of.
func (s sizes) phases() []train.Phase {
	const loss = nn.NonSaturating
	adam := train.Adam{Rate: train.Constant(s.Rate), Beta1: 0, Beta2: 0.99, Epsilon: 1e-8}
	generator, ofD := []string{style.Mapping, style.Synthesis}, adam
	if s.R1 > 0 {
		ofD = adam.Lazy(s.R1Every)
	}
	if s.Path > 0 {
		adam = adam.Lazy(s.PathEvery)
	}
	phases := []train.Phase{
		{Name: "d", Trains: []string{"discriminator"}, Optimizer: ofD, Loss: func(b *train.Builder) *nn.Node {
			real := s.score(b, "real images", b.Data("image"))
			fake := s.score(b, "fakes", nn.Detach(b.Apply(style.Synthesis, s.styles(b))))
			s.adapt(b, real)
			b.Share("accuracy_real", nn.Above(real, loss.Boundary()))
			b.Share("accuracy_fake", nn.Below(fake, loss.Boundary()))
			return b.Term("d_loss", 1, loss.Real(real), loss.Fake(fake))
		}},
		{Name: "g", Trains: generator, Optimizer: adam, Loss: func(b *train.Builder) *nn.Node {
			return b.Term("g_loss", 1, loss.Generator(s.score(b, "fakes", b.Apply(style.Synthesis, s.styles(b)))))
		}},
	}
	if s.Target > 0 {
		phases[0].Updates = []string{augmentation}
	}
	if s.R1 > 0 {
		phases = append(phases, train.Phase{Name: "r1", Trains: []string{"discriminator"}, Optimizer: ofD, Every: s.R1Every,
			Loss: func(b *train.Builder) *nn.Node {
				x := b.Data("image")
				slope := nn.Slope(s.score(b, "real images", x), x)
				return b.Term("r1", s.R1/2*float64(s.R1Every), nn.ZeroCentredPenalty(slope))
			}})
	}
	if s.Path > 0 {
		phases = append(phases, train.Phase{Name: "path", Trains: generator, Optimizer: adam, Every: s.PathEvery, Fraction: 2, Loss: s.path})
	}
	return phases
}

// styles are those of fakes.
func (s sizes) styles(b *train.Builder) *nn.Node {
	return style.Drawn(b, s.Latent, s.layers(), s.Mixing)
}

// path is the penalty on the lengths of paths (Karras et al., 2020, section 3.2, equation 4): with images x of styles w and
// normal images y of deviation 1/sqrt(pixels),
//
//	length = sqrt(mean over layers of |d(sum of x*y)/dw|^2)
//	a = a + PathDecay*(mean of lengths - a)
//	penalty = mean of (length - a)^2
func (s sizes) path(b *train.Builder) *nn.Node {
	w := s.styles(b)
	x := b.Apply(style.Synthesis, w)
	y := nn.Scale(b.Noise("direction", s.in.Height, s.in.Width, s.in.Channels), 1/math.Sqrt(float64(s.in.Height*s.in.Width)))
	slope := nn.Slope(nn.SumOver(nn.Multiply(x, y), 1, 2, 3), w)
	length := nn.Map("length", func(v ...expr.Expr) expr.Expr {
		return v[0].Mul(expr.Const(1 / float64(s.layers()))).Sqrt()
	}, nn.SumOver(nn.Square(slope), 1, 2))
	b.Metric("path_length", nn.Mean(length))
	mean := nn.Map("running mean", func(v ...expr.Expr) expr.Expr {
		return v[0].Add(expr.Const(s.PathDecay).Mul(v[1].Sub(v[0])))
	}, b.Kept("length", 1), nn.Vector(nn.MeanOver(length, 0)))
	b.Keep("length", nn.Detach(mean))
	return b.Term("path", s.Path*float64(s.PathEvery), nn.Mean(nn.Square(nn.Subtract(length, mean))))
}
