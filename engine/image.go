package engine

import (
	"errors"
	"fmt"
	"math"
	"slices"

	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"gangpu/engine/expr"
	"gangpu/engine/program"
)

// Window is that of a pooling: its size and stride, vertical and horizontal, and how many pixels it goes beyond
// the image's border on each side. A stride of 0 is the size.
type Window struct {
	Height, Width            int
	StrideH, StrideW         int
	Top, Bottom, Left, Right int
}

// windows are the pixels of x that the pixels of a pooled image read, a source for each place in the
// window, and the shape of that image.
func windows(op string, x *gorgonia.Node, w Window) (shape tensor.Shape, sources []source, err error) {
	if err := checkInputs(op, input{"x", x, 4}); err != nil {
		return nil, nil, err
	}
	if w.StrideH == 0 {
		w.StrideH = w.Height
	}
	if w.StrideW == 0 {
		w.StrideW = w.Width
	}
	s := x.Shape()
	height, width := s[1]+w.Top+w.Bottom-w.Height, s[2]+w.Left+w.Right-w.Width
	if min(w.Height, w.Width, w.StrideH, w.StrideW) < 1 || min(w.Top, w.Bottom, w.Left, w.Right) < 0 || height < 0 || width < 0 ||
		max(w.Top, w.Bottom) >= w.Height || max(w.Left, w.Right) >= w.Width {
		return nil, nil, opError(op, fmt.Errorf("no window %+v", w), x)
	}
	if w.Height*w.Width > maxSources-2 {
		return nil, nil, opError(op, fmt.Errorf("a window of %d pixels, want at most %d", w.Height*w.Width, maxSources-2), x)
	}
	shape = tensor.Shape{s[0], height/w.StrideH + 1, width/w.StrideW + 1, s[3]}
	for i := range w.Height {
		for j := range w.Width {
			index := axes(x, count(4), 4)
			index.Axes[1].Offset, index.Axes[1].Coef[1] = i-w.Top, w.StrideH
			index.Axes[2].Offset, index.Axes[2].Coef[2] = j-w.Left, w.StrideW
			sources = append(sources, source{x, index})
		}
	}
	return shape, sources, nil
}

// MaxPool is the largest element in a window of images x [batch, height, width, channels]. What lies beyond the
// border does not count. The gradient goes to the first of equal elements.
func MaxPool(x *gorgonia.Node, w Window) (*gorgonia.Node, error) {
	const op = "max_pool"
	shape, sources, err := windows(op, x, w)
	if err != nil {
		return nil, err
	}
	one := gorgonia.NewConstant(tensor.Ones(x.Dtype(), 1))
	elements := make([]expr.Expr, len(sources))
	for i := range elements {
		elements[i] = expr.Input(i)
		if low, high := reach(sources[i].index, shape); low || high { // 1 within the image, 0 beyond
			index := program.Dense([]int{1})
			index.Axes[0].Coef = make([]int, 4)
			for _, a := range sources[i].index.Axes {
				a.Stride = 0
				index.Axes = append(index.Axes, a)
			}
			elements[i] = expr.Input(len(sources)).Select(elements[i], expr.Const(math.Inf(-1)))
			sources = append(sources, source{one, index})
		}
	}
	if len(sources) > maxSources {
		return nil, opError(op, errors.New("too large a window beyond the border"), x)
	}
	largest, which := elements[0], expr.Const(0)
	for i, v := range elements[1:] {
		larger := largest.Less(v)
		largest, which = larger.Select(v, largest), larger.Select(expr.Const(float64(i+1)), which)
	}
	l := after(x, op)
	forward := program.Map{Shape: slices.Clone(shape), In: programSources(sources), Code: expr.Compile(largest)}
	return apply(forward, shape, l, pullback{
		wrt: wrtFirst(sources)[:len(sources):len(sources)],
		grad: func(in gorgonia.Nodes, _, dy *gorgonia.Node) (gorgonia.Nodes, error) {
			// Which place of a window is the largest: a constant, from which each place takes its share of dy.
			l, sources := l.grad("grad"), renewed(sources, in)
			place := program.Map{Shape: slices.Clone(shape), In: programSources(sources), Code: expr.Compile(which)}
			at, err := apply(place, shape, l, pullback{
				wrt: make([]bool, len(sources)),
				grad: func(in gorgonia.Nodes, _, _ *gorgonia.Node) (gorgonia.Nodes, error) {
					return make(gorgonia.Nodes, len(in)), nil
				},
			}, nodesOf(sources)...)
			if err != nil {
				return nil, err
			}
			parts, all := make([]expr.Expr, len(sources)), []source{broadcast(at, shape), broadcast(dy, shape)}
			for i := range parts {
				parts[i] = expr.Const(0)
				if i < len(elements) {
					parts[i] = expr.Input(0).Equal(expr.Const(float64(i))).Select(expr.Input(1), expr.Const(0))
				}
			}
			return gradients(l, parts, shape, sources, all)
		}}, nodesOf(sources)...)
}

// reach reports whether an index leads before an array's first element along some axis, or beyond its last.
func reach(x program.Index, shape []int) (before, beyond bool) {
	for _, a := range x.Axes {
		low, high := a.Range(shape)
		before, beyond = before || low < 0, beyond || high >= a.Size*a.Div
	}
	return before, beyond
}

// AveragePool is the mean of the elements in a window of images x [batch, height, width, channels]. Zeros beyond
// the border count, as PyTorch has it.
func AveragePool(x *gorgonia.Node, w Window) (*gorgonia.Node, error) {
	const op = "average_pool"
	shape, sources, err := windows(op, x, w)
	if err != nil {
		return nil, err
	}
	e := expr.Input(0)
	for i := 1; i < len(sources); i++ {
		e = e.Add(expr.Input(i))
	}
	return mapSources(after(x, op), e.Mul(expr.Const(1/float64(w.Height*w.Width))), shape, sources)
}

// GlobalAveragePool is the mean over the pixels of images x [batch, height, width, channels], [batch, channels].
func GlobalAveragePool(x *gorgonia.Node) (*gorgonia.Node, error) {
	const op = "global_average_pool"
	if err := checkInputs(op, input{"x", x, 4}); err != nil {
		return nil, err
	}
	y, err := Mean(x, 1, 2)
	if err != nil {
		return nil, err
	}
	return reshape(after(x, op), y, tensor.Shape{x.Shape()[0], x.Shape()[3]})
}
