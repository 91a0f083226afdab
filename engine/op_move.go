package engine

import (
	"errors"
	"fmt"
	"slices"

	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"gangpu/engine/expr"
	"gangpu/engine/program"
)

// view has at each point of a shape the element of x that the index leads to: a slice, padding, a
// transpose and the like. Its gradient is the same in the other direction.
func view(l label, x *gorgonia.Node, shape tensor.Shape, index program.Index) (*gorgonia.Node, error) {
	return mapSources(l, expr.Input(0), shape, []source{{x, index}})
}

// axes is the index of a view of x over points of so many dimensions. Axis t of x moves along dimension
// along[t], or stays where it is if that is negative.
func axes(x *gorgonia.Node, along []int, rank int) program.Index {
	index := program.Dense(x.Shape())
	for t := range index.Axes {
		index.Axes[t].Coef = make([]int, rank)
		if along[t] >= 0 {
			index.Axes[t].Coef[along[t]] = 1
		}
	}
	return index
}

func count(n int) []int {
	all := make([]int, n)
	for i := range all {
		all[i] = i
	}
	return all
}

// checkAxes reports axes that x does not have, or one that is named twice.
func checkAxes(op string, x *gorgonia.Node, all []int) error {
	if err := checkInputs(op, input{"x", x, -1}); err != nil {
		return err
	}
	for i, a := range all {
		if a < 0 || a >= x.Shape().Dims() || slices.Contains(all[:i], a) {
			return opError(op, fmt.Errorf("no axes %v", all), x)
		}
	}
	return nil
}

// Range is the elements First, First+Step, ... below End along an axis. A Step of 0 means 1, and an End of
// 0 the end of the axis.
type Range struct{ First, End, Step int }

// Slice is the part of x that lies in a range along each of its first axes, and all of the others. It is
// an error if a range is empty or leaves its axis.
func Slice(x *gorgonia.Node, ranges ...Range) (*gorgonia.Node, error) {
	const op = "slice"
	if err := checkInputs(op, input{"x", x, -1}); err != nil {
		return nil, err
	}
	shape := x.Shape().Clone()
	if len(ranges) > len(shape) {
		return nil, opError(op, fmt.Errorf("%d ranges", len(ranges)), x)
	}
	index := axes(x, count(len(shape)), len(shape))
	for t, r := range ranges {
		if r.Step == 0 {
			r.Step = 1
		}
		if r.End == 0 {
			r.End = shape[t]
		}
		if r.First < 0 || r.First >= r.End || r.End > shape[t] || r.Step < 1 {
			return nil, opError(op, fmt.Errorf("no range %d:%d:%d along axis %d", r.First, r.End, r.Step, t), x)
		}
		index.Axes[t].Offset, index.Axes[t].Coef[t] = r.First, r.Step
		shape[t] = (r.End - r.First + r.Step - 1) / r.Step
	}
	return view(after(x, op), x, shape, index)
}

// Padding is the number of zeros before and after the elements of an axis, and between two of them.
// Negative numbers before and after cut elements off.
type Padding struct{ Before, After, Between int }

// Pad puts zeros around and between the elements of x, along its first axes.
func Pad(x *gorgonia.Node, padding ...Padding) (*gorgonia.Node, error) {
	const op = "pad"
	if err := checkInputs(op, input{"x", x, -1}); err != nil {
		return nil, err
	}
	shape := x.Shape().Clone()
	if len(padding) > len(shape) {
		return nil, opError(op, fmt.Errorf("%d paddings", len(padding)), x)
	}
	index := axes(x, count(len(shape)), len(shape))
	for t, p := range padding {
		n := p.Before + p.After + shape[t] + (shape[t]-1)*p.Between
		if n < 1 || p.Between < 0 {
			return nil, opError(op, fmt.Errorf("no padding by %+v along axis %d", p, t), x)
		}
		index.Axes[t].Offset, index.Axes[t].Div = -p.Before, p.Between+1
		shape[t] = n
	}
	return view(after(x, op), x, shape, index)
}

