package srgan

import (
	"math"

	"gangpu/engine/expr"
	"gangpu/gan/nn"
)

// generator makes images in [-1, 1], s.Scale times as large as images from 0 to 1 (Ledig et al., 2017, figure 4).
func (s Settings) generator(channels int) nn.Network {
	return func(l *nn.Layers, x []*nn.Node) []*nn.Node {
		l.Initialise(nn.HeNormal)
		normed := s.Norm == "batch"
		norm := func(l *nn.Layers, y *nn.Node) *nn.Node {
			if normed {
				return l.BatchNorm(y, nn.Norm{})
			}
			return y
		}
		conv := func(filters, kernel int, unbiased bool) nn.Conv {
			return nn.Conv{Filters: filters, Kernel: kernel, Padding: nn.Pad(kernel / 2), NoBias: unbiased}
		}
		const alpha = 0.25 // as PyTorch has PReLU at first
		first := l.PReLU(l.Conv2D(x[0], conv(s.Filters, 9, false)), alpha)
		y := first
		for range s.Blocks {
			l.Scope("block", func(l *nn.Layers) {
				z := l.PReLU(norm(l, l.Conv2D(y, conv(s.Filters, 3, normed))), alpha)
				second := conv(s.Filters, 3, normed)
				if !normed {
					// A tenth of He's deviation: without a norm, blocks that add up as they begin make numbers larger and larger.
					second.Init = nn.RandomNormal(0, 0.1*math.Sqrt(2/float64(9*s.Filters)))
				}
				y = nn.Add(y, norm(l, l.Conv2D(z, second)))
			})
		}
		y = nn.Add(first, norm(l, l.Conv2D(y, conv(s.Filters, 3, normed))))
		for scale := s.Scale; scale > 1; scale /= 2 {
			y = l.PReLU(nn.DepthToSpace(l.Conv2D(y, conv(4*s.Filters, 3, false)), 2), alpha)
		}
		last := conv(channels, 9, false)
		if !s.Bicubic {
			return []*nn.Node{l.Conv2D(y, last)}
		}
		// The network begins as bicubic enlargement, and learns what that lacks.
		last.Init = nn.Zeros
		return []*nn.Node{nn.Add(l.Conv2D(y, last), toRange(nn.Bicubic(x[0], s.Scale, 1)))}
	}
}

// toRange is images from 0 to 1 as images in [-1, 1], and fromRange the other way.
func toRange(x *nn.Node) *nn.Node {
	return nn.Map("range", func(x ...expr.Expr) expr.Expr { return x[0].Mul(expr.Const(2)).Sub(expr.Const(1)) }, x)
}

func fromRange(x *nn.Node) *nn.Node {
	return nn.Map("range", func(x ...expr.Expr) expr.Expr { return x[0].Add(expr.Const(1)).Mul(expr.Const(0.5)) }, x)
}

// discriminator scores images: each second of eight convolutions halves them (Ledig et al., 2017, figure 4).
func (s Settings) discriminator(l *nn.Layers, x []*nn.Node) []*nn.Node {
	const alpha = 0.2
	l.Initialise(nn.HeNormal)
	y := x[0]
	for i := range 8 {
		c := nn.Conv{Filters: s.DFilters << (i / 2), Kernel: 3, Stride: 1 + i%2, Padding: nn.Pad(1), NoBias: i > 0}
		y = l.Conv2D(y, c)
		if i > 0 {
			y = l.BatchNorm(y, nn.Norm{})
		}
		y = nn.LeakyReLU(y, alpha)
	}
	y = nn.LeakyReLU(l.Dense(nn.Flatten(y), nn.Units{N: 16 * s.DFilters}), alpha)
	return []*nn.Node{l.Dense(y, nn.Units{N: 1})}
}

// Low is images in [-1, 1] made 1/scale as large, from 0 to 1, as a file would have them: by [engine.ResizeBicubic], cut
// off at black and white, and rounded to 256 levels.
func Low(image *nn.Node, scale int) *nn.Node {
	return nn.Map("bytes", func(x ...expr.Expr) expr.Expr {
		level := x[0].Mul(expr.Const(255)).Add(expr.Const(0.5)).Floor()
		return level.Max(expr.Const(0)).Min(expr.Const(255)).Mul(expr.Const(1.0 / 255))
	}, nn.Bicubic(fromRange(image), 1, scale))
}
