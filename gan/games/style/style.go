// Package style has what the generators of StyleGAN and StyleGAN2 share (Karras, Laine and Aila, "A style-based generator
// architecture for generative adversarial networks", 2019; Karras et al., "Analyzing and improving the image quality of
// StyleGAN", 2020): noise z is mapped to styles w, which steer each layer of a synthesis network.
package style

import (
	"fmt"
	"math"

	"gangpu/engine/expr"
	"gangpu/gan/nn"
	"gangpu/gan/train"
)

// Names of the two networks, and of the noise that the first one takes.
const (
	Mapping   = "mapping"
	Synthesis = "synthesis"
	Latent    = "z"
)

// Map says what a mapping network is.
type Map struct {
	Layers, Width int     // dense layers, and units of each: the length of w
	Rate          float64 // the multiplier of their learning rate
	Decay         float64 // of the running average of w
}

// averageOfW is the mapping network's state, [Width]: the running average of w, towards which images are truncated.
const averageOfW = "w_average"

// Network is the mapping: of z [batch, n], by w = f(z/|z|*sqrt(n)), [batch, Width]. The second result is the running average
// of w, [Width], which training keeps.
func (m Map) Network() nn.Network {
	return func(l *nn.Layers, x []*nn.Node) []*nn.Node {
		l.Initialise(nn.Equalised(math.Sqrt2, m.Rate))
		w := nn.PixelNorm(x[0])
		for range m.Layers {
			w = nn.LeakyReLU(l.Dense(w, nn.Units{N: m.Width}), 0.2)
		}
		average := l.State(averageOfW, nn.Zeros, m.Width)
		l.Update(average, func(now *nn.Node) *nn.Node {
			mean := nn.MeanOver(nn.Detach(w), 0)
			return nn.Map("average of w", func(x ...expr.Expr) expr.Expr {
				return x[0].Add(expr.Const(1 - m.Decay).Mul(x[1].Sub(x[0])))
			}, now, nn.Vector(mean))
		})
		return []*nn.Node{w, average}
	}
}

// Each is the same w [batch, width] for each of some layers, [batch, layers, width].
func Each(w *nn.Node, layers int) *nn.Node {
	all := make([]*nn.Node, layers)
	for i := range all {
		all[i] = w
	}
	return nn.Reshape(nn.Concat(all...), layers, w.Channels())
}

// Of is the style of a layer, [batch, width], of those of all layers [batch, layers, width].
func Of(styles *nn.Node, layer int) *nn.Node {
	width := styles.Channels()
	return nn.Reshape(nn.Slice(styles, 1, layer, layer+1), width)
}

// Mixed are the styles of all layers, [batch, layers, width], where with a probability those from a layer on are of another
// w: style mixing (Karras et al., 2019, section 3.1). The layer is drawn for each image by itself, from the second to the
// last.
func Mixed(b *train.Builder, w, other *nn.Node, layers int, probability float64) *nn.Node {
	if probability == 0 || layers < 2 {
		return Each(w, layers)
	}
	draw := b.Uniform("crossover", 1)
	all := []*nn.Node{w}
	for layer := 1; layer < layers; layer++ {
		// A draw below the probability is cut into as many parts as there are crossovers: layer is behind the first of them.
		limit := probability * float64(layer) / float64(layers-1)
		all = append(all, nn.Map("mix", func(x ...expr.Expr) expr.Expr {
			return x[2].Less(expr.Const(limit)).Select(x[1], x[0])
		}, w, other, draw))
	}
	return nn.Reshape(nn.Concat(all...), layers, w.Channels())
}

// Drawn are the styles of noise that is drawn, [batch, layers, width], mixed with a probability.
func Drawn(b *train.Builder, latent, layers int, mixing float64) *nn.Node {
	w := b.Apply(Mapping, b.Noise(Latent, latent))
	if mixing == 0 {
		return Each(w, layers)
	}
	return Mixed(b, w, b.Apply(Mapping, b.Noise("other "+Latent, latent)), layers, mixing)
}

// AddNoise adds to each pixel a normal number, one for all channels, times a learned strength that begins at 0: of each
// channel, or one of all.
func AddNoise(l *nn.Layers, x *nn.Node, perChannel bool) *nn.Node {
	shape, strengths := x.Shape(), 1
	if perChannel {
		strengths = x.Channels()
	}
	strength := l.Parameter("noise_strength", nn.Zeros, strengths)
	return nn.Map("noise", func(v ...expr.Expr) expr.Expr { return v[0].Add(v[1].Mul(v[2])) },
		x, l.Noise(shape[0], shape[1], shape[2], 1), strength)
}

// Constant is the learned image that the synthesis begins with, [batch, side, side, channels] of a batch as large as that of
// styles, which it does not depend on.
func Constant(l *nn.Layers, styles *nn.Node, side, channels int, init nn.Initialiser) *nn.Node {
	image := l.Parameter("constant", init, 1, side, side, channels)
	batch := nn.Reshape(nn.Slice(Of(styles, 0), 1, 0, 1), 1, 1, 1)
	return nn.Map("constant", func(x ...expr.Expr) expr.Expr { return x[0] }, image, batch)
}

// Make makes images, between the game's Low and High, of styles [batch, layers, width].
type Make func(b *train.Builder, styles *nn.Node) *nn.Node

// Sample makes images as [train.Game.Sample] does, of one w for all layers.
func Sample(latent, layers int, images Make) func(b *train.Builder) *nn.Node {
	return func(b *train.Builder) *nn.Node {
		return images(b, Each(b.Apply(Mapping, b.Noise(Latent, latent)), layers))
	}
}

// Uses are the two halves of Sample, [train.MapUse] and [train.SynthesiseUse].
func Uses(latent, width, layers int, images Make) []train.Use {
	return []train.Use{
		{Name: train.MapUse, Build: func(b *train.Builder) []*nn.Node {
			w := b.ApplyAll(Mapping, b.Noise(Latent, latent))
			if len(w) != 2 {
				return w // after an error
			}
			truncation := nn.Reshape(b.Given(train.TruncationInput, layers), layers, 1)
			return []*nn.Node{nn.Map("truncate", func(x ...expr.Expr) expr.Expr { return x[0].Add(x[2].Mul(x[1].Sub(x[0]))) },
				w[1], nn.Reshape(w[0], 1, width), truncation)}
		}},
		{Name: train.SynthesiseUse, Build: func(b *train.Builder) []*nn.Node {
			return []*nn.Node{b.Colours(images(b, b.Given(train.StylesInput, layers, width)))}
		}},
	}
}

// Doublings are how many times a side of 4 pixels is doubled to make one of so many.
func Doublings(height, width int) (int, error) {
	for n := 1; n <= 8; n++ {
		if height == 4<<n && width == height {
			return n, nil
		}
	}
	return 0, fmt.Errorf("images of %dx%d: want squares of 8, 16, 32, 64, 128, 256, 512 or 1024 pixels", width, height)
}
