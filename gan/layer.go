package gan

import (
	"fmt"
	"slices"

	"gorgonia.org/gorgonia"

	"gangpu/engine/program"
)

// A Layer is one of the kinds in this file. Shapes here are those of one sample, without the
// batch.
type Layer interface {
	// Kind is the operation's word: the layer is named after it as Keras names layers, the
	// second of a kind "conv2d_1".
	Kind() string
	// outputShape gives the shape made from in, or why there is none.
	outputShape(in []int) ([]int, error)
	// weights lists the layer's parameters, for an input that outputShape accepts.
	weights(in []int) []weight
	// apply adds the layer to x's graph. The parameters are those of weights, in order; extra is
	// what a Dropout multiplies by, nil if it drops nothing, or the classes [batch, Classes] of a
	// ClassEmbedding, 1 at a sample's class and else 0.
	apply(x *gorgonia.Node, parameters []*gorgonia.Node, extra *gorgonia.Node) (*gorgonia.Node, error)
}

// Size is a height and a width in pixels.
type Size [2]int

// Dense multiplies a flat input by a kernel (in, Units) and adds a bias.
type Dense struct {
	Units int `json:"units"`
}

// Conv2D is a convolution with a kernel (height, width, in, Filters) and a bias.
type Conv2D struct {
	Filters int    `json:"filters"`
	Kernel  Size   `json:"kernel"`
	Stride  Size   `json:"stride"`
	Padding string `json:"padding,omitempty"` // "same", also if empty, or "valid"
}

// Conv2DTranspose is a transposed convolution with a kernel (height, width, Filters, in), a bias
// and 'same' padding: it makes Stride times the input's height and width.
type Conv2DTranspose struct {
	Filters int  `json:"filters"`
	Kernel  Size `json:"kernel"`
	Stride  Size `json:"stride"`
}

// LeakyReLU multiplies what is negative by Alpha.
type LeakyReLU struct {
	Alpha float64 `json:"alpha"`
}

// Dropout sets a Rate of the elements to zero in training and scales the others to make up for
// it. Elsewhere it does nothing.
type Dropout struct {
	Rate float64 `json:"rate"`
}

// Sigmoid is the logistic function.
type Sigmoid struct{}

// Reshape gives each sample another shape of the same size.
type Reshape struct {
	Shape []int `json:"shape"`
}

// Flatten makes each sample one row.
type Flatten struct{}

// ClassEmbedding adds a learned array of a sample's class to it: the row of a kernel (Classes, size
// of the sample). The classes come to every such layer of a graph by one input.
type ClassEmbedding struct {
	Classes int `json:"classes"`
}

func (Dense) Kind() string           { return "dense" }
func (Conv2D) Kind() string          { return "conv2d" }
func (Conv2DTranspose) Kind() string { return "conv2d_transpose" }
func (LeakyReLU) Kind() string       { return "leaky_relu" }
func (Dropout) Kind() string         { return "dropout" }
func (Sigmoid) Kind() string         { return "sigmoid" }
func (Reshape) Kind() string         { return "reshape" }
func (Flatten) Kind() string         { return "flatten" }
func (ClassEmbedding) Kind() string  { return "class_embedding" }

// weight describes a parameter of a layer. Those with fans are drawn from Glorot's
// distribution, the others begin at zero.
type weight struct {
	name          string
	shape         []int
	fanIn, fanOut int
}

func kernelAndBias(units, fanIn, fanOut int, shape ...int) []weight {
	return []weight{{"kernel", shape, fanIn, fanOut}, {name: "bias", shape: []int{units}}}
}

func (l Dense) outputShape(in []int) ([]int, error) {
	if len(in) != 1 {
		return nil, fmt.Errorf("input %v is not flat", in)
	}
	if l.Units < 1 {
		return nil, fmt.Errorf("%d units, want at least 1", l.Units)
	}
	return []int{l.Units}, nil
}

func (l Dense) weights(in []int) []weight {
	return kernelAndBias(l.Units, in[0], l.Units, in[0], l.Units)
}

// padding is Padding as the engine has it.
func (l Conv2D) padding() (program.Padding, error) {
	switch l.Padding {
	case "", "same":
		return program.Same, nil
	case "valid":
		return program.Valid, nil
	}
	return program.Padding{}, fmt.Errorf("padding %q, want same or valid", l.Padding)
}

func (l Conv2D) outputShape(in []int) ([]int, error) {
	if len(in) != 3 {
		return nil, fmt.Errorf("input %v is no image (height, width, channels)", in)
	}
	g, err := l.Geometry(in)
	if err != nil {
		return nil, err
	}
	if err := validate(g); err != nil {
		return nil, err
	}
	return []int{g.OutH(), g.OutW(), g.OutC}, nil
}

