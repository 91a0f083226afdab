package acgan

import (
	"errors"
	"fmt"

	"gangpu/engine/expr"
	"gangpu/gan/games/dcgan"
	"gangpu/gan/nn"
	"gangpu/gan/train"
)

// The game for drawings of Jin et al. ("Towards the automatic anime characters creation with generative adversarial
// networks", 2017): any number of tags an image, a generator and a discriminator of residual blocks, and the penalty of DRAGAN
// (Kodali et al., "On convergence and stability of GANs", 2017).

// validateDrawings reports the first setting that no such game can have.
func (s Settings) validateDrawings() error {
	switch {
	case s.Class != "auxiliary" || s.Loss != nn.NonSaturating || s.Spectral || s.Embedding != 0:
		return errors.New("the networks drawings have an auxiliary classifier, the loss non-saturating, and neither spectral norm nor an embedding")
	case !(s.Weight > 0):
		return fmt.Errorf("class_weight is %v, want a positive number", s.Weight)
	case !(s.Penalty >= 0) || !(s.Adversarial >= 0):
		return fmt.Errorf("penalty is %v and adversarial_weight %v, want 0 or more", s.Penalty, s.Adversarial)
	case s.Filters%2 != 0:
		return fmt.Errorf("filters is %d, want an even number: the discriminator begins with half of them", s.Filters)
	}
	return errors.Join(dcgan.Positive("latent", s.Latent), dcgan.Positive("filters", s.Filters), dcgan.Positive("blocks", s.Blocks))
}

// drawings makes the game for images with tags: their class, if they have one, and their attributes.
func drawings(s Settings, in train.Input) (train.Game, error) {
	tags, side := in.Classes+in.Attributes, min(in.Height, in.Width)
	if tags < 2 {
		return train.Game{}, errors.New("acgan with the networks drawings needs images with tags: a table of attributes, classes, or both")
	}
	if in.Height%8 != 0 || in.Width%8 != 0 || side < 16 {
		return train.Game{}, fmt.Errorf("images of %dx%d: the networks drawings double maps three times: want multiples of 8 pixels, of 16 or more", in.Width, in.Height)
	}
	adam := train.Adam{Rate: train.Constant(s.Rate), Beta1: s.Beta1, Beta2: 0.999, Epsilon: 1e-8}
	adversarial := float64(tags)
	if s.Adversarial > 0 {
		adversarial = s.Adversarial
	}
	// A cross-entropy for each tag by itself, added up.
	tell := func(logits, wanted *nn.Node) *nn.Node { return nn.Scale(nn.BCEWith(logits, wanted), float64(tags)) }
	return train.Game{
		Name: "acgan", Settings: s, Low: -1, High: 1,
		Networks: []train.Network{
			{Name: "generator", Net: s.draws(in), Average: s.Average},
			{Name: "discriminator", Net: s.judges(side)},
		},
		Phases: []train.Phase{
			{Name: "d", Trains: []string{"discriminator"}, Optimizer: adam, Loss: func(b *train.Builder) *nn.Node {
				x, has := b.Data("image"), b.Tags(in)
				wanted := next(has)
				y := nn.Detach(b.Apply("generator", b.Noise("z", s.Latent), wanted))
				real, fakes := b.ApplyAll("discriminator", x, has), b.ApplyAll("discriminator", y, has)
				b.Share("accuracy_real", nn.Above(real[0], 0))
				b.Share("accuracy_fake", nn.Below(fakes[0], 0))
				terms := []*nn.Node{
					b.Term("d_loss", adversarial, nn.BCE(real[0], 1), nn.BCE(fakes[0], 0)),
					b.Term("d_tag_loss", s.Weight, tell(real[1], has), tell(fakes[1], wanted)),
				}
				if s.Penalty > 0 {
					near := perturbed(x, b.Uniform("near", in.Height, in.Width, in.Channels))
					slope := nn.Slope(b.ApplyAll("discriminator", near, has)[0], near)
					terms = append(terms, b.Term("penalty", s.Penalty, nn.GradientPenalty(slope)))
				}
				return nn.Sum(terms...)
			}},
			{Name: "g", Trains: []string{"generator"}, Optimizer: adam, Loss: func(b *train.Builder) *nn.Node {
				wanted := b.Tags(in)
				y := b.ApplyAll("discriminator", b.Apply("generator", b.Noise("z", s.Latent), wanted), wanted)
				return nn.Add(b.Term("g_loss", adversarial, nn.BCE(y[0], 1)), b.Term("g_tag_loss", s.Weight, tell(y[1], wanted)))
			}},
		},
		Sample: func(b *train.Builder) *nn.Node {
			return b.Apply("generator", b.Noise("z", s.Latent), b.Classes(train.TagsInput, tags))
		},
	}, nil
}

