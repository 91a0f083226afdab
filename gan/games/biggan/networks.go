package biggan

import (
	"fmt"
	"math"

	"gangpu/engine/expr"
	"gangpu/gan/nn"
	"gangpu/gan/train"
)

// bottom is the side of the smallest maps.
const bottom = 4

// widths are the channels between the blocks, in units of the filters next to the image. The discriminator's first
// block takes the image.
type widths struct {
	generator     []int // of the first layer, and of what each block makes
	discriminator []int // of what each block makes
	halvings      int   // the discriminator's blocks that halve the image: the first ones
}

// widthsOf are those of Brock et al. (2019, tables 4 to 9), and of the authors' code for small images.
func widthsOf(in train.Input) (widths, error) {
	known := map[int]widths{
		16:  {[]int{4, 4, 4}, []int{4, 4, 4}, 2},
		32:  {[]int{4, 4, 4, 4}, []int{4, 4, 4, 4}, 2},
		64:  {[]int{16, 16, 8, 4, 2}, []int{1, 2, 4, 8, 16}, 4},
		128: {[]int{16, 16, 8, 4, 2, 1}, []int{1, 2, 4, 8, 16, 16}, 5},
		256: {[]int{16, 16, 8, 8, 4, 2, 1}, []int{1, 2, 4, 8, 8, 16, 16}, 6},
		512: {[]int{16, 16, 8, 8, 4, 2, 1, 1}, []int{1, 1, 2, 4, 8, 8, 16, 16}, 7},
	}
	w, ok := known[in.Height]
	if !ok || in.Width != in.Height {
		return w, fmt.Errorf("images of %dx%d: biggan has networks for squares of 16, 32, 64, 128, 256 and 512 pixels", in.Width, in.Height)
	}
	return w, nil
}

// attention is the side of the maps that have it.
func (s Settings) attention(in train.Input) int { return min(s.Attention, in.Height/2) }

// kernel is a convolution that keeps the image's size.
func kernel(filters, size int) nn.Conv {
	return nn.Conv{Filters: filters, Kernel: size, Padding: nn.Pad(size / 2), Spectral: true}
}

// generator makes images in [-1, 1] of noise and classes.
func (s Settings) generator(w widths, in train.Input) nn.Network {
	return func(l *nn.Layers, x []*nn.Node) []*nn.Node {
		l.Initialise(nn.Orthogonal(1))
		part := func(i int) *nn.Node { return nn.Channels(x[0], i*s.Latent, (i+1)*s.Latent) }
		class := l.Embedding(x[1], s.Embedding)
		first := s.Filters * w.generator[0]
		y := nn.Reshape(l.Dense(part(0), nn.Units{N: bottom * bottom * first, Spectral: true}), bottom, bottom, first)
		for i, width := range w.generator[1:] {
			condition := nn.Concat(class, part(i+1))
			l.Scope("block", func(l *nn.Layers) { y = enlarge(l, y, condition, s.Filters*width) })
			if bottom<<(i+1) == s.attention(in) {
				l.Scope("attention", func(l *nn.Layers) { y = attend(l, y) })
			}
		}
		y = nn.ReLU(l.BatchNorm(y, nn.Norm{}))
		return []*nn.Node{nn.Tanh(l.Conv2D(y, kernel(in.Channels, 3)))}
	}
}

// enlarge doubles the image (Brock et al., 2019, figure 15b).
func enlarge(l *nn.Layers, x, condition *nn.Node, filters int) *nn.Node {
	y := nn.ReLU(conditionalNorm(l, x, condition))
	y = l.Conv2D(nn.Upsample(y, 2), kernel(filters, 3))
	y = l.Conv2D(nn.ReLU(conditionalNorm(l, y, condition)), kernel(filters, 3))
	// A kernel of one pixel takes the four copies of a pixel alike: it comes before the copying, for a quarter of the work.
	return nn.Add(y, nn.Upsample(l.Conv2D(x, kernel(filters, 1)), 2))
}

