package translation

import (
	"gangpu/engine/program"
	"gangpu/gan/nn"
)

// outputPadding is a padding of one pixel of which a transposed convolution leaves the last one, so that it doubles images.
var outputPadding = program.Explicit(1, 0, 1, 0)

// residual halves the image twice, changes it by residual blocks, and doubles it twice (Zhu et al., 2017, section 7.2).
func (g Generator) residual(l *nn.Layers, x []*nn.Node) []*nn.Node {
	l.Initialise(g.Init)
	f, plain := g.Filters, g.Norm.unbiased()
	layer := func(y *nn.Node) *nn.Node { return nn.ReLU(g.Norm.apply(l, y)) }
	y := layer(g.conv(l, x[0], nn.Conv{Filters: f, Kernel: 7, NoBias: plain}))
	for range 2 {
		f *= 2
		y = layer(l.Conv2D(y, nn.Conv{Filters: f, Kernel: 3, Stride: 2, Padding: nn.Pad(1), NoBias: plain}))
	}
	for range g.Blocks {
		z := layer(g.conv(l, y, nn.Conv{Filters: f, Kernel: 3, NoBias: plain}))
		if g.Dropout > 0 {
			z = l.StochasticDropout(z, g.Dropout)
		}
		y = nn.Add(y, g.Norm.apply(l, g.conv(l, z, nn.Conv{Filters: f, Kernel: 3, NoBias: plain})))
	}
	for range 2 {
		f /= 2
		y = layer(g.double(l, y, nn.Conv{Filters: f, Kernel: 3, NoBias: plain}))
	}
	return []*nn.Node{nn.Tanh(g.conv(l, y, nn.Conv{Filters: g.Channels, Kernel: 7}))}
}

// conv is a convolution that keeps the image's size: beside it there are zeros, or its mirror image.
func (g Generator) conv(l *nn.Layers, x *nn.Node, c nn.Conv) *nn.Node {
	if g.Padding == Reflect {
		c.Padding = nn.Valid
		return l.Conv2D(nn.ReflectPad(x, c.Kernel/2), c)
	}
	c.Padding = nn.Pad(c.Kernel / 2)
	return l.Conv2D(x, c)
}
