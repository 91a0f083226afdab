// Package exchange takes models to other programs and back: ONNX and a page that makes images in the browser, of any game;
// weights and whole models of Keras, of networks that are chains of layers. It reads networks that PyTorch trained, of pix2pix,
// CycleGAN and StyleGAN2, and model files of early versions.
package exchange

import (
	"errors"
	"fmt"
	"slices"

	"gangpu/engine/program"
	"gangpu/gan/games/tutorial"
	"gangpu/gan/nn"
	"gangpu/gan/train"
)

// Part says what of a GAN goes into a file of Keras.
type Part string

const (
	Both          Part = "both" // a Sequential of generator and discriminator, which Keras calls the GAN
	Generator     Part = "generator"
	Discriminator Part = "discriminator"
)

// weights are a chain's layout with the values of its parameters.
type weights struct {
	*layout
	model *train.Model
}

// of are a parameter's values, as the networks are used, which must not be changed.
func (w weights) of(p parameter) []float32 {
	a, _ := w.model.Used(p.Name) // which chainOf has found there
	return a.Values
}

// partsOf are the networks of a part, generator first. The discriminator ends in a sigmoid, which
// elsewhere here is part of the loss.
func partsOf(m *train.Model, part Part) ([]weights, error) {
	var all []weights
	for _, network := range []struct {
		part Part
		use  string
	}{{Generator, train.SampleUse}, {Discriminator, tutorial.ScoreUse}} {
		if part != Both && part != network.part {
			continue
		}
		c, err := chainOf(m, network.use, string(network.part))
		if err != nil {
			return nil, fmt.Errorf("the %s is no chain of layers that Keras's Sequential could be: %w; ONNX takes any network", network.part, err)
		}
		if network.part == Discriminator {
			c.Layers = append(c.Layers, sigmoidLayer{})
		}
		l, err := c.layout()
		if err != nil {
			return nil, err
		}
		all = append(all, weights{l, m})
	}
	if all == nil {
		return nil, fmt.Errorf("no part %q, want %s, %s or %s", part, Both, Generator, Discriminator)
	}
	return all, nil
}

// chainOf finds the chain of layers that a graph of a model is, whose arrays are called after a network.
func chainOf(m *train.Model, use, network string) (chain, error) {
	c := chain{Name: network}
	saved, ok := m.Uses[use]
	if !ok {
		return c, fmt.Errorf("the model of the game %s has no graph %q", m.Game, use)
	}
	at := ""
	for _, in := range saved.Inputs {
		if in.Role == nn.Array {
			continue
		}
		if at != "" {
			return c, fmt.Errorf("it has the inputs %s and %s", at, in.Name)
		}
		at, c.Input = in.Name, in.Shape
	}
	read := []string{} // arrays, in their order
	for i, n := range saved.Nodes {
		if len(n.Inputs) == 0 || n.Inputs[0] != at || len(n.Outputs) != 1 {
			return c, fmt.Errorf("its %s does not read what the layer before made, and that alone", n.Kind)
		}
		if i == len(saved.Nodes)-1 && n.Kind == "map" && use == train.SampleUse && m.Low == 0 && m.High == 1 && len(c.Layers) > 0 && c.Layers[len(c.Layers)-1] == (sigmoidLayer{}) {
			at = n.Outputs[0] // colours from 0 to 1 to those from 0 to 1
			continue
		}
		layer, err := layerOf(m, n)
		if err != nil {
			return c, err
		}
		c.Layers, at, read = append(c.Layers, layer), n.Outputs[0], append(read, n.Inputs[1:]...)
	}
	if len(saved.Outputs) != 1 || saved.Outputs[0] != at {
		return c, errors.New("it has another result than its last layer's")
	}
	l, err := c.layout()
	if err != nil {
		return c, err
	}
	var wanted []string
	for _, p := range l.parameters() {
		wanted = append(wanted, p.Name)
		if a, ok := m.Used(p.Name); ok && !slices.Equal(a.Shape, p.Shape) {
			return c, fmt.Errorf("%s has the shape %v, want %v", p.Name, a.Shape, p.Shape)
		}
	}
	if !slices.Equal(read, wanted) {
		return c, fmt.Errorf("it reads the arrays %q, Keras's layers have %q", read, wanted)
	}
	return c, nil
}

// layerOf is the layer that a node of a saved graph is.
func layerOf(m *train.Model, n nn.SavedNode) (layer, error) {
	var a struct {
		Stride  pair            `json:"stride"`
		Padding program.Padding `json:"padding"`
		Alpha   float64         `json:"alpha"`
		Rate    float64         `json:"rate"`
		Shape   []int           `json:"shape"`
	}
	if err := decode(n, &a); err != nil {
		return nil, err
	}
	var kernel []int
	switch n.Kind {
	case "dense", "conv2d", "conv2d_transpose":
		if len(n.Inputs) != 3 {
			return nil, fmt.Errorf("a %s has no bias", n.Kind)
		}
		array, ok := m.Used(n.Inputs[1])
		if rank := map[bool]int{true: 2, false: 4}[n.Kind == "dense"]; !ok || len(array.Shape) != rank {
			return nil, fmt.Errorf("a %s has no kernel of its own", n.Kind)
		}
		kernel = array.Shape
	}
	switch n.Kind {
	case "dense":
		return dense{Units: kernel[1]}, nil
	case "conv2d":
		padding := "same"
		switch a.Padding {
		case program.Same:
		case program.Valid:
			padding = "valid"
		default:
			return nil, fmt.Errorf("a %s pads explicitly", n.Kind)
		}
		return conv2d{Filters: kernel[3], Kernel: pair(kernel[:2]), Stride: a.Stride, Padding: padding}, nil
	case "conv2d_transpose":
		if a.Padding != program.Same {
			return nil, fmt.Errorf("a %s has another padding than same", n.Kind)
		}
		return conv2dTranspose{Filters: kernel[2], Kernel: pair(kernel[:2]), Stride: a.Stride}, nil
	case "leaky_relu":
		return leakyReLU{Alpha: a.Alpha}, nil
	case "dropout_in_use":
		return dropout{Rate: a.Rate}, nil
	case "sigmoid":
		return sigmoidLayer{}, nil
	case "reshape":
		return reshape{Shape: a.Shape}, nil
	case "flatten":
		return flatten{}, nil
	}
	return nil, fmt.Errorf("a %s", n.Kind)
}
