package gan

import (
	"errors"
	"fmt"
	"slices"
)

// Network is a chain of layers.
type Network struct {
	Name   string  `json:"name"`
	Input  []int   `json:"input"` // shape of one sample
	Layers []Layer `json:"layers"`
}

// Model is a generator and its discriminator.
type Model struct {
	Name          string  `json:"name"`
	Generator     Network `json:"generator"`     // noise [latent] to an image [height, width, 1] in [0, 1]
	Discriminator Network `json:"discriminator"` // an image to one logit: positive means real
}

// Names under which the networks of every model go, in tensors' and steps' names too.
const (
	generatorName     = "generator"
	discriminatorName = "discriminator"
)

// Layout is a network with its shapes worked out and its parameters placed in one flat array.
type Layout struct {
	Name   string
	Input  []int // shape of one sample
	Output []int
	Layers []PlacedLayer
	Len    int // elements of the flat array of parameters, gaps included
}

// PlacedLayer is a layer in its place.
type PlacedLayer struct {
	Layer
	Name       string // "conv2d_1"
	In, Out    []int  // shapes of one sample
	Parameters []Parameter
}

// Parameter is one tensor of weights.
type Parameter struct {
	Name          string // as in a model file: "generator/conv2d_transpose_1/kernel"
	Shape         []int
	Offset        int // of its first element in the flat array
	FanIn, FanOut int // 0 of a bias
}

// Len is the number of elements.
func (p Parameter) Len() int { return size(p.Shape) }

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

// alignment of parameters in their flat array, in elements: 128 bytes, so that a device may load
// whole vectors. The gaps hold zeros, which Adam leaves alone: their gradient is zero.
const alignment = 32

// Layout works out n's shapes. Its errors name the layer.
func (n Network) Layout() (*Layout, error) {
	if len(n.Input) == 0 || slices.Min(n.Input) < 1 || !countable(n.Input) {
		return nil, fmt.Errorf("%s: input shape %v", n.Name, n.Input)
	}
	l := &Layout{Name: n.Name, Input: n.Input, Output: n.Input}
	count := map[string]int{}
	for _, layer := range n.Layers {
		placed := PlacedLayer{Layer: layer, Name: layer.Kind(), In: l.Output}
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
			p := Parameter{Name: n.Name + "/" + placed.Name + "/" + w.name, Shape: w.shape,
				Offset: l.Len, FanIn: w.fanIn, FanOut: w.fanOut}
			placed.Parameters = append(placed.Parameters, p)
			l.Len += (p.Len() + alignment - 1) / alignment * alignment
		}
		l.Layers = append(l.Layers, placed)
		l.Output = placed.Out
	}
	if l.Len == 0 {
		return nil, fmt.Errorf("%s: no layer has parameters", n.Name)
	}
	return l, nil
}

// Parameters lists the parameters of all layers.
func (l *Layout) Parameters() []Parameter {
	var all []Parameter
	for _, layer := range l.Layers {
		all = append(all, layer.Parameters...)
	}
	return all
}

// ParameterCount is the number of weights, as Keras counts them.
func (l *Layout) ParameterCount() int {
	n := 0
	for _, p := range l.Parameters() {
		n += p.Len()
	}
	return n
}

// layouts is a model that fits together.
type layouts struct {
	generator, discriminator *Layout
	classes                  int // that both know, 0 if none
}

func (l layouts) latent() int { return l.generator.Input[0] }
func (l layouts) pixels() int { return size(l.generator.Output) }

// ImageSize is the height and the width of the images that the model makes and takes.
func (m Model) ImageSize() (height, width int, err error) {
	l, err := m.layouts()
	if err != nil {
		return 0, 0, err
	}
	return l.generator.Output[0], l.generator.Output[1], nil
}

// layouts works out the shapes of both networks and checks that they are a GAN.
func (m Model) layouts() (layouts, error) {
	g, gErr := m.Generator.Layout()
	d, dErr := m.Discriminator.Layout()
	if err := errors.Join(gErr, dErr); err != nil {
		return layouts{}, err
	}
	classes, gErr := g.classes()
	same, dErr := d.classes()
	if err := errors.Join(gErr, dErr); err != nil {
		return layouts{}, err
	}
	switch {
	case classes != same:
		return layouts{}, fmt.Errorf("%s knows %d classes but %s %d", g.Name, classes, d.Name, same)
	case g.Name != generatorName || d.Name != discriminatorName:
		return layouts{}, fmt.Errorf("the networks are called %q and %q, want %q and %q", g.Name, d.Name, generatorName, discriminatorName)
	case len(g.Input) != 1:
		return layouts{}, fmt.Errorf("%s: its input %v is no row of noise", g.Name, g.Input)
	case len(g.Output) != 3 || g.Output[2] != 1:
		return layouts{}, fmt.Errorf("%s: its output %v is no grey image (height, width, 1)", g.Name, g.Output)
	case !slices.Equal(g.Output, d.Input):
		return layouts{}, fmt.Errorf("%s makes %v but %s takes %v", g.Name, g.Output, d.Name, d.Input)
	case !slices.Equal(d.Output, []int{1}):
		return layouts{}, fmt.Errorf("%s: its output %v is not one logit", d.Name, d.Output)
	}
	return layouts{g, d, classes}, nil
}
