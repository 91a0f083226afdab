// Package tutorial is the GAN of the tutorial that gangpu began with: Goodfellow's (2014), as Keras has it, on digits;
// with the losses, the penalty, the average and the classes that later papers added.
package tutorial

import (
	"errors"
	"fmt"
	"math"
	"strings"

	"gangpu/gan/games/dcgan"
	"gangpu/gan/nn"
	"gangpu/gan/train"
)

// Settings are those of the game.
type Settings struct {
	Networks    string  `json:"networks" usage:"tutorial (the generator's last filter is as large as an image) or compact (3x3)"`
	Latent      int     `json:"latent" usage:"normals that an image is made from"`
	K           int     `json:"k" usage:"number that alternation is about"`
	Alternation string  `json:"alternation" usage:"every-k (a discriminator step every k iterations) or k-steps (k of them before each generator step)"`
	Loss        Loss    `json:"loss" usage:"non-saturating, minimax, least-squares, hinge, wasserstein or wasserstein-gp"`
	Conditional bool    `json:"conditional" usage:"tell both networks the images' classes"`
	Smoothing   float64 `json:"label_smoothing" usage:"what the label of real images is less than 1 in the cross-entropy"`
	Penalty     float64 `json:"gradient_penalty" usage:"weight of the penalty on the length of the discriminator's gradient; 0 is none"`
	Clip        float64 `json:"clip" usage:"largest magnitude of the discriminator's weights after a step; 0 is none"`
	Alpha       float64 `json:"alpha" usage:"slope of LeakyReLU below zero"`
	Dropout     float64 `json:"dropout" usage:"share of the discriminator's activations that are dropped in training"`
	Rate        float64 `json:"lr" usage:"Adam's learning rate"`
	RateD       float64 `json:"lr_d" usage:"that of the discriminator alone; 0 is lr"`
	Beta1       float64 `json:"beta1" usage:"decay of Adam's mean"`
	Beta2       float64 `json:"beta2" usage:"decay of Adam's variance"`
	Epsilon     float64 `json:"epsilon" usage:"number that Adam adds to the root of the variance"`
	Average     float64 `json:"ema" usage:"decay of the moving average of the generator's weights, which makes the images; 0 is none"`
}

// Loss names what D and G minimise.
type Loss string

// form is how a loss is computed: D's is a factor times the mean of both halves' means, each against a label; G's a
// factor times a mean against a target.
type form struct {
	real, fake, target float64
	d, g               func(scores *nn.Node, label float64) *nn.Node
	factorD, factorG   float64
	guessing           float64 // D's loss where it cannot tell; 0 if that says nothing
}

// forms of all losses; s is D's score before any sigmoid.
var forms = map[Loss]form{
	// Goodfellow et al., 2014, section 3.
	"non-saturating": {1, 0, 1, nn.BCE, nn.BCE, 1, 1, math.Ln2},
	// The same, equation 1: G minimises log(1 - D(G(z))).
	"minimax": {1, 0, 0, nn.BCE, nn.BCE, 1, -1, math.Ln2},
	// Mao et al., 2017, equation 2 with a = -1 and b = c = 1, so that 0 divides real from fake.
	"least-squares": {1, -1, 1, nn.LeastSquares, nn.LeastSquares, 1, 0.5, 1},
	// Lim and Ye, 2017: D the sum of both halves' means.
	"hinge": {1, -1, 1, nn.Hinge, linear, 2, 1, 2},
	// Arjovsky et al., 2017; Gulrajani et al., 2017.
	"wasserstein":    {1, -1, 1, linear, linear, 2, 1, 0},
	"wasserstein-gp": {1, -1, 1, linear, linear, 2, 1, 0},
}

// linear is the mean of -label*s.
func linear(scores *nn.Node, label float64) *nn.Node { return nn.Scale(nn.Mean(scores), -label) }

// Losses are their names.
var Losses = []Loss{"non-saturating", "minimax", "least-squares", "hinge", "wasserstein", "wasserstein-gp"}

// guides are D's loss where it gives every image the same odds, if that says something.
func (l Loss) guides() []train.Guide {
	g := train.Guide{Axis: "loss", Value: forms[l].guessing, Label: "cannot tell"}
	switch g.Value {
	case 0:
		return nil
	case math.Ln2:
		g.Label = "log 2"
	}
	return []train.Guide{g}
}

