package exchange

import (
	"fmt"
	"slices"

	"gangpu/engine/program"
	"gangpu/gan/nn"
)

// A layer is one of the kinds in this file. Shapes here are those of one sample, without the
// batch.
type layer interface {
	// Kind is the operation's word: the layer is named after it as Keras names layers, the
	// second of a kind "conv2d_1".
	Kind() string
	// outputShape gives the shape made from in, or why there is none.
	outputShape(in []int) ([]int, error)
	// weights lists the layer's parameters, for an input that outputShape accepts.
	weights(in []int) []weight
	// apply adds the layer to x's graph. The classes are those of the samples, if the network knows some.
	apply(l *nn.Layers, x *nn.Node, classes []*nn.Node) *nn.Node
}

// pair is a height and a width in pixels.
type pair [2]int

// dense multiplies a flat input by a kernel (in, Units) and adds a bias.
type dense struct {
	Units int `json:"units"`
}

// conv2d is a convolution with a kernel (height, width, in, Filters) and a bias.
type conv2d struct {
	Filters int    `json:"filters"`
	Kernel  pair   `json:"kernel"`
	Stride  pair   `json:"stride"`
	Padding string `json:"padding,omitempty"` // "same", also if empty, or "valid"
}

// conv2dTranspose is a transposed convolution with a kernel (height, width, Filters, in), a bias
// and 'same' padding: it makes Stride times the input's height and width.
type conv2dTranspose struct {
	Filters int  `json:"filters"`
	Kernel  pair `json:"kernel"`
	Stride  pair `json:"stride"`
}

// leakyReLU multiplies what is negative by Alpha.
type leakyReLU struct {
	Alpha float64 `json:"alpha"`
}

// dropout sets a Rate of the elements to zero in training and scales the others to make up for
// it. Elsewhere it does nothing.
type dropout struct {
	Rate float64 `json:"rate"`
}

// sigmoidLayer is the logistic function.
type sigmoidLayer struct{}

// reshape gives each sample another shape of the same size.
type reshape struct {
	Shape []int `json:"shape"`
}

// flatten makes each sample one row.
type flatten struct{}

// classEmbedding adds a learned array of a sample's class to it: the row of a kernel (Classes, size
// of the sample). The classes come to every such layer of a graph by one input.
type classEmbedding struct {
	Classes int `json:"classes"`
}

func (dense) Kind() string           { return "dense" }
func (conv2d) Kind() string          { return "conv2d" }
func (conv2dTranspose) Kind() string { return "conv2d_transpose" }
func (leakyReLU) Kind() string       { return "leaky_relu" }
func (dropout) Kind() string         { return "dropout" }
func (sigmoidLayer) Kind() string    { return "sigmoid" }
func (reshape) Kind() string         { return "reshape" }
func (flatten) Kind() string         { return "flatten" }
func (classEmbedding) Kind() string  { return "class_embedding" }

// weight describes a parameter of a layer.
type weight struct {
	name  string
	shape []int
}

func kernelAndBias(units int, shape ...int) []weight {
	return []weight{{"kernel", shape}, {"bias", []int{units}}}
}

func (l dense) outputShape(in []int) ([]int, error) {
	if len(in) != 1 {
		return nil, fmt.Errorf("input %v is not flat", in)
	}
	if l.Units < 1 {
		return nil, fmt.Errorf("%d units, want at least 1", l.Units)
	}
	return []int{l.Units}, nil
}

func (l dense) weights(in []int) []weight {
	return kernelAndBias(l.Units, in[0], l.Units)
}

// padding is Padding as the engine has it.
func (l conv2d) padding() (program.Padding, error) {
	switch l.Padding {
	case "", "same":
		return program.Same, nil
	case "valid":
		return program.Valid, nil
	}
	return program.Padding{}, fmt.Errorf("padding %q, want same or valid", l.Padding)
}

