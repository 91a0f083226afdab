package engine

import (
	"fmt"

	"gorgonia.org/gorgonia"

	"gangpu/engine/program"
)

// Conv2DTranspose is the transposed convolution of images x [batch, height, width, in] with a
// filter [height, width, out, in], plus bias [out], which may be nil: every element of x adds the
// filter, times itself, to the result at its position times the stride (vertical, horizontal); see
// [program.Conv2DTranspose] for the sum. The result is [batch, outHeight, outWidth, out] with
// Keras's sizes: height*stride for [program.Same], height*stride + max(filterHeight-stride, 0)
// for [program.Valid], (height-1)*stride + filterHeight - before - after for [program.Explicit]. It is an error if shapes do not fit each other.
func Conv2DTranspose(x, filter, bias *gorgonia.Node, stride [2]int, padding program.Padding) (*gorgonia.Node, error) {
	const op = "conv2d_transpose"
	if err := checkInputs(op, input{"x", x, 4}, input{"filter", filter, 4}); err != nil {
		return nil, err
	}
	in, f := x.Shape(), filter.Shape()
	if in[3] != f[3] {
		return nil, opError(op, fmt.Errorf("the filter reads %d channels, x has %d", f[3], in[3]), x, filter)
	}
	if err := checkBias(op, bias, f[2]); err != nil {
		return nil, err
	}
	if stride[0] < 1 || stride[1] < 1 {
		return nil, opError(op, fmt.Errorf("stride is %v, want at least 1", stride), x, filter)
	}
	size := func(axis, padded int) int {
		switch padding {
		case program.Same:
			return in[1+axis] * stride[axis]
		case program.Valid:
			return in[1+axis]*stride[axis] + max(f[axis]-stride[axis], 0)
		}
		return (in[1+axis]-1)*stride[axis] + f[axis] - padded
	}
	// The geometry is that of the convolution whose input gradient this is.
	g := program.Geometry{Batch: in[0], InH: size(0, padding.Top+padding.Bottom), InW: size(1, padding.Left+padding.Right), InC: f[2], OutC: in[3],
		FilterH: f[0], FilterW: f[1], StrideH: stride[0], StrideW: stride[1], Padding: padding}
	if err := g.Validate(); err != nil {
		return nil, opError(op, err, x, filter)
	}
	l := label{layer: layerOf(filter)}.orElse(x, op)
	return applyWithBias(program.Conv2DTranspose{Geometry: g, Epilogue: program.Epilogue{Bias: bias != nil}}, inputShape(g), l,
		func(in gorgonia.Nodes, dy *gorgonia.Node) (dx, dfilter *gorgonia.Node, err error) {
			if dfilter, err = conv2DFilterGrad(g, l.grad("filter_grad"), dy, in[0]); err != nil {
				return nil, nil, err
			}
			dx, err = conv2D(g, l.grad("input_grad"), dy, in[1], nil)
			return dx, dfilter, err
		}, x, filter, bias)
}