// Defaults are the tutorial's settings.
func Defaults() Settings {
	return Settings{Networks: "tutorial", Latent: 100, K: 2, Alternation: "every-k", Loss: "non-saturating", Alpha: 0.3, Dropout: 0.4,
		Rate: 2e-4, Beta1: 0.5, Beta2: 0.999, Epsilon: 1e-7}
}

// Best has a step of D in every iteration, small batches, a higher rate, and images by the moving average of G's
// weights. The recipe is the better of two that were compared as wholes, by the distance of docs/judging.md.
func Best() Settings {
	s := Defaults()
	s.Networks, s.Latent, s.K, s.Alpha, s.Rate, s.Average = "compact", 64, 1, 0.2, 1e-3, 0.999
	return s
}

// System is the game as the command knows it.
var System = train.System{
	Name: "tutorial", Title: "the GAN of a tutorial, on digits", Paper: "Goodfellow et al., 2014, arXiv:1406.2661", Needs: "grey images",
	Dataset: "mnist", Channels: 1,
	Presets: []train.Preset{
		{Name: "tutorial", Description: "the tutorial's model and settings", Settings: Defaults(), Batch: 256, Epochs: 100},
		{Name: "best", Description: "the recipe that comes to good digits soonest: a compact model, a step of each network an iteration, averaged weights",
			Settings: Best(), Batch: 64, Epochs: 20},
	},
	New: func(settings any, in train.Input) (train.Game, error) { return New(settings.(Settings), in) },
	Implied: func(settings any, given map[string]any) any {
		s := settings.(Settings)
		if loss, ok := given["loss"].(string); ok {
			s = s.WithLoss(Loss(loss))
		}
		return s
	},
	Line: line,
}

// line is what the tutorial prints of an iteration.
func line(epoch, iteration, perEpoch int, value func(column string) float64) string {
	return fmt.Sprintf(">%d, %d/%d, d=%s, g=%s, accuracy real %.0f%%, fake %.0f%%", epoch+1, iteration+1, perEpoch,
		lossText(value("d_loss")), lossText(value("g_loss")), 100*value("accuracy_real"), 100*value("accuracy_fake"))
}

// lossText is a loss as the tutorial prints it; what is beyond measure is not written out.
func lossText(v float64) string {
	if v >= 1e6 || v <= -1e6 {
		return fmt.Sprintf("%.3g", v)
	}
	return fmt.Sprintf("%.3f", v)
}

// WithLoss is s with another loss, and what else that loss's paper says that it needs: Wasserstein's RMSProp is Adam
// without momentum. The rate is not the papers' but stays what suits the model, or half of that where D's weights are
// clipped.
func (s Settings) WithLoss(l Loss) Settings {
	s.Loss = l
	switch l {
	case "wasserstein":
		s.K, s.Alternation, s.Dropout = 5, "k-steps", 0
		s.Rate, s.Beta1, s.Beta2, s.Clip = s.Rate/2, 0, 0.99, 0.01
	case "wasserstein-gp":
		s.K, s.Alternation, s.Dropout = 5, "k-steps", 0
		s.Beta1, s.Beta2, s.Penalty = 0, 0.9, 10
	}
	return s
}