// conditionalNorm is a batch norm whose gain, about 1, and bias are linear in a condition [batch, n] (Brock et al., 2019,
// appendix C).
func conditionalNorm(l *nn.Layers, x, condition *nn.Node) *nn.Node {
	units := nn.Units{N: x.Channels(), NoBias: true, Spectral: true}
	gain, bias := l.Dense(condition, units), l.Dense(condition, units)
	of := func(v *nn.Node) *nn.Node { return nn.Reshape(v, 1, 1, x.Channels()) }
	return nn.Map("condition", func(v ...expr.Expr) expr.Expr { return v[0].Mul(expr.Const(1).Add(v[1])).Add(v[2]) },
		l.BatchNorm(x, nn.Norm{NoAffine: true}), of(gain), of(bias))
}

// attend adds to each pixel what it attends to among a quarter of them, times a learned factor that begins at 0 (Zhang et
// al., "Self-attention generative adversarial networks", 2019, with the pooling of the authors of BigGAN).
func attend(l *nn.Layers, x *nn.Node) *nn.Node {
	shape, c := x.Shape(), x.Channels()
	pixels := shape[1] * shape[2]
	conv := func(of *nn.Node, filters int) *nn.Node {
		k := kernel(max(filters, 1), 1)
		k.NoBias = true
		return l.Conv2D(of, k)
	}
	rows := func(of *nn.Node, n int) *nn.Node { return nn.Reshape(of, n, of.Channels()) }
	queries := rows(conv(x, c/8), pixels)
	keys, values := rows(nn.MaxPool(conv(x, c/8), 2), pixels/4), rows(nn.MaxPool(conv(x, c/2), 2), pixels/4)
	// The paper's scores are not divided by the root of their depth, as nn.Attention does.
	queries = nn.Scale(queries, math.Sqrt(float64(queries.Channels())))
	y := nn.Reshape(nn.Attention(queries, keys, values), shape[1], shape[2], values.Channels())
	return nn.Add(nn.Multiply(conv(y, c), l.Parameter("gamma", nn.Zeros, 1)), x)
}

// discriminator scores images of classes.
func (s Settings) discriminator(w widths, in train.Input) nn.Network {
	return func(l *nn.Layers, x []*nn.Node) []*nn.Node {
		l.Initialise(nn.Orthogonal(1))
		y := x[0]
		for i, width := range w.discriminator {
			l.Scope("block", func(l *nn.Layers) { y = reduce(l, y, s.Filters*width, i > 0, i < w.halvings) })
			if i < w.halvings && y.Shape()[1] == s.attention(in) {
				l.Scope("attention", func(l *nn.Layers) { y = attend(l, y) })
			}
		}
		h := nn.Flatten(nn.SumOver(nn.ReLU(y), 1, 2))
		score := l.Dense(h, nn.Units{N: 1, Spectral: true})
		class := l.Dense(x[1], nn.Units{N: h.Channels(), NoBias: true, Spectral: true})
		return []*nn.Node{nn.Add(score, nn.SumOver(nn.Multiply(class, h), 1))}
	}
}

// reduce is a block of the discriminator, which may halve the image (Brock et al., 2019, figure 15c). The first one takes
// the image as it is, without a ReLU.
func reduce(l *nn.Layers, x *nn.Node, filters int, activated, halves bool) *nn.Node {
	y := x
	if activated {
		y = nn.ReLU(x)
	}
	y = l.Conv2D(y, kernel(filters, 3))
	y = l.Conv2D(nn.ReLU(y), kernel(filters, 3))
	short := x
	if halves {
		y, short = nn.AveragePool(y, 2), nn.AveragePool(x, 2)
	}
	if halves || x.Channels() != filters {
		short = l.Conv2D(short, kernel(filters, 1)) // behind the mean, which is the same and a quarter of the work
	}
	return nn.Add(y, short)
}