// Transpose has the axes of x in another order: axis i of the result is axis order[i] of x.
func Transpose(x *gorgonia.Node, order ...int) (*gorgonia.Node, error) {
	const op = "transpose"
	if err := checkAxes(op, x, order); err != nil {
		return nil, err
	}
	if len(order) != x.Shape().Dims() {
		return nil, opError(op, fmt.Errorf("an order of %d axes", len(order)), x)
	}
	shape, along := make(tensor.Shape, len(order)), make([]int, len(order))
	for i, t := range order {
		shape[i], along[t] = x.Shape()[t], i
	}
	return view(after(x, op), x, shape, axes(x, along, len(order)))
}

// Flip reverses x along some axes.
func Flip(x *gorgonia.Node, along ...int) (*gorgonia.Node, error) {
	const op = "flip"
	if err := checkAxes(op, x, along); err != nil {
		return nil, err
	}
	shape := x.Shape()
	index := axes(x, count(len(shape)), len(shape))
	for _, t := range along {
		index.Axes[t].Offset, index.Axes[t].Coef[t] = shape[t]-1, -1
	}
	return view(after(x, op), x, shape, index)
}

// BroadcastTo repeats x along axes where it has one element, or none, to a shape.
func BroadcastTo(x *gorgonia.Node, shape ...int) (*gorgonia.Node, error) {
	const op = "broadcast"
	if err := checkInputs(op, input{"x", x, -1}); err != nil {
		return nil, err
	}
	of := x.Shape()
	for i := range of {
		if d := len(shape) - len(of) + i; d < 0 || of[i] != 1 && of[i] != shape[d] {
			return nil, opError(op, fmt.Errorf("it does not fit %v", shape), x)
		}
	}
	if len(of) > len(shape) {
		return nil, opError(op, fmt.Errorf("it does not fit %v", shape), x)
	}
	s := broadcast(x, shape)
	return view(after(x, op), x, shape, s.index)
}

// Concat joins nodes along an axis. Along all others they have the same size.
func Concat(axis int, parts ...*gorgonia.Node) (*gorgonia.Node, error) {
	const op = "concat"
	var of []input
	for i, x := range parts {
		of = append(of, input{fmt.Sprintf("part %d", i), x, -1})
	}
	if len(of) == 0 {
		return nil, fmt.Errorf("engine: %s of nothing", op)
	}
	if err := checkInputs(op, of...); err != nil {
		return nil, err
	}
	shape := parts[0].Shape().Clone()
	if axis < 0 || axis >= len(shape) {
		return nil, opError(op, fmt.Errorf("no axis %d", axis), parts...)
	}
	for _, x := range parts[1:] {
		s := x.Shape().Clone()
		if len(s) != len(shape) {
			return nil, opError(op, errors.New("the shapes do not fit each other"), parts...)
		}
		n := shape[axis] + s[axis]
		if s[axis] = shape[axis]; !s.Eq(shape) {
			return nil, opError(op, errors.New("the shapes do not fit each other"), parts...)
		}
		shape[axis] = n
	}
	// Outside of its own part each is 0, so that their sum is the whole.
	sources, first, e := make([]source, len(parts)), 0, expr.Input(0)
	for i, x := range parts {
		index := axes(x, count(len(shape)), len(shape))
		index.Axes[axis].Offset = -first
		sources[i] = source{x, index}
		first += x.Shape()[axis]
		if i > 0 {
			e = e.Add(expr.Input(i))
		}
	}
	return mapSources(after(parts[0], op), e, shape, sources)
}

