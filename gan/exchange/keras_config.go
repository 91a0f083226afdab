package exchange

import (
	"errors"
	"fmt"
	"math"
	"slices"
)

// kerasLayer is a layer in Keras's configuration of a model, as its get_config writes it. A model is
// a layer too. What is not listed has Keras's default.
type kerasLayer struct {
	ClassName string      `json:"class_name"`
	Config    kerasConfig `json:"config"`
}

type kerasConfig struct {
	Name   string       `json:"name"`
	Layers []kerasLayer `json:"layers,omitempty"` // of a Sequential

	BatchShape      []*int `json:"batch_shape,omitempty"`       // of an InputLayer, the batch nil
	BatchInputShape []*int `json:"batch_input_shape,omitempty"` // Keras 2's, and of the first layer there

	Units         int      `json:"units,omitempty"`
	Filters       int      `json:"filters,omitempty"`
	KernelSize    []int    `json:"kernel_size,omitempty"`
	Strides       []int    `json:"strides,omitempty"`
	Padding       string   `json:"padding,omitempty"`
	DataFormat    string   `json:"data_format,omitempty"`
	DilationRate  []int    `json:"dilation_rate,omitempty"`
	OutputPadding any      `json:"output_padding,omitempty"`
	Groups        int      `json:"groups,omitempty"`
	UseBias       *bool    `json:"use_bias,omitempty"`
	Activation    any      `json:"activation,omitempty"`
	NegativeSlope *float64 `json:"negative_slope,omitempty"`
	Alpha         *float64 `json:"alpha,omitempty"` // Keras 2's name of negative_slope
	Rate          *float64 `json:"rate,omitempty"`
	TargetShape   []int    `json:"target_shape,omitempty"`
}

const (
	sequential = "Sequential"
	inputLayer = "InputLayer"
	sigmoid    = "sigmoid"
)

// known are the classes of layers that are read.
var known = map[string]bool{sequential: true, inputLayer: true, "Dense": true, "Conv2D": true, "Conv2DTranspose": true, "LeakyReLU": true,
	"Dropout": true, "Reshape": true, "Flatten": true, "Activation": true}

// toKeras describes a network as the tutorial writes it: a sigmoid is the activation of the layer
// before.
func toKeras(l *layout) (kerasLayer, error) {
	input := make([]*int, 1, 1+len(l.Input))
	for i := range l.Input {
		input = append(input, &l.Input[i])
	}
	layers := []kerasLayer{{inputLayer, kerasConfig{Name: "input", BatchShape: input}}}
	for _, placed := range l.Layers {
		k := kerasLayer{Config: kerasConfig{Name: placed.Name}}
		c := &k.Config
		switch layer := placed.layer.(type) {
		case dense:
			k.ClassName, c.Units = "Dense", layer.Units
		case conv2d:
			k.ClassName, c.Filters, c.KernelSize, c.Strides = "Conv2D", layer.Filters, layer.Kernel[:], layer.Stride[:]
			if c.Padding = layer.Padding; c.Padding == "" {
				c.Padding = "same"
			}
		case conv2dTranspose:
			k.ClassName, c.Filters, c.KernelSize, c.Strides = "Conv2DTranspose", layer.Filters, layer.Kernel[:], layer.Stride[:]
			c.Padding = "same"
		case leakyReLU:
			k.ClassName, c.NegativeSlope = "LeakyReLU", &layer.Alpha
		case dropout:
			k.ClassName, c.Rate = "Dropout", &layer.Rate
		case reshape:
			k.ClassName, c.TargetShape = "Reshape", layer.Shape
		case flatten:
			k.ClassName = "Flatten"
		case sigmoidLayer:
			if last := &layers[len(layers)-1]; len(last.Config.KernelSize) > 0 || last.Config.Units > 0 {
				last.Config.Activation = sigmoid
				continue
			}
			k.ClassName, c.Activation = "Activation", sigmoid
		default:
			return k, fmt.Errorf("%s/%s: the tutorial's Keras code has no such layer; export to ONNX", l.Name, placed.Name)
		}
		layers = append(layers, k)
	}
	return kerasLayer{sequential, kerasConfig{Name: l.Name, Layers: layers}}, nil
}

