package nn

import (
	"fmt"

	"gorgonia.org/gorgonia"

	"gangpu/engine"
	"gangpu/engine/program"
)

// Operations of layers, whose arrays are inputs like others.

type dense struct{}

func (dense) Kind() string { return "dense" }
func (dense) build(x []*gorgonia.Node) ([]*gorgonia.Node, error) {
	return one(engine.Dense(x[0], x[1], optional(x, 2)))
}

// optional is input i, nil if there is none.
func optional(x []*gorgonia.Node, i int) *gorgonia.Node {
	if i < len(x) {
		return x[i]
	}
	return nil
}

type conv2D struct {
	Stride  [2]int          `json:"stride"`
	Padding program.Padding `json:"padding"`
}

func (conv2D) Kind() string { return "conv2d" }
func (o conv2D) build(x []*gorgonia.Node) ([]*gorgonia.Node, error) {
	return one(engine.Conv2D(x[0], x[1], optional(x, 2), o.Stride, o.Padding))
}

type conv2DTranspose struct {
	Stride  [2]int          `json:"stride"`
	Padding program.Padding `json:"padding"`
}

func (conv2DTranspose) Kind() string { return "conv2d_transpose" }
func (o conv2DTranspose) build(x []*gorgonia.Node) ([]*gorgonia.Node, error) {
	return one(engine.Conv2DTranspose(x[0], x[1], optional(x, 2), o.Stride, o.Padding))
}

type dropout struct{}

func (dropout) Kind() string { return "dropout" }
func (dropout) build(x []*gorgonia.Node) ([]*gorgonia.Node, error) {
	return one(engine.Dropout(x[0], x[1]))
}

// dropoutInUse is where a network drops a share out in training, and nothing in use.
type dropoutInUse struct {
	Rate float64 `json:"rate"`
}

func (dropoutInUse) Kind() string                                       { return "dropout_in_use" }
func (dropoutInUse) build(x []*gorgonia.Node) ([]*gorgonia.Node, error) { return x, nil }

type prelu struct{}

func (prelu) Kind() string { return "prelu" }
func (prelu) build(x []*gorgonia.Node) ([]*gorgonia.Node, error) {
	return one(engine.PReLU(x[0], x[1]))
}

// norm normalises by statistics that are computed of the input: of the batch, of an instance, ...
type norm struct {
	Over    string  `json:"over"` // batch, instance, layer or group
	Epsilon float64 `json:"epsilon"`
	Groups  int     `json:"groups,omitempty"`
}

func (norm) Kind() string { return "norm" }

func (o norm) build(x []*gorgonia.Node) ([]*gorgonia.Node, error) {
	gamma, beta := optional(x, 1), optional(x, 2)
	switch o.Over {
	case "batch":
		y, mean, variance, err := engine.BatchNorm(x[0], gamma, beta, o.Epsilon)
		return []*gorgonia.Node{y, mean, variance}, err
	case "instance":
		return one(engine.InstanceNorm(x[0], gamma, beta, o.Epsilon))
	case "layer":
		return one(engine.LayerNorm(x[0], gamma, beta, o.Epsilon))
	case "group":
		return one(engine.GroupNorm(x[0], gamma, beta, o.Groups, o.Epsilon))
	}
	return nil, fmt.Errorf("no norm over a %q", o.Over)
}

// normalise normalises by given statistics.
type normalise struct {
	Epsilon float64 `json:"epsilon"`
}

func (normalise) Kind() string { return "normalise" }
func (o normalise) build(x []*gorgonia.Node) ([]*gorgonia.Node, error) {
	return one(engine.Normalise(x[0], x[1], x[2], optional(x, 3), optional(x, 4), o.Epsilon))
}

type spectralNorm struct {
	Epsilon float64 `json:"epsilon"`
}

func (spectralNorm) Kind() string { return "spectral_norm" }
func (o spectralNorm) build(x []*gorgonia.Node) ([]*gorgonia.Node, error) {
	w, u, err := engine.SpectralNorm(x[0], x[1], o.Epsilon)
	return []*gorgonia.Node{w, u}, err
}

type demodulation struct {
	Transposed bool    `json:"transposed"`
	Epsilon    float64 `json:"epsilon"`
}

func (demodulation) Kind() string { return "demodulation" }
func (o demodulation) build(x []*gorgonia.Node) ([]*gorgonia.Node, error) {
	return one(engine.Demodulation(x[0], x[1], o.Transposed, o.Epsilon))
}

// vector makes an array with one long axis a vector.
type vector struct{}

func (vector) Kind() string { return "vector" }
func (vector) build(x []*gorgonia.Node) ([]*gorgonia.Node, error) {
	return one(engine.Reshape(x[0], x[0].Shape().TotalSize()))
}

// Vector is an array with one long axis, as a statistic [1, ..., channels], without its other axes.
func Vector(x *Node) *Node { return apply(vector{}, x) }
