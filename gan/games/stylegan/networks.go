package stylegan

import (
	"math"

	"gangpu/engine/expr"
	"gangpu/gan/games/progan"
	"gangpu/gan/games/style"
	"gangpu/gan/nn"
)

// bottom is the side of the smallest maps.
const bottom = 4

// synthesis makes images of a side, which may be fading in. As in ProGAN, layers are named after the side of their maps:
// those of one stage find the parameters that they had in the one before.
type synthesis struct {
	progan.Filters
	side, colours int
	fades         bool
}

// layers are the styles that it takes: two for each side of maps.
func (s synthesis) layers() int {
	n := 2
	for side := 2 * bottom; side <= s.side; side *= 2 {
		n += 2
	}
	return n
}

// network makes images of styles [batch, layers, width], and of the level of the fade if there is one (Karras et al., 2019,
// figure 1b).
func (s synthesis) network(l *nn.Layers, x []*nn.Node) []*nn.Node {
	l.Initialise(nn.Equalised(math.Sqrt2, 1))
	w := x[0]
	conv := func(l *nn.Layers, y *nn.Node, side int) *nn.Node {
		return l.Conv2D(y, nn.Conv{Filters: s.Of(side), Kernel: 3, NoBias: true})
	}
	var y *nn.Node
	progan.OfSide(l, "maps", bottom, func(l *nn.Layers) {
		y = styled(l, style.Constant(l, w, bottom, s.Of(bottom), nn.Ones), style.Of(w, 0))
		y = styled(l, conv(l, y, bottom), style.Of(w, 1))
	})
	half, layer := y, 2 // half: the maps of half the side
	for side := 2 * bottom; side <= s.side; side *= 2 {
		progan.OfSide(l, "maps", side, func(l *nn.Layers) {
			half = y
			y = styled(l, nn.Blur(conv(l, nn.Upsample(y, 2), side), 1, 2, 1), style.Of(w, layer))
			y = styled(l, conv(l, y, side), style.Of(w, layer+1))
		})
		layer += 2
	}
	image := progan.Colours(l, y, s.side, s.colours)
	if s.fades {
		image = nn.Lerp(nn.Upsample(progan.Colours(l, half, s.side/2, s.colours), 2), image, x[1])
	}
	return []*nn.Node{image}
}

// styled is what follows each convolution: noise, a bias, a LeakyReLU, and adaptive instance normalization by a style
// w [batch, width] (Karras et al., 2019, equation 1). Each map of an image, of mean 0 and deviation 1, is scaled by 1 + a, and
// b is added, where a and b are affine in w.
func styled(l *nn.Layers, x, w *nn.Node) *nn.Node {
	c := x.Channels()
	bias := l.Parameter("bias", nn.Zeros, c)
	x = nn.Map("bias", func(v ...expr.Expr) expr.Expr { return v[0].Add(v[1]) }, style.AddNoise(l, x, true), bias)
	x = l.InstanceNorm(nn.LeakyReLU(x, 0.2), nn.Norm{Epsilon: 1e-8, NoAffine: true})
	of := nn.Reshape(l.Dense(w, nn.Units{N: 2 * c, Init: nn.Equalised(1, 1)}), 1, 1, 2*c)
	return nn.Map("style", func(v ...expr.Expr) expr.Expr {
		return v[0].Mul(v[1].Add(expr.Const(1))).Add(v[2])
	}, x, nn.Channels(of, 0, c), nn.Channels(of, c, 2*c))
}