// validate also refuses strides with which sizes would wrap around, as a damaged file may have.
func validate(g program.Geometry) error {
	if err := g.Validate(); err != nil {
		return err
	}
	if !countable([]int{g.StrideH, g.StrideW}) {
		return fmt.Errorf("a stride of [%d %d] is too large", g.StrideH, g.StrideW)
	}
	return nil
}

// Geometry is that of one sample, of the layer's input shape.
func (l Conv2D) Geometry(in []int) (program.Geometry, error) {
	padding, err := l.padding()
	return program.Geometry{Batch: 1, InH: in[0], InW: in[1], InC: in[2], OutC: l.Filters,
		FilterH: l.Kernel[0], FilterW: l.Kernel[1], StrideH: l.Stride[0], StrideW: l.Stride[1], Padding: padding}, err
}

func (l Conv2D) weights(in []int) []weight {
	taps := l.Kernel[0] * l.Kernel[1]
	return kernelAndBias(l.Filters, taps*in[2], taps*l.Filters, l.Kernel[0], l.Kernel[1], in[2], l.Filters)
}

func (l Conv2DTranspose) outputShape(in []int) ([]int, error) {
	if len(in) != 3 {
		return nil, fmt.Errorf("input %v is no image (height, width, channels)", in)
	}
	if l.Filters < 1 {
		return nil, fmt.Errorf("%d filters, want at least 1", l.Filters)
	}
	g := l.Geometry(in)
	if err := validate(g); err != nil {
		return nil, err
	}
	return []int{g.InH, g.InW, l.Filters}, nil
}

// Geometry is that of one sample, of the convolution whose input gradient this is.
func (l Conv2DTranspose) Geometry(in []int) program.Geometry {
	return program.Geometry{Batch: 1, InH: in[0] * l.Stride[0], InW: in[1] * l.Stride[1], InC: l.Filters, OutC: in[2],
		FilterH: l.Kernel[0], FilterW: l.Kernel[1], StrideH: l.Stride[0], StrideW: l.Stride[1]}
}

func (l Conv2DTranspose) weights(in []int) []weight {
	taps := l.Kernel[0] * l.Kernel[1]
	return kernelAndBias(l.Filters, taps*in[2], taps*l.Filters, l.Kernel[0], l.Kernel[1], l.Filters, in[2])
}

func (l LeakyReLU) outputShape(in []int) ([]int, error) {
	if !(l.Alpha >= 0 && l.Alpha <= 1) {
		return nil, fmt.Errorf("alpha is %v, want 0 to 1", l.Alpha)
	}
	return in, nil
}

func (l Dropout) outputShape(in []int) ([]int, error) {
	if !(l.Rate >= 0 && l.Rate < 1) {
		return nil, fmt.Errorf("rate is %v, want 0 or more and less than 1", l.Rate)
	}
	return in, nil
}

// dropoutRate is the share that a layer drops in training, 0 if it is no Dropout.
func (p PlacedLayer) dropoutRate() float64 {
	d, _ := p.Layer.(Dropout)
	return d.Rate
}

func (Sigmoid) outputShape(in []int) ([]int, error) { return in, nil }

func (l Reshape) outputShape(in []int) ([]int, error) {
	for _, d := range l.Shape {
		if d < 1 {
			return nil, fmt.Errorf("shape %v has a dimension below 1", l.Shape)
		}
	}
	if size(l.Shape) != size(in) {
		return nil, fmt.Errorf("input %v has %d elements, shape %v has %d", in, size(in), l.Shape, size(l.Shape))
	}
	return slices.Clone(l.Shape), nil
}

func (Flatten) outputShape(in []int) ([]int, error) { return []int{size(in)}, nil }

func (l ClassEmbedding) outputShape(in []int) ([]int, error) {
	const most = 256 // a label is a byte
	if l.Classes < 1 || l.Classes > most {
		return nil, fmt.Errorf("%d classes, want 1 to %d", l.Classes, most)
	}
	return in, nil
}

func (l ClassEmbedding) weights(in []int) []weight {
	return []weight{{"kernel", []int{l.Classes, size(in)}, l.Classes, size(in)}}
}

func (LeakyReLU) weights([]int) []weight { return nil }
func (Dropout) weights([]int) []weight   { return nil }
func (Sigmoid) weights([]int) []weight   { return nil }
func (Reshape) weights([]int) []weight   { return nil }
func (Flatten) weights([]int) []weight   { return nil }

// size is the number of elements of an array of that shape.
func size(shape []int) int {
	n := 1
	for _, d := range shape {
		n *= d
	}
	return n
}
