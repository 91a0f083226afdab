package translation

import "gangpu/gan/nn"

// unet halves the image Levels times, doubles it as often, and gives each layer that doubles what the layer of the same
// size had (Isola et al., 2017, section 6.1.1, with the details of the authors' code). The first
// layers that double have a dropout, in use too.
func (g Generator) unet(l *nn.Layers, x []*nn.Node) []*nn.Node {
	l.Initialise(g.Init)
	filters := func(level int) int { return g.Filters << min(level, 3) }
	dropouts := g.Dropouts
	if dropouts == [2]int{} {
		dropouts[1] = min(3, g.Levels-2)
	}
	y := x[0]
	var skips []*nn.Node
	for i := range g.Levels {
		innermost := i == g.Levels-1
		normed := i > 0 && !innermost
		if i > 0 {
			y = nn.LeakyReLU(y, 0.2)
		}
		y = l.Conv2D(y, nn.Conv{Filters: filters(i), Kernel: 4, Stride: 2, Padding: nn.Pad(1), NoBias: g.Norm.unbiased()})
		if normed {
			y = g.Norm.apply(l, y)
		}
		skips = append(skips, y)
	}
	for i := g.Levels - 1; i >= 0; i-- {
		if i < g.Levels-1 {
			y = nn.Concat(skips[i], y)
		}
		y = nn.ReLU(y)
		if i == 0 {
			return []*nn.Node{nn.Tanh(g.double(l, y, nn.Conv{Filters: g.Channels, Kernel: 4}))}
		}
		y = g.Norm.apply(l, g.double(l, y, nn.Conv{Filters: filters(i - 1), Kernel: 4, NoBias: g.Norm.unbiased()}))
		if k := g.Levels - 1 - i; k >= dropouts[0] && k < dropouts[1] {
			y = l.StochasticDropout(y, g.Dropout)
		}
	}
	return nil
}

// double makes images of twice the size: by a transposed convolution with a kernel of 4 or of 3, or by repeating pixels
// and a convolution with a kernel of 3, which makes no checkerboards (Odena et al., 2016).
func (g Generator) double(l *nn.Layers, x *nn.Node, c nn.Conv) *nn.Node {
	if g.Upsampling == Nearest {
		c.Kernel = 3
		return g.conv(l, nn.Upsample(x, 2), c)
	}
	c.Stride, c.Padding = 2, nn.Pad(1)
	if c.Kernel == 3 {
		c.Padding = outputPadding
	}
	return l.ConvTranspose(x, c)
}