// ReflectPad continues images x [batch, height, width, channels] beyond their borders as if these were
// mirrors that pass through the outermost pixels, which are not repeated. It is an error if an
// image is not larger than the padding.
func ReflectPad(x *gorgonia.Node, top, bottom, left, right int) (*gorgonia.Node, error) {
	const op = "reflect_pad"
	if err := checkInputs(op, input{"x", x, 4}); err != nil {
		return nil, err
	}
	in := x.Shape()
	for _, p := range []struct{ n, size int }{{top, in[1]}, {bottom, in[1]}, {left, in[2]}, {right, in[2]}} {
		if p.n < 0 || p.n >= p.size {
			return nil, opError(op, fmt.Errorf("padding by %d of %d pixels", p.n, p.size), x)
		}
	}
	shape := tensor.Shape{in[0], in[1] + top + bottom, in[2] + left + right, in[3]}
	// Along an axis: the image itself, and what a mirror before it and one after it show. Pixel
	// offset + coef*p of the image is at p, for p from first on.
	type segment struct{ first, size, offset, coef int }
	segments := func(before, after, size int) []segment {
		all := []segment{{before, size, -before, 1}, {0, before, before, -1}, {before + size, after, 2*(size-1) + before, -1}}
		return slices.DeleteFunc(all, func(s segment) bool { return s.size == 0 })
	}
	var sources []source
	e := expr.Const(0)
	for _, v := range segments(top, bottom, in[1]) {
		for _, h := range segments(left, right, in[2]) {
			index := axes(x, count(4), 4)
			for t, s := range []segment{v, h} {
				t++
				index.Axes[t].Offset, index.Axes[t].Coef[t] = s.offset, s.coef
				if s.coef < 0 {
					only := program.Axis{Size: s.size, Offset: -s.first, Coef: make([]int, 4), Div: 1}
					only.Coef[t] = 1
					index.Axes = append(index.Axes, only)
				}
			}
			e = e.Add(expr.Input(len(sources)))
			sources = append(sources, source{x, index})
		}
	}
	return mapSources(after(x, op), e, shape, sources)
}

// UpsampleNearest repeats each pixel of images x [batch, height, width, channels] height times down and
// width times across.
func UpsampleNearest(x *gorgonia.Node, height, width int) (*gorgonia.Node, error) {
	const op = "upsample_nearest"
	if err := checkInputs(op, input{"x", x, 4}); err != nil {
		return nil, err
	}
	if height < 1 || width < 1 {
		return nil, opError(op, fmt.Errorf("by %dx%d", height, width), x)
	}
	l, s := after(x, op), x.Shape()
	split := tensor.Shape{s[0], s[1], height, s[2], width, s[3]}
	y, err := view(l, x, split, axes(x, []int{0, 1, 3, 5}, 6))
	if err != nil {
		return nil, err
	}
	return reshape(l, y, tensor.Shape{s[0], s[1] * height, s[2] * width, s[3]})
}

// DepthToSpace makes images [batch, height*block, width*block, channels] of x [batch, height, width,
// block*block*channels], as TensorFlow does it: pixel (i, j) of a block is the channels from
// (i*block+j)*channels on. It is Shi et al.'s pixel shuffle (2016) but for the order of x's channels.
func DepthToSpace(x *gorgonia.Node, block int) (*gorgonia.Node, error) {
	const op = "depth_to_space"
	if err := checkInputs(op, input{"x", x, 4}); err != nil {
		return nil, err
	}
	s := x.Shape()
	if block < 1 || s[3]%(block*block) != 0 {
		return nil, opError(op, fmt.Errorf("no blocks of %dx%d pixels", block, block), x)
	}
	return rearrange(after(x, op), x, tensor.Shape{s[0], s[1], s[2], block, block, s[3] / (block * block)}, []int{0, 1, 3, 2, 4, 5},
		tensor.Shape{s[0], s[1] * block, s[2] * block, s[3] / (block * block)})
}

// SpaceToDepth undoes DepthToSpace.
func SpaceToDepth(x *gorgonia.Node, block int) (*gorgonia.Node, error) {
	const op = "space_to_depth"
	if err := checkInputs(op, input{"x", x, 4}); err != nil {
		return nil, err
	}
	s := x.Shape()
	if block < 1 || s[1]%block != 0 || s[2]%block != 0 {
		return nil, opError(op, fmt.Errorf("no blocks of %dx%d pixels", block, block), x)
	}
	return rearrange(after(x, op), x, tensor.Shape{s[0], s[1] / block, block, s[2] / block, block, s[3]}, []int{0, 1, 3, 2, 4, 5},
		tensor.Shape{s[0], s[1] / block, s[2] / block, block * block * s[3]})
}

// rearrange reshapes, transposes and reshapes again.
func rearrange(l label, x *gorgonia.Node, split tensor.Shape, order []int, shape tensor.Shape) (*gorgonia.Node, error) {
	y, err := reshape(l, x, split)
	if err == nil {
		y, err = Transpose(y, order...)
	}
	if err != nil {
		return nil, err
	}
	return reshape(l, y, shape)
}