// fromKeras is the network that a Sequential describes.
func fromKeras(name string, model kerasLayer) (chain, error) {
	n := chain{Name: name}
	if model.ClassName != sequential {
		return n, fmt.Errorf("%q is a %s, want a Sequential", model.Config.Name, model.ClassName)
	}
	for _, k := range model.Config.Layers {
		if n.Input == nil {
			for _, shape := range [][]*int{k.Config.BatchShape, k.Config.BatchInputShape} {
				for i, d := range shape {
					if d != nil && i > 0 {
						n.Input = append(n.Input, *d)
					}
				}
			}
		}
		layers, err := k.layers()
		for i, layer := range layers {
			if open, ok := layer.(reshape); ok && err == nil {
				layers[i], err = inferred(n, open)
			}
		}
		if err != nil {
			of := ""
			if model.Config.Name != "" { // which a list of layers has not
				of = fmt.Sprintf(" of %q", model.Config.Name)
			}
			return n, fmt.Errorf("%s: layer %q%s: %w", name, k.Config.Name, of, err)
		}
		n.Layers = append(n.Layers, layers...)
	}
	return n, nil
}

// inferred is a Reshape after a network, the one dimension that it may leave open, -1, worked out.
func inferred(before chain, r reshape) (reshape, error) {
	open, size := -1, 1
	for i, d := range r.Shape {
		switch {
		case d == -1 && open < 0:
			open = i
		case d < 1 || size > math.MaxInt32/d:
			return r, fmt.Errorf("target_shape %v", r.Shape)
		default:
			size *= d
		}
	}
	if open < 0 {
		return r, nil
	}
	l, err := before.layout()
	if err != nil {
		return r, err
	}
	in := 1
	for _, d := range l.Output {
		in *= d
	}
	if in%size != 0 {
		return r, fmt.Errorf("target_shape %v for an input %v", r.Shape, l.Output)
	}
	shape := slices.Clone(r.Shape)
	shape[open] = in / size
	return reshape{Shape: shape}, nil
}

// layers are those that a layer of Keras is here: its activation is one of its own.
func (k kerasLayer) layers() ([]layer, error) {
	c := k.Config
	if err := c.supported(); err != nil {
		return nil, err
	}
	var made layer
	switch k.ClassName {
	case inputLayer:
		return nil, nil
	case "Dense":
		made = dense{Units: c.Units}
	case "Conv2D", "Conv2DTranspose":
		if len(c.KernelSize) != 2 || len(c.Strides) != 2 {
			return nil, fmt.Errorf("kernel %v, strides %v", c.KernelSize, c.Strides)
		}
		kernel, stride := pair(c.KernelSize), pair(c.Strides)
		if k.ClassName == "Conv2D" {
			made = conv2d{Filters: c.Filters, Kernel: kernel, Stride: stride, Padding: c.Padding}
			break
		}
		if c.Padding != "same" || c.OutputPadding != nil {
			return nil, fmt.Errorf("padding %q and output_padding %v, want same and none", c.Padding, c.OutputPadding)
		}
		made = conv2dTranspose{Filters: c.Filters, Kernel: kernel, Stride: stride}
	case "LeakyReLU":
		slope := c.NegativeSlope
		if slope == nil {
			slope = c.Alpha
		}
		if slope == nil {
			return nil, errors.New("no negative_slope")
		}
		// Keras 2 stores a float32.
		made = leakyReLU{Alpha: math.Round(*slope*1e7) / 1e7}
	case "Dropout":
		if c.Rate == nil {
			return nil, errors.New("no rate")
		}
		made = dropout{Rate: *c.Rate}
	case "Reshape":
		made = reshape{Shape: c.TargetShape}
	case "Flatten":
		made = flatten{}
	case "Activation":
	default:
		return nil, fmt.Errorf("a %s, which gangpu does not have", k.ClassName)
	}
	var layers []layer
	if made != nil {
		layers = append(layers, made)
	}
	switch c.Activation {
	case nil, "linear":
	case sigmoid:
		layers = append(layers, sigmoidLayer{})
	default:
		return nil, fmt.Errorf("activation %v, want linear or sigmoid", c.Activation)
	}
	return layers, nil
}

// supported reports what is set otherwise than gangpu's layers have it.
func (c kerasConfig) supported() error {
	switch {
	case c.DataFormat != "" && c.DataFormat != "channels_last":
		return fmt.Errorf("data_format %s, want channels_last", c.DataFormat)
	case slices.ContainsFunc(c.DilationRate, func(d int) bool { return d != 1 }):
		return fmt.Errorf("dilation_rate %v, want 1", c.DilationRate)
	case c.Groups > 1:
		return fmt.Errorf("%d groups, want 1", c.Groups)
	case c.UseBias != nil && !*c.UseBias:
		return errors.New("no bias, which gangpu's layers have")
	}
	return nil
}