// Validate reports the first setting that no game can have.
func (s Settings) Validate() error {
	if _, ok := forms[s.Loss]; !ok {
		var names []string
		for _, l := range Losses {
			names = append(names, string(l))
		}
		return fmt.Errorf("loss is %q, want one of %s", s.Loss, strings.Join(names, ", "))
	}
	switch {
	case s.Networks != "tutorial" && s.Networks != "compact":
		return fmt.Errorf("networks is %q, want tutorial or compact", s.Networks)
	case s.Alternation != "every-k" && s.Alternation != "k-steps":
		return fmt.Errorf("alternation is %q, want every-k or k-steps", s.Alternation)
	case !(s.Smoothing >= 0 && s.Smoothing < 0.5):
		return fmt.Errorf("label smoothing is %v, want 0 or more and less than 0.5", s.Smoothing)
	case s.Smoothing > 0 && s.Loss != "non-saturating" && s.Loss != "minimax":
		return fmt.Errorf("label smoothing is for cross-entropy, and the loss is %s", s.Loss)
	case s.Loss == "wasserstein" && s.Clip == 0:
		return fmt.Errorf("the loss %s without a clip has no lower bound", s.Loss)
	case s.Loss == "wasserstein-gp" && s.Penalty == 0:
		return fmt.Errorf("the loss %s without a gradient penalty has no lower bound", s.Loss)
	case !(s.Penalty >= 0) || !(s.RateD >= 0):
		return fmt.Errorf("gradient penalty is %v and lr_d %v, want positive numbers, or 0 for none", s.Penalty, s.RateD)
	case !(s.Alpha >= 0 && s.Alpha <= 1) || !(s.Dropout >= 0 && s.Dropout < 1):
		return fmt.Errorf("alpha is %v and dropout %v, want 0 to 1", s.Alpha, s.Dropout)
	}
	for _, c := range []struct {
		name string
		v    float64
	}{{"beta1", s.Beta1}, {"beta2", s.Beta2}, {"ema", s.Average}} {
		if !(c.v >= 0 && c.v < 1) {
			return fmt.Errorf("%s is %v, want 0 or more and less than 1", c.name, c.v)
		}
	}
	for _, c := range []struct {
		name string
		v    float64
	}{{"learning rate", s.Rate}, {"epsilon", s.Epsilon}} {
		if !(c.v > 0) || math.IsInf(c.v, 0) {
			return fmt.Errorf("%s is %v, want a positive number", c.name, c.v)
		}
	}
	const mostLatent, mostK = 65_536, 1000 // far beyond what anyone trains with
	if s.Latent > mostLatent || s.K > mostK {
		return fmt.Errorf("latent is %d and k %d, want at most %d and %d", s.Latent, s.K, mostLatent, mostK)
	}
	return errors.Join(dcgan.Positive("latent", s.Latent), dcgan.Positive("k", s.K))
}

// check reports images that the settings cannot be trained on.
func (s Settings) check(in train.Input) error {
	switch {
	case in.Height < 4 || in.Width < 4 || in.Height%4 != 0 || in.Width%4 != 0:
		return fmt.Errorf("images of %dx%d: the generator makes such as divide by 4", in.Width, in.Height)
	case in.Channels != 1:
		return fmt.Errorf("images of %d channels: the tutorial's are grey; the game dcgan takes colours", in.Channels)
	case s.Conditional && in.Classes < 2:
		return errors.New("the images have no classes to tell the networks")
	}
	return nil
}

// New makes the game for images of a size.
func New(s Settings, in train.Input) (train.Game, error) {
	if err := s.Validate(); err != nil {
		return train.Game{}, err
	}
	if err := s.check(in); err != nil {
		return train.Game{}, err
	}
	f := forms[s.Loss]
	adam := func(rate float64) train.Optimizer {
		return train.Adam{Rate: train.Constant(rate), Beta1: s.Beta1, Beta2: s.Beta2, Epsilon: s.Epsilon}
	}
	d := train.Phase{Name: "d", Trains: []string{"discriminator"}, Fraction: 2, Optimizer: adam(s.Rate), ClipWeights: s.Clip}
	if s.RateD > 0 {
		d.Optimizer = adam(s.RateD)
	}
	if d.Every = s.K; s.Alternation == "k-steps" {
		d.Every, d.Times = 1, s.K
	}
	// classes are what a network takes besides its images or noise.
	drawn := func(b *train.Builder) []*nn.Node {
		if !s.Conditional {
			return nil
		}
		return []*nn.Node{b.Classes("class of fakes", in.Classes)}
	}
	fake := func(b *train.Builder, class []*nn.Node) *nn.Node {
		return b.Apply("generator", append([]*nn.Node{b.Noise("z", s.Latent)}, class...)...)
	}
	d.Loss = func(b *train.Builder) *nn.Node {
		var classes []*nn.Node
		of := drawn(b)
		x, y := b.Data("image"), nn.Detach(fake(b, of))
		if s.Conditional {
			classes = []*nn.Node{nn.Stack(b.Data("class"), of[0])}
		}
		// Both halves are one batch.
		scores := b.Apply("discriminator", append([]*nn.Node{nn.Stack(x, y)}, classes...)...)
		real, fakes := nn.Examples(scores, 0, b.Batch()), nn.Examples(scores, b.Batch(), 2*b.Batch())
		loss := nn.Scale(nn.Add(f.d(real, f.real-s.Smoothing), f.d(fakes, f.fake)), f.factorD/2)
		if s.Penalty > 0 {
			between := nn.Lerp(y, x, b.Uniform("t", 1, 1, 1))
			if s.Conditional {
				classes = []*nn.Node{b.Data("class")}
			}
			slope := nn.Slope(b.Apply("discriminator", append([]*nn.Node{between}, classes...)...), between)
			loss = nn.Add(loss, nn.Scale(nn.GradientPenalty(slope), s.Penalty))
		}
		loss = b.Term("d_loss", 1, loss)
		b.Share("accuracy_real", nn.Above(real, 0))
		b.Share("accuracy_fake", nn.Below(fakes, 0))
		return loss
	}
	g := train.Phase{Name: "g", Trains: []string{"generator"}, Optimizer: adam(s.Rate), Loss: func(b *train.Builder) *nn.Node {
		class := drawn(b)
		scores := b.Apply("discriminator", append([]*nn.Node{fake(b, class)}, class...)...)
		return b.Term("g_loss", 1, nn.Scale(f.g(scores, f.target), f.factorG))
	}}
	return train.Game{
		Name: "tutorial", Settings: s, Guides: s.Loss.guides(),
		Networks: []train.Network{
			{Name: "generator", Net: s.generator(in), Average: s.Average},
			{Name: "discriminator", Net: s.discriminator()},
		},
		Phases: []train.Phase{d, g},
		Sample: func(b *train.Builder) *nn.Node {
			if s.Conditional {
				return fake(b, []*nn.Node{b.Classes("class", in.Classes)})
			}
			return fake(b, nil)
		},
		Uses: []train.Use{{Name: ScoreUse, Build: func(b *train.Builder) []*nn.Node {
			x := []*nn.Node{b.Data("image")}
			if s.Conditional {
				x = append(x, b.Classes("class", in.Classes))
			}
			return b.ApplyAll("discriminator", x...)
		}}},
	}, nil
}

