package progan

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"gangpu/gan/nn"
	"gangpu/gan/train"
)

// smallest is the side of the maps that the networks begin with.
const smallest = 4

// networks are both networks for images of a side, which may be fading in. Layers are named after the side of their maps:
// those of one stage find the parameters that they had in the one before.
type networks struct {
	Settings
	in    train.Input
	side  int
	fades bool
}

// filters are those of the layers on maps of a side.
func (s Settings) filters(side int) int { return max(min(s.Sides/side, s.Filters), 1) }

// kernel is a convolution that keeps the image's size.
func kernel(filters, size int) nn.Conv { return nn.Conv{Filters: filters, Kernel: size} }

// ofSide calls f with layers that are named after a side.
func ofSide(l *nn.Layers, name string, side int, f func(l *nn.Layers)) {
	l.Scope(fmt.Sprintf("%s_%d", name, side), f)
}

// generator makes images of noise [batch, latent], classes if there are any, and the level of the fade if there is one.
func (n networks) generator(l *nn.Layers, x []*nn.Node) []*nn.Node {
	l.Initialise(nn.Equalised(math.Sqrt2, 1))
	z := nn.PixelNorm(x[0])
	if n.in.Classes > 0 {
		z = nn.Concat(z, x[1])
	}
	layer := func(l *nn.Layers, y *nn.Node, filters int) *nn.Node {
		return nn.PixelNorm(leaky(l.Conv2D(y, kernel(filters, 3))))
	}
	var y *nn.Node
	ofSide(l, "maps", smallest, func(l *nn.Layers) {
		c := n.filters(smallest)
		// A gain of sqrt(2)/4: the authors' code takes the kernel for one of 4 x 4 pixels.
		y = l.Dense(z, nn.Units{N: smallest * smallest * c, NoBias: true, Init: nn.Equalised(math.Sqrt2/4, 1)})
		y = biased(nn.Reshape(y, smallest, smallest, c), l.Parameter("bias", nn.Zeros, c))
		y = layer(l, nn.PixelNorm(leaky(y)), c)
	})
	half := y // the maps of half the side
	for side := 2 * smallest; side <= n.side; side *= 2 {
		ofSide(l, "maps", side, func(l *nn.Layers) {
			half = y
			y = layer(l, layer(l, nn.Upsample(y, 2), n.filters(side)), n.filters(side))
		})
	}
	image := n.colours(l, y, n.side)
	if n.fades {
		image = nn.Lerp(nn.Upsample(n.colours(l, half, n.side/2), 2), image, x[len(x)-1])
	}
	return []*nn.Node{image}
}

// colours makes an image of maps.
func (n networks) colours(l *nn.Layers, y *nn.Node, side int) (image *nn.Node) {
	ofSide(l, "image", side, func(l *nn.Layers) {
		c := kernel(n.in.Channels, 1)
		c.Init = nn.Equalised(1, 1)
		image = l.Conv2D(y, c)
	})
	return image
}

// discriminator scores images, and tells their classes if there are any.
func (n networks) discriminator(l *nn.Layers, x []*nn.Node) []*nn.Node {
	l.Initialise(nn.Equalised(math.Sqrt2, 1))
	y := n.maps(l, x[0], n.side)
	for side := n.side; side > smallest; side /= 2 {
		ofSide(l, "maps", side, func(l *nn.Layers) {
			y = leaky(l.Conv2D(y, kernel(n.filters(side), 3)))
			// The mean stands before the activation, as in the authors' code.
			y = leaky(nn.AveragePool(l.Conv2D(y, kernel(n.filters(side/2), 3)), 2))
		})
		if n.fades && side == n.side {
			y = nn.Lerp(n.maps(l, nn.AveragePool(x[0], 2), side/2), y, x[1])
		}
	}
	var all []*nn.Node
	ofSide(l, "maps", smallest, func(l *nn.Layers) {
		c := n.filters(smallest)
		y = leaky(l.Conv2D(nn.MinibatchStddev(y, group(y.Batch())), kernel(c, 3)))
		y = leaky(l.Dense(nn.Flatten(y), nn.Units{N: c}))
		y = l.Dense(y, nn.Units{N: 1 + n.in.Classes, Init: nn.Equalised(1, 1)})
		if n.in.Classes == 0 {
			all = []*nn.Node{y}
			return
		}
		all = []*nn.Node{nn.Channels(y, 0, 1), nn.Channels(y, 1, 1+n.in.Classes)}
	})
	return all
}

// maps makes maps of an image.
func (n networks) maps(l *nn.Layers, image *nn.Node, side int) (y *nn.Node) {
	ofSide(l, "image", side, func(l *nn.Layers) { y = leaky(l.Conv2D(image, kernel(n.filters(side), 1))) })
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

// sided is a number for each of some sides, in a rising order.
type sided []struct {
	side int
	n    float64
}

// bySide reads numbers such as "64:32,128:16".
func bySide(text string) (all sided, err error) {
	if text == "" {
		return nil, nil
	}
	for _, part := range strings.Split(text, ",") {
		side, number, found := strings.Cut(part, ":")
		of, sideErr := strconv.Atoi(side)
		n, numberErr := strconv.ParseFloat(number, 64)
		if !found || sideErr != nil || numberErr != nil || !(n > 0) || len(all) > 0 && of <= all[len(all)-1].side {
			return nil, fmt.Errorf("%q: want pairs of a side and a positive number, as 64:32,128:16, sides rising", part)
		}
		all = append(all, struct {
			side int
			n    float64
		}{of, n})
	}
	return all, nil
}

// at is the number of the largest side that is not above this one, or usual.
func (s sided) at(side int, usual float64) float64 {
	for _, of := range s {
		if of.side <= side {
			usual = of.n
		}
	}
	return usual
}
