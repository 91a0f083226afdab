package stylegan2

import (
	"math"

	"gangpu/engine/expr"
	"gangpu/gan/nn"
	"gangpu/gan/train"
)

// Adaptive augmentation (Karras et al., "Training generative adversarial networks with limited data", 2020): the discriminator
// sees real images and fakes through transforms that gradients go through, each of which is made with a probability p.

// augmentation is the network whose state is p. It has no parameters.
const augmentation = "augmentation"

// augmentation returns p, [1]. Given the scores of real images it moves p, by one step of TargetIn, to where the mean of their
// signs is nearer to the target.
func (s sizes) augmentation(l *nn.Layers, x []*nn.Node) []*nn.Node {
	p := l.State("p", nn.Zeros, 1)
	if len(x) > 0 {
		l.Update(p, func(now *nn.Node) *nn.Node {
			sign := nn.Mean(nn.Map("sign", func(v ...expr.Expr) expr.Expr { return v[0].Sign() }, x[0]))
			return nn.Map("adapt", func(v ...expr.Expr) expr.Expr {
				step := v[1].Sub(expr.Const(s.Target)).Sign().Mul(expr.Const(1 / float64(s.TargetIn)))
				return v[0].Add(step).Max(expr.Const(0)).Min(expr.Const(1))
			}, now, sign)
		})
	}
	return []*nn.Node{p}
}

// adapt moves p by the scores of real images.
func (s sizes) adapt(b *train.Builder, real *nn.Node) {
	if s.Target > 0 {
		b.Share("augmentation", nn.Mean(b.Apply(augmentation, real)))
	}
}

// score is the discriminator's, of images that are augmented if they are to be. Those of a name have draws of their own.
func (s sizes) score(b *train.Builder, name string, x *nn.Node) *nn.Node {
	if s.Target == 0 {
		return b.Apply("discriminator", x)
	}
	u, z := b.Uniform("uniform numbers of "+name, uniforms), b.Noise("normal numbers of "+name, normals)
	return b.Apply("discriminator", augment(x, u, z, b.Apply(augmentation)))
}

// What is drawn for an image: [batch, uniforms] numbers from 0 to 1, and [batch, normals] normal ones.
const (
	mirrored = iota // each of these also says whether there is such a transform
	turned
	moved
	movedDown
	movedAcross
	inverted
	brighter
	contrasted
	hued
	hue
	saturated
	uniforms
)
const (
	brightness = iota
	contrast
	saturation
	normals
)

// augment transforms images x [batch, side, side, 1 or 3] in [-1, 1], each transform with the probability p [1]: mirroring,
// turns by quarters, moves by up to an eighth of a side (over a mirrored border), then brightness, contrast, inverted luma, hue
// and saturation, as the paper's appendix B has them.
func augment(x, u, z, p *nn.Node) *nn.Node {
	of := func(v *nn.Node, i int) *nn.Node { return nn.Channels(v, i, i+1) }
	return recolour(arrange(x, func(i int) *nn.Node { return of(u, i) }, p),
		func(i int) *nn.Node { return of(u, i) }, func(i int) *nn.Node { return of(z, i) }, p)
}

// arrange mirrors, turns and moves images: rows and columns change places where an image is turned by one or three quarters, and
// then each pixel is one of the same image, along each axis by itself: a product with a matrix of zeros and ones.
func arrange(x *nn.Node, u func(i int) *nn.Node, p *nn.Node) *nn.Node {
	s := x.Shape()
	quarters := nn.Map("quarters", func(v ...expr.Expr) expr.Expr {
		k := expr.Const(0)
		for i := range 3 {
			k = k.Add(v[1].Mul(expr.Const(float64(i+1) / 4)).LessEqual(v[0]))
		}
		return v[0].Less(v[1]).Select(k, expr.Const(0))
	}, u(turned), p)
	between := func(k expr.Expr, low, high float64) expr.Expr {
		return expr.Const(low).LessEqual(k).Mul(k.LessEqual(expr.Const(high)))
	}
	flipsRows := nn.Map("flips rows", func(v ...expr.Expr) expr.Expr { return between(v[0], 1, 2) }, quarters)
	flipsColumns := nn.Map("flips columns", func(v ...expr.Expr) expr.Expr {
		d := between(v[0], 2, 3).Sub(v[1].Less(v[2].Mul(expr.Const(0.5))))
		return d.Mul(d) // one of both
	}, quarters, u(mirrored), p)
	y := nn.Map("turn", func(v ...expr.Expr) expr.Expr {
		return v[2].Equal(expr.Const(1)).Add(v[2].Equal(expr.Const(3))).Select(v[1], v[0])
	}, x, nn.Transpose(x, 0, 2, 1, 3), nn.Reshape(quarters, 1, 1, 1))

	move := func(by *nn.Node, pixels int) *nn.Node {
		return nn.Map("move", func(v ...expr.Expr) expr.Expr {
			t := v[1].Mul(expr.Const(2)).Sub(expr.Const(1)).Mul(expr.Const(float64(pixels) / 8)).Add(expr.Const(0.5)).Floor()
			return v[0].Less(v[2]).Select(t, expr.Const(0))
		}, u(moved), by, p)
	}
	y = nn.Reshape(y, s[1], s[2]*s[3])
	y = nn.Reshape(nn.BatchMatMul(places(move(u(movedDown), s[1]), flipsRows, s[1]), y), s[1], s[2], s[3])
	y = nn.Reshape(nn.Transpose(y, 0, 2, 1, 3), s[2], s[1]*s[3])
	y = nn.BatchMatMul(places(move(u(movedAcross), s[2]), flipsColumns, s[2]), y)
	return nn.Transpose(nn.Reshape(y, s[2], s[1], s[3]), 0, 2, 1, 3)
}

