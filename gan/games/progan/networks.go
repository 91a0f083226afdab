package progan

import (
	"fmt"
	"math"

	"gangpu/gan/nn"
	"gangpu/gan/train"
)

// smallest is the side of the maps that the networks begin with.
const smallest = 4

// Filters says how many filters layers have: BySide divided by the side of their maps, Most at most.
type Filters struct{ Most, BySide int }

// Of are those of the layers on maps of a side.
func (f Filters) Of(side int) int { return max(min(f.BySide/side, f.Most), 1) }

// generator is that for images of a side, which may be fading in. Layers are named after the side of their maps: those of
// one stage find the parameters that they had in the one before.
type generator struct {
	Filters
	in    train.Input // the data
	side  int
	fades bool
}

// kernel is a convolution that keeps the image's size.
func kernel(filters, size int) nn.Conv { return nn.Conv{Filters: filters, Kernel: size} }

// OfSide calls f with layers that are named after a side.
func OfSide(l *nn.Layers, name string, side int, f func(l *nn.Layers)) {
	l.Scope(fmt.Sprintf("%s_%d", name, side), f)
}

// network makes images of noise [batch, latent], classes if there are any, and the level of the fade if there is one.
func (n generator) network(l *nn.Layers, x []*nn.Node) []*nn.Node {
	l.Initialise(nn.Equalised(math.Sqrt2, 1))
	z := nn.PixelNorm(x[0])
	if n.in.Classes > 0 {
		z = nn.Concat(z, x[1])
	}
	layer := func(l *nn.Layers, y *nn.Node, filters int) *nn.Node {
		return nn.PixelNorm(leaky(l.Conv2D(y, kernel(filters, 3))))
	}
	var y *nn.Node
	OfSide(l, "maps", smallest, func(l *nn.Layers) {
		c := n.Of(smallest)
		// A gain of sqrt(2)/4: the authors' code takes the kernel for one of 4 x 4 pixels.
		y = l.Dense(z, nn.Units{N: smallest * smallest * c, NoBias: true, Init: nn.Equalised(math.Sqrt2/4, 1)})
		y = biased(nn.Reshape(y, smallest, smallest, c), l.Parameter("bias", nn.Zeros, c))
		y = layer(l, nn.PixelNorm(leaky(y)), c)
	})
	half := y // the maps of half the side
	for side := 2 * smallest; side <= n.side; side *= 2 {
		OfSide(l, "maps", side, func(l *nn.Layers) {
			half = y
			y = layer(l, layer(l, nn.Upsample(y, 2), n.Of(side)), n.Of(side))
		})
	}
	image := Colours(l, y, n.side, n.in.Channels)
	if n.fades {
		image = nn.Lerp(nn.Upsample(Colours(l, half, n.side/2, n.in.Channels), 2), image, x[len(x)-1])
	}
	return []*nn.Node{image}
}

// Colours makes images, of so many colours, of maps of a side.
func Colours(l *nn.Layers, y *nn.Node, side, colours int) (image *nn.Node) {
	OfSide(l, "image", side, func(l *nn.Layers) {
		c := kernel(colours, 1)
		c.Init = nn.Equalised(1, 1)
		image = l.Conv2D(y, c)
	})
	return image
}

// Discriminator is that for images of a side, which may be fading in. Its layers are named as those of the generator.
type Discriminator struct {
	Filters
	Side, Classes int
	Fades, Blurs  bool // Blurs: by [1 2 1], what is made half as large
}

// Network scores images, and tells their classes if there are any. The level of the fade comes last, if there is one.
func (n Discriminator) Network(l *nn.Layers, x []*nn.Node) []*nn.Node {
	l.Initialise(nn.Equalised(math.Sqrt2, 1))
	y := n.maps(l, x[0], n.Side)
	for side := n.Side; side > smallest; side /= 2 {
		OfSide(l, "maps", side, func(l *nn.Layers) {
			y = leaky(l.Conv2D(y, kernel(n.Of(side), 3)))
			if n.Blurs {
				y = nn.Blur(y, 1, 2, 1)
			}
			// The mean stands before the activation, as in the authors' code.
			y = leaky(nn.AveragePool(l.Conv2D(y, kernel(n.Of(side/2), 3)), 2))
		})
		if n.Fades && side == n.Side {
			y = nn.Lerp(n.maps(l, nn.AveragePool(x[0], 2), side/2), y, x[1])
		}
	}
	var all []*nn.Node
	OfSide(l, "maps", smallest, func(l *nn.Layers) {
		c := n.Of(smallest)
		y = leaky(l.Conv2D(nn.MinibatchStddev(y, group(y.Batch())), kernel(c, 3)))
		y = leaky(l.Dense(nn.Flatten(y), nn.Units{N: c}))
		y = l.Dense(y, nn.Units{N: 1 + n.Classes, Init: nn.Equalised(1, 1)})
		if n.Classes == 0 {
			all = []*nn.Node{y}
			return
		}
		all = []*nn.Node{nn.Channels(y, 0, 1), nn.Channels(y, 1, 1+n.Classes)}
	})
	return all
}

// maps makes maps of an image.
func (n Discriminator) maps(l *nn.Layers, image *nn.Node, side int) (y *nn.Node) {
	OfSide(l, "image", side, func(l *nn.Layers) { y = leaky(l.Conv2D(image, kernel(n.Of(side), 1))) })
	return y
}

// group is how many images the deviation of a group is of: 4, or fewer where a batch does not divide by that.
func group(batch int) int {
	for _, g := range []int{4, 3, 2} {
		if batch%g == 0 {
			return g
		}
	}
	return 1
}
