package stargan

import (
	"gangpu/engine/expr"
	"gangpu/gan/nn"
)

// generator makes an image in [-1, 1] of an image and of what it is to become, [batch, n], which each pixel has beside its
// colours (Choi et al., 2018, table 4). All padding is by zeros: an instance norm takes away what is the same everywhere,
// and with it, but for the border, what the image is to become. With a mask, the generator also says how much of each pixel
// is made anew; the rest stays the image's (Pumarola et al., "GANimation", 2018, section 4.1). Its last convolution then sees
// the image's own colours too.
func (s Settings) generator(channels int) nn.Network {
	return func(l *nn.Layers, x []*nn.Node) []*nn.Node {
		l.Initialise(nn.HeNormal)
		label := nn.Reshape(x[1], 1, 1, x[1].Channels())
		tiled := nn.Map("tile", func(x ...expr.Expr) expr.Expr { return x[1] }, nn.Channels(x[0], 0, 1), label)
		norm := func(l *nn.Layers, y *nn.Node) *nn.Node { return l.InstanceNorm(y, nn.Norm{}) }
		f := s.Filters
		conv := func(filters, kernel, stride, padding int) nn.Conv {
			return nn.Conv{Filters: filters, Kernel: kernel, Stride: stride, Padding: nn.Pad(padding), NoBias: true}
		}
		y := nn.ReLU(norm(l, l.Conv2D(nn.Concat(x[0], tiled), conv(f, 7, 1, 3))))
		for range 2 {
			f *= 2
			y = nn.ReLU(norm(l, l.Conv2D(y, conv(f, 4, 2, 1))))
		}
		for range s.Blocks {
			l.Scope("block", func(l *nn.Layers) {
				z := nn.ReLU(norm(l, l.Conv2D(y, conv(f, 3, 1, 1))))
				y = nn.Add(y, norm(l, l.Conv2D(z, conv(f, 3, 1, 1))))
			})
		}
		for range 2 {
			f /= 2
			y = nn.ReLU(norm(l, l.ConvTranspose(y, conv(f, 4, 2, 1))))
		}
		last := conv(channels, 7, 1, 3)
		last.Init = nn.GlorotUniform
		if !s.Mask {
			return []*nn.Node{nn.Tanh(l.Conv2D(y, last))}
		}
		last.Filters++
		y = l.Conv2D(nn.Concat(y, x[0]), last)
		return []*nn.Node{nn.Lerp(x[0], nn.Tanh(nn.Channels(y, 0, channels)), nn.Sigmoid(nn.Channels(y, channels, channels+1)))}
	}
}

// discriminator gives each patch of an image a score, and the image a logit for each domain or attribute: as many as x[1]
// has (Choi et al., 2018, table 5).
func (s Settings) discriminator(levels int) nn.Network {
	return func(l *nn.Layers, x []*nn.Node) []*nn.Node {
		l.Initialise(nn.HeNormal)
		y := x[0]
		for i := range levels {
			y = nn.LeakyReLU(l.Conv2D(y, nn.Conv{Filters: s.DFilters << i, Kernel: 4, Stride: 2, Padding: nn.Pad(1)}), 0.01)
		}
		n := x[1].Channels()
		scores := l.Conv2D(y, nn.Conv{Filters: 1, Kernel: 3, Padding: nn.Pad(1), NoBias: true})
		// A convolution by a kernel of the image's size, which is square in all of the paper's data.
		logits := l.Dense(nn.Flatten(y), nn.Units{N: n, NoBias: true})
		return []*nn.Node{scores, logits}
	}
}