// generator makes a quarter-sized image of the noise and doubles it twice. The tutorial's gathers the channels by a
// filter as large as an image of MNIST; the compact one looks at the neighbours of a pixel.
func (s Settings) generator(in train.Input) nn.Network {
	deep, last, kernel := 64, 32, 28
	if s.Networks == "compact" {
		deep, last, kernel = 48, 24, 3
	}
	h, w := in.Height/4, in.Width/4
	return func(l *nn.Layers, x []*nn.Node) []*nn.Node {
		y := withClass(l, l.Dense(x[0], nn.Units{N: h * w * deep}), x)
		y = nn.Reshape(nn.LeakyReLU(y, s.Alpha), h, w, deep)
		y = nn.LeakyReLU(l.ConvTranspose(y, nn.Conv{Filters: deep, Kernel: 3, Stride: 2}), s.Alpha)
		y = nn.LeakyReLU(l.ConvTranspose(y, nn.Conv{Filters: last, Kernel: 3, Stride: 2}), s.Alpha)
		return []*nn.Node{nn.Sigmoid(l.Conv2D(y, nn.Conv{Filters: 1, Kernel: kernel}))}
	}
}

// discriminator halves an image twice and weighs what is left. The tutorial's last layer is a sigmoid; here it is part
// of the loss, which is computed of scores without overflow.
func (s Settings) discriminator() nn.Network {
	first, second, kernel := 32, 64, 3
	if s.Networks == "compact" {
		first, second, kernel = 24, 48, 5
	}
	return func(l *nn.Layers, x []*nn.Node) []*nn.Node {
		y := withClass(l, l.Conv2D(x[0], nn.Conv{Filters: first, Kernel: kernel, Stride: 2}), x)
		y = l.Dropout(nn.LeakyReLU(y, s.Alpha), s.Dropout)
		y = nn.LeakyReLU(l.Conv2D(y, nn.Conv{Filters: second, Kernel: kernel, Stride: 2}), s.Alpha)
		return []*nn.Node{l.Dense(nn.Flatten(y), nn.Units{N: 1})}
	}
}

// withClass adds a learned array of the class to the result of the first layer (Mirza and Osindero, 2014): what a dense
// layer makes of an appended class, and more than a convolution makes of planes that hold it.
func withClass(l *nn.Layers, y *nn.Node, x []*nn.Node) *nn.Node {
	if len(x) == 1 {
		return y
	}
	shape := y.Shape()[1:]
	n := 1
	for _, d := range shape {
		n *= d
	}
	return nn.Add(y, nn.Reshape(l.ClassEmbedding(x[1], n), shape...))
}
