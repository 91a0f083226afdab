package engine

import (
	"fmt"

	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"gangpu/engine/program"
)

// Conv2D convolves images x [batch, height, width, in] with a filter [height, width, in, out] and
// adds bias [out], which may be nil:
//
//	y[b,oy,ox,o] = bias[o] + sum over ky, kx, i of x[b, oy*stride[0]+ky-top, ox*stride[1]+kx-left, i] * filter[ky,kx,i,o]
//
// The stride is (vertical, horizontal). The result is [batch, outHeight, outWidth, out] with
// Keras's sizes; see [program.Padding]. It is an error if shapes do not fit each other, or the
// filter does not fit the image without padding.
func Conv2D(x, filter, bias *gorgonia.Node, stride [2]int, padding program.Padding) (*gorgonia.Node, error) {
	const op = "conv2d"
	if err := checkInputs(op, input{"x", x, 4}, input{"filter", filter, 4}); err != nil {
		return nil, err
	}
	in, f := x.Shape(), filter.Shape()
	if in[3] != f[2] {
		return nil, opError(op, fmt.Errorf("the filter reads %d channels, x has %d", f[2], in[3]), x, filter)
	}
	if err := checkBias(op, bias, f[3]); err != nil {
		return nil, err
	}
	g := program.Geometry{Batch: in[0], InH: in[1], InW: in[2], InC: in[3], OutC: f[3],
		FilterH: f[0], FilterW: f[1], StrideH: stride[0], StrideW: stride[1], Padding: padding}
	if err := g.Validate(); err != nil { // before its sizes are asked for
		return nil, opError(op, err, x, filter)
	}
	return conv2D(g, label{layer: layerOf(filter)}.orElse(x, op), x, filter, bias)
}

// conv2D, conv2DInputGrad and conv2DFilterGrad are the three products of a convolution: each is
// linear in either input, and its gradients are the other two.

func conv2D(g program.Geometry, l label, x, filter, bias *gorgonia.Node) (*gorgonia.Node, error) {
	return applyWithBias(program.Conv2D{Geometry: g, Epilogue: program.Epilogue{Bias: bias != nil}}, outputShape(g), l,
		func(in gorgonia.Nodes, dy *gorgonia.Node) (dx, dfilter *gorgonia.Node, err error) {
			if dfilter, err = conv2DFilterGrad(g, l.grad("filter_grad"), in[0], dy); err != nil {
				return nil, nil, err
			}
			dx, err = conv2DInputGrad(g, l.grad("input_grad"), dy, in[1])
			return dx, dfilter, err
		}, x, filter, bias)
}

func conv2DInputGrad(g program.Geometry, l label, dy, filter *gorgonia.Node) (*gorgonia.Node, error) {
	return applyWithBias(program.Conv2DInputGrad{Geometry: g}, inputShape(g), l,
		func(in gorgonia.Nodes, ddx *gorgonia.Node) (ddy, dfilter *gorgonia.Node, err error) {
			if dfilter, err = conv2DFilterGrad(g, l.grad("filter_grad"), ddx, in[0]); err != nil {
				return nil, nil, err
			}
			ddy, err = conv2D(g, l.grad("input_grad"), ddx, in[1], nil)
			return ddy, dfilter, err
		}, dy, filter, nil)
}

func conv2DFilterGrad(g program.Geometry, l label, x, dy *gorgonia.Node) (*gorgonia.Node, error) {
	return applyWithBias(program.Conv2DFilterGrad{Geometry: g}, filterShape(g), l,
		func(in gorgonia.Nodes, ddfilter *gorgonia.Node) (dx, ddy *gorgonia.Node, err error) {
			if dx, err = conv2DInputGrad(g, l.grad("input_grad"), in[1], ddfilter); err != nil {
				return nil, nil, err
			}
			ddy, err = conv2D(g, l.grad("output_grad"), in[0], ddfilter, nil)
			return dx, ddy, err
		}, x, dy, nil)
}

func inputShape(g program.Geometry) tensor.Shape { return tensor.Shape{g.Batch, g.InH, g.InW, g.InC} }
func filterShape(g program.Geometry) tensor.Shape {
	return tensor.Shape{g.FilterH, g.FilterW, g.InC, g.OutC}
}
func outputShape(g program.Geometry) tensor.Shape {
	return tensor.Shape{g.Batch, g.OutH(), g.OutW(), g.OutC}
}