// places is 1 at [image, i, j] where pixel i of n along an axis is pixel j before: by is how far the images move [batch, 1], and
// flips is 1 where they are flipped before.
func places(by, flips *nn.Node, n int) *nn.Node {
	j := nn.Count(by, n)
	i := nn.Reshape(j, 1) // [n, 1]
	last := expr.Const(float64(n - 1))
	return nn.Map("places", func(v ...expr.Expr) expr.Expr {
		from := last.Sub(last.Sub(v[0].Sub(v[2]).Abs()).Abs())
		return v[1].Equal(v[3].Select(last.Sub(from), from))
	}, i, j, nn.Reshape(by, 1, 1), nn.Reshape(flips, 1, 1))
}

// recolour changes colours. The mean m of a pixel's channels, and what they differ by, r, are changed by themselves: with a
// contrast c, a brightness b, an angle a and a saturation s,
//
//	m' = c*(m+b), or -c*(m+b) if inverted
//	r' = c*s*(cos(a)*r + sin(a)*(1, 1, 1)/sqrt(3) x r)
func recolour(x *nn.Node, u, z func(i int) *nn.Node, p *nn.Node) *nn.Node {
	gated := func(name string, gate, value int, identity float64, f func(v expr.Expr) expr.Expr) *nn.Node {
		return nn.Reshape(nn.Map(name, func(v ...expr.Expr) expr.Expr {
			return v[0].Less(v[1]).Select(f(v[2]), expr.Const(identity))
		}, u(gate), p, z(value)), 1, 1, 1)
	}
	power := func(deviation float64) func(v expr.Expr) expr.Expr {
		return func(v expr.Expr) expr.Expr { return v.Mul(expr.Const(deviation * math.Ln2)).Exp() }
	}
	b := gated("brightness", brighter, brightness, 0, func(v expr.Expr) expr.Expr { return v.Mul(expr.Const(0.2)) })
	c := gated("contrast", contrasted, contrast, 1, power(0.5))
	luma := nn.Reshape(nn.Map("inverted", func(v ...expr.Expr) expr.Expr {
		return v[0].Less(v[1].Mul(expr.Const(0.5))).Select(expr.Const(-1), expr.Const(1))
	}, u(inverted), p), 1, 1, 1)
	m := nn.MeanOver(x, 3)
	grey := nn.Map("grey", func(v ...expr.Expr) expr.Expr { return v[0].Add(v[1]).Mul(v[2]).Mul(v[3]) }, m, b, c, luma)
	if x.Channels() == 1 {
		return grey
	}
	s := gated("saturation", saturated, saturation, 1, power(1))
	angle := nn.Reshape(nn.Map("angle", func(v ...expr.Expr) expr.Expr {
		a := v[2].Mul(expr.Const(2)).Sub(expr.Const(1)).Mul(expr.Const(math.Pi))
		return v[0].Less(v[1]).Select(a, expr.Const(0))
	}, u(hued), p, u(hue)), 1, 1, 1)
	next := nn.Concat(nn.Channels(x, 1, 3), nn.Channels(x, 0, 1))
	last := nn.Concat(nn.Channels(x, 2, 3), nn.Channels(x, 0, 2))
	return nn.Map("colours", func(v ...expr.Expr) expr.Expr {
		x, m, grey, next, last, c, s, a := v[0], v[1], v[2], v[3], v[4], v[5], v[6], v[7]
		r := x.Sub(m).Mul(a.Cos()).Add(last.Sub(next).Mul(a.Sin()).Mul(expr.Const(1 / math.Sqrt(3))))
		return grey.Add(c.Mul(s).Mul(r))
	}, x, m, grey, next, last, c, s, angle)
}
