package stylegan2

import (
	"math"

	"gangpu/engine/expr"
	"gangpu/gan/games/style"
	"gangpu/gan/nn"
	"gangpu/gan/train"
)

// bottom is the side of the smallest maps.
const bottom = 4

// window is the FIR around all changes of size.
var window = []float64{1, 3, 3, 1}

// sizes are those of the networks for images of a size.
type sizes struct {
	Settings
	in        train.Input
	doublings int // of the smallest maps, to the images
}

// layers are the styles that the synthesis takes: of each convolution, and of the last layer, which makes colours. Those in
// between that make colours share that of the convolution after them.
func (s sizes) layers() int { return 2*s.doublings + 2 }

// channels are those of maps of bottom << level pixels a side.
func (s sizes) channels(level int) int {
	return max(min(s.Filters/(bottom<<level), s.MostFilters), 1)
}

// affine is what a layer scales its inputs by, for a style w [batch, width]: 1 at first, in the mean.
func affine(l *nn.Layers, w *nn.Node, channels int) *nn.Node {
	y := l.Dense(w, nn.Units{N: channels})
	return nn.Map("style", func(x ...expr.Expr) expr.Expr { return x[0].Add(expr.Const(1)) }, y)
}

// synthesis makes images of styles [batch, layers, width] (Karras et al., 2020, figure 7, with output skips).
func (s sizes) synthesis(l *nn.Layers, x []*nn.Node) []*nn.Node {
	l.Initialise(nn.Equalised(1, 1))
	w := x[0]
	y := style.Constant(l, w, bottom, s.channels(0), nn.RandomNormal(0, 1))
	y = styled(l, y, style.Of(w, 0), s.channels(0), nil)
	image := s.colours(l, y, style.Of(w, 1))
	for level := 1; level <= s.doublings; level++ {
		l.Scope("block", func(l *nn.Layers) {
			y = styled(l, y, style.Of(w, 2*level-1), s.channels(level), window)
			y = styled(l, y, style.Of(w, 2*level), s.channels(level), nil)
			image = nn.Add(nn.UpsampleFIR(image, window...), s.colours(l, y, style.Of(w, 2*level+1)))
		})
	}
	return []*nn.Node{image}
}

// styled is a modulated convolution, noise, a bias and a LeakyReLU of gain sqrt(2). A window makes the image twice as large.
func styled(l *nn.Layers, x, w *nn.Node, filters int, window []float64) *nn.Node {
	modulation := nn.Modulation{Demodulates: true, Enlarges: window}
	y := l.ModulatedConv2D(x, affine(l, w, x.Channels()), nn.Conv{Filters: filters, Kernel: 3}, modulation)
	return nn.Map("activation", func(v ...expr.Expr) expr.Expr {
		sum := v[0].Add(v[1])
		return sum.Max(sum.Mul(expr.Const(0.2))).Mul(expr.Const(math.Sqrt2))
	}, style.AddNoise(l, y, false), l.Parameter("bias", nn.Zeros, filters))
}

// colours are those that a layer adds to the image.
func (s sizes) colours(l *nn.Layers, x, w *nn.Node) *nn.Node {
	y := l.ModulatedConv2D(x, affine(l, w, x.Channels()), nn.Conv{Filters: s.in.Channels, Kernel: 1}, nn.Modulation{})
	return nn.Add(y, l.Parameter("bias_of_colours", nn.Zeros, s.in.Channels))
}

// discriminator scores images, [batch, 1], by residual blocks.
//
// A LeakyReLU has a gain of sqrt(2), which lies in the kernel before it. The sum of a block's two ways is divided by sqrt(2),
// which lies in the kernels as well.
func (s sizes) discriminator(l *nn.Layers, x []*nn.Node) []*nn.Node {
	l.Initialise(nn.Equalised(math.Sqrt2, 1))
	y := activated(l.Conv2D(x[0], nn.Conv{Filters: s.channels(s.doublings), Kernel: 1}))
	for level := s.doublings; level > 0; level-- {
		l.Scope("block", func(l *nn.Layers) { y = s.halve(l, y, s.channels(level-1)) })
	}
	y = nn.MinibatchStddev(y, group(y.Batch(), s.Group))
	y = activated(l.Conv2D(y, nn.Conv{Filters: s.channels(0), Kernel: 3}))
	y = activated(l.Dense(nn.Flatten(y), nn.Units{N: s.channels(0)}))
	return []*nn.Node{l.Dense(y, nn.Units{N: 1, Init: nn.Equalised(1, 1)})}
}

func activated(x *nn.Node) *nn.Node { return nn.LeakyReLU(x, 0.2) }

// halve is a block of the discriminator, which makes images half as large.
func (s sizes) halve(l *nn.Layers, x *nn.Node, filters int) *nn.Node {
	y := activated(l.Conv2D(x, nn.Conv{Filters: x.Channels(), Kernel: 3}))
	y = nn.FIR(y, nn.Halving(3, window...))
	y = activated(l.Conv2D(y, nn.Conv{Filters: filters, Kernel: 3, Stride: 2, Padding: nn.Valid, Init: nn.Equalised(1, 1)}))
	short := nn.Conv{Filters: filters, Kernel: 1, NoBias: true, Init: nn.Equalised(math.Sqrt2/2, 1)}
	return nn.Add(y, l.Conv2D(nn.DownsampleFIR(x, window...), short))
}

// group is the largest number of images, up to most, that a batch can be cut into groups of.
func group(batch, most int) int {
	for n := min(batch, most); n > 1; n-- {
		if batch%n == 0 {
			return n
		}
	}
	return 1
}