// next are the tags of the next image of the batch: fakes are asked for by tags that occur together, and not by those of
// the images beside them.
func next(tags *nn.Node) *nn.Node {
	n := tags.Batch()
	if n == 1 {
		return tags
	}
	return nn.Stack(nn.Examples(tags, 1, n), nn.Examples(tags, 0, 1))
}

// perturbed are images with noise of half of their deviation, of u in [0, 1) (Kodali et al., 2017, section 2.3).
func perturbed(x, u *nn.Node) *nn.Node {
	centred := nn.Subtract(x, nn.Mean(x))
	return nn.Map("near", func(v ...expr.Expr) expr.Expr {
		return v[0].Add(v[1].Sqrt().Mul(expr.Const(0.5)).Mul(v[2]))
	}, x, nn.Mean(nn.Square(centred)), u)
}

// conv is a convolution that keeps the image's size.
func conv(filters, kernel int) nn.Conv {
	return nn.Conv{Filters: filters, Kernel: kernel, Padding: nn.Pad(kernel / 2)}
}

// draws is the generator, of noise and tags (Jin et al., 2017, figure 3): that of SRResNet behind a dense layer.
func (s Settings) draws(in train.Input) nn.Network {
	return func(l *nn.Layers, x []*nn.Node) []*nn.Node {
		l.Initialise(nn.RandomNormal(0, 0.02))
		norm := nn.Norm{Gamma: nn.RandomNormal(1, 0.02)}
		h, w, f := in.Height/8, in.Width/8, s.Filters
		y := nn.Reshape(l.Dense(nn.Concat(x...), nn.Units{N: h * w * f}), h, w, f)
		first := nn.ReLU(l.BatchNorm(y, norm))
		y = first
		for range s.Blocks {
			l.Scope("block", func(l *nn.Layers) {
				z := nn.ReLU(l.BatchNorm(l.Conv2D(y, conv(f, 3)), norm))
				y = nn.Add(y, l.BatchNorm(l.Conv2D(z, conv(f, 3)), norm))
			})
		}
		y = nn.Add(nn.ReLU(l.BatchNorm(l.Conv2D(y, conv(f, 3)), norm)), first)
		for range 3 {
			y = nn.ReLU(l.BatchNorm(nn.DepthToSpace(l.Conv2D(y, conv(4*f, 3)), 2), norm))
		}
		return []*nn.Node{nn.Tanh(l.Conv2D(y, conv(in.Channels, 9)))}
	}
}

// judges is the discriminator (Jin et al., 2017, figure 4): a score, and a logit for each tag, of images and their tags,
// which say how many there are alone. It halves images to two or three pixels, and has no norm.
func (s Settings) judges(side int) nn.Network {
	return func(l *nn.Layers, x []*nn.Node) []*nn.Node {
		const alpha = 0.2
		// Kernels of a deviation of 0.02, as the generator's, would make slopes a thousand times below the penalty's in a dozen
		// layers without a norm.
		l.Initialise(nn.HeNormal)
		f := s.Filters / 2
		halved := func(filters, kernel int) nn.Conv {
			return nn.Conv{Filters: filters, Kernel: kernel, Stride: 2, Padding: nn.Pad(1)}
		}
		y := nn.LeakyReLU(l.Conv2D(x[0], halved(f, 4)), alpha)
		for i := 0; side>>(i+2) >= 2; i++ {
			for range 2 {
				l.Scope("block", func(l *nn.Layers) {
					z := l.Conv2D(nn.LeakyReLU(l.Conv2D(y, conv(f, 3)), alpha), conv(f, 3))
					y = nn.LeakyReLU(nn.Add(y, z), alpha)
				})
			}
			f *= 2
			kernel := 3
			if i < 2 {
				kernel = 4
			}
			y = nn.LeakyReLU(l.Conv2D(y, halved(f, kernel)), alpha)
		}
		y = nn.Flatten(y)
		return []*nn.Node{l.Dense(y, nn.Units{N: 1}), l.Dense(y, nn.Units{N: x[1].Channels()})}
	}
}
