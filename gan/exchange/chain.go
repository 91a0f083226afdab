package exchange

import (
	"errors"
	"fmt"
	"slices"

	"gangpu/gan/nn"
)

// chain is a network that is a chain of layers: what Keras's Sequential describes, and files of early versions.
type chain struct {
	Name   string
	Input  []int // shape of one sample
	Layers []layer
}

// layout is a chain with its shapes worked out.
type layout struct {
	Name          string
	Input, Output []int // shapes of one sample
	Layers        []placedLayer
}

// placedLayer is a layer in its place.
type placedLayer struct {
	layer
	Name       string // "conv2d_1"
	In, Out    []int  // shapes of one sample
	Parameters []parameter
}

// parameter is one tensor of weights.
type parameter struct {
	Name  string // as in a model file: "generator/conv2d_transpose_1/kernel"
	Shape []int
}

// Len is the number of elements.
func (p parameter) Len() int { return size(p.Shape) }

// maxElements of any one array: past it a description is a mistake, or a damaged file's.
const maxElements = 1 << 28

// countable reports whether an array of that shape has at most maxElements.
func countable(shape []int) bool {
	n := 1
	for _, d := range shape {
		if d > maxElements/n {
			return false
		}
		n *= d
	}
	return true
}

// layout works out n's shapes. Its errors name the layer.
func (n chain) layout() (*layout, error) {
	if len(n.Input) == 0 || slices.Min(n.Input) < 1 || !countable(n.Input) {
		return nil, fmt.Errorf("%s: input shape %v", n.Name, n.Input)
	}
	l := &layout{Name: n.Name, Input: n.Input, Output: n.Input}
	count := map[string]int{}
	for _, layer := range n.Layers {
		placed := placedLayer{layer: layer, Name: layer.Kind(), In: l.Output}
		if c := count[layer.Kind()]; c > 0 {
			placed.Name = fmt.Sprintf("%s_%d", layer.Kind(), c)
		}
		count[layer.Kind()]++
		var err error
		if placed.Out, err = layer.outputShape(placed.In); err != nil {
			return nil, fmt.Errorf("%s/%s: %w", n.Name, placed.Name, err)
		}
		if !countable(placed.Out) {
			return nil, fmt.Errorf("%s/%s: an output of %v is too large", n.Name, placed.Name, placed.Out)
		}
		for _, w := range layer.weights(placed.In) {
			if !countable(w.shape) {
				return nil, fmt.Errorf("%s/%s: a %s of %v is too large", n.Name, placed.Name, w.name, w.shape)
			}
			placed.Parameters = append(placed.Parameters, parameter{n.Name + "/" + placed.Name + "/" + w.name, w.shape})
		}
		l.Layers = append(l.Layers, placed)
		l.Output = placed.Out
	}
	if len(l.parameters()) == 0 {
		return nil, fmt.Errorf("%s: no layer has parameters", n.Name)
	}
	return l, nil
}

// parameters lists those of all layers.
func (l *layout) parameters() []parameter {
	var all []parameter
	for _, layer := range l.Layers {
		all = append(all, layer.Parameters...)
	}
	return all
}

// classes is the number of classes that a chain knows, 0 if none.
func (l *layout) classes() (int, error) {
	classes := 0
	for _, layer := range l.Layers {
		c, ok := layer.layer.(classEmbedding)
		if ok && classes != 0 && c.Classes != classes {
			return 0, fmt.Errorf("%s/%s: %d classes, and %d in a layer before", l.Name, layer.Name, c.Classes, classes)
		}
		classes = max(classes, c.Classes)
	}
	return classes, nil
}

// network is the chain as a function: of the input and, if it knows classes, these.
func (n chain) network() nn.Network {
	return func(l *nn.Layers, x []*nn.Node) []*nn.Node {
		y := x[0]
		for _, layer := range n.Layers {
			y = layer.apply(l, y, x[1:])
		}
		return []*nn.Node{y}
	}
}

// chains are a generator and its discriminator.
type chains struct {
	Name                     string
	Generator, Discriminator chain
}

// layouts works out the shapes of both networks and checks that they are a GAN: noise [latent] to an image [height, width, 1]
// in [0, 1], and an image to one logit.
func (m chains) layouts() (g, d *layout, classes int, err error) {
	g, gErr := m.Generator.layout()
	d, dErr := m.Discriminator.layout()
	if err := errors.Join(gErr, dErr); err != nil {
		return nil, nil, 0, err
	}
	classes, gErr = g.classes()
	same, dErr := d.classes()
	if err := errors.Join(gErr, dErr); err != nil {
		return nil, nil, 0, err
	}
	switch {
	case classes != same:
		err = fmt.Errorf("%s knows %d classes but %s %d", g.Name, classes, d.Name, same)
	case g.Name != generatorName || d.Name != discriminatorName:
		err = fmt.Errorf("the networks are called %q and %q, want %q and %q", g.Name, d.Name, generatorName, discriminatorName)
	case len(g.Input) != 1:
		err = fmt.Errorf("%s: its input %v is no row of noise", g.Name, g.Input)
	case len(g.Output) != 3 || g.Output[2] != 1:
		err = fmt.Errorf("%s: its output %v is no grey image (height, width, 1)", g.Name, g.Output)
	case !slices.Equal(g.Output, d.Input):
		err = fmt.Errorf("%s makes %v but %s takes %v", g.Name, g.Output, d.Name, d.Input)
	case !slices.Equal(d.Output, []int{1}):
		err = fmt.Errorf("%s: its output %v is not one logit", d.Name, d.Output)
	}
	return g, d, classes, err
}

// Names of a GAN's networks.
const (
	generatorName     = "generator"
	discriminatorName = "discriminator"
)