func (l conv2d) outputShape(in []int) ([]int, error) {
	if len(in) != 3 {
		return nil, fmt.Errorf("input %v is no image (height, width, channels)", in)
	}
	g, err := l.geometry(in)
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

// geometry is that of one sample, of the layer's input shape.
func (l conv2d) geometry(in []int) (program.Geometry, error) {
	padding, err := l.padding()
	return program.Geometry{Batch: 1, InH: in[0], InW: in[1], InC: in[2], OutC: l.Filters,
		FilterH: l.Kernel[0], FilterW: l.Kernel[1], StrideH: l.Stride[0], StrideW: l.Stride[1], Padding: padding}, err
}

func (l conv2d) weights(in []int) []weight {
	return kernelAndBias(l.Filters, l.Kernel[0], l.Kernel[1], in[2], l.Filters)
}

func (l conv2dTranspose) outputShape(in []int) ([]int, error) {
	if len(in) != 3 {
		return nil, fmt.Errorf("input %v is no image (height, width, channels)", in)
	}
	if l.Filters < 1 {
		return nil, fmt.Errorf("%d filters, want at least 1", l.Filters)
	}
	g := l.geometry(in)
	if err := validate(g); err != nil {
		return nil, err
	}
	return []int{g.InH, g.InW, l.Filters}, nil
}

// geometry is that of one sample, of the convolution whose input gradient this is.
func (l conv2dTranspose) geometry(in []int) program.Geometry {
	return program.Geometry{Batch: 1, InH: in[0] * l.Stride[0], InW: in[1] * l.Stride[1], InC: l.Filters, OutC: in[2],
		FilterH: l.Kernel[0], FilterW: l.Kernel[1], StrideH: l.Stride[0], StrideW: l.Stride[1]}
}

func (l conv2dTranspose) weights(in []int) []weight {
	return kernelAndBias(l.Filters, l.Kernel[0], l.Kernel[1], l.Filters, in[2])
}

func (l leakyReLU) outputShape(in []int) ([]int, error) {
	if !(l.Alpha >= 0 && l.Alpha <= 1) {
		return nil, fmt.Errorf("alpha is %v, want 0 to 1", l.Alpha)
	}
	return in, nil
}

func (l dropout) outputShape(in []int) ([]int, error) {
	if !(l.Rate >= 0 && l.Rate < 1) {
		return nil, fmt.Errorf("rate is %v, want 0 or more and less than 1", l.Rate)
	}
	return in, nil
}

func (sigmoidLayer) outputShape(in []int) ([]int, error) { return in, nil }

func (l reshape) outputShape(in []int) ([]int, error) {
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

func (flatten) outputShape(in []int) ([]int, error) { return []int{size(in)}, nil }

func (l classEmbedding) outputShape(in []int) ([]int, error) {
	const most = 256 // a label is a byte
	if l.Classes < 1 || l.Classes > most {
		return nil, fmt.Errorf("%d classes, want 1 to %d", l.Classes, most)
	}
	return in, nil
}

func (l classEmbedding) weights(in []int) []weight {
	return []weight{{"kernel", []int{l.Classes, size(in)}}}
}

func (leakyReLU) weights([]int) []weight    { return nil }
func (dropout) weights([]int) []weight      { return nil }
func (sigmoidLayer) weights([]int) []weight { return nil }
func (reshape) weights([]int) []weight      { return nil }
func (flatten) weights([]int) []weight      { return nil }

func (l dense) apply(n *nn.Layers, x *nn.Node, _ []*nn.Node) *nn.Node {
	return n.Dense(x, nn.Units{N: l.Units})
}

func (l conv2d) apply(n *nn.Layers, x *nn.Node, _ []*nn.Node) *nn.Node {
	padding, _ := l.padding() // which outputShape has found sound
	return n.Conv2D(x, nn.Conv{Filters: l.Filters, Kernel: l.Kernel[0], KernelW: l.Kernel[1], Stride: l.Stride[0], StrideW: l.Stride[1], Padding: padding})
}

func (l conv2dTranspose) apply(n *nn.Layers, x *nn.Node, _ []*nn.Node) *nn.Node {
	return n.ConvTranspose(x, nn.Conv{Filters: l.Filters, Kernel: l.Kernel[0], KernelW: l.Kernel[1], Stride: l.Stride[0], StrideW: l.Stride[1]})
}

func (l leakyReLU) apply(_ *nn.Layers, x *nn.Node, _ []*nn.Node) *nn.Node {
	return nn.LeakyReLU(x, l.Alpha)
}

func (l dropout) apply(n *nn.Layers, x *nn.Node, _ []*nn.Node) *nn.Node    { return n.Dropout(x, l.Rate) }
func (sigmoidLayer) apply(_ *nn.Layers, x *nn.Node, _ []*nn.Node) *nn.Node { return nn.Sigmoid(x) }
func (l reshape) apply(_ *nn.Layers, x *nn.Node, _ []*nn.Node) *nn.Node {
	return nn.Reshape(x, l.Shape...)
}
func (flatten) apply(_ *nn.Layers, x *nn.Node, _ []*nn.Node) *nn.Node { return nn.Flatten(x) }

func (classEmbedding) apply(n *nn.Layers, x *nn.Node, classes []*nn.Node) *nn.Node {
	shape := x.Shape()[1:]
	return nn.Add(x, nn.Reshape(n.ClassEmbedding(classes[0], size(shape)), shape...))
}

// size is the number of elements of an array of that shape.
func size(shape []int) int {
	n := 1
	for _, d := range shape {
		n *= d
	}
	return n
}
