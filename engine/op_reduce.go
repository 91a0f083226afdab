package engine

import (
	"slices"

	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"gangpu/engine/expr"
	"gangpu/engine/program"
)

// Sum adds x up along axes, which the result keeps with a size of 1, so that it can be broadcast to x
// again. Without axes it adds up all of x, to a scalar.
func Sum(x *gorgonia.Node, along ...int) (*gorgonia.Node, error) {
	const op = "sum"
	if err := checkAxes(op, x, along); err != nil {
		return nil, err
	}
	shape, reduced, s := reduction(x, along)
	return sumSources(after(x, op), expr.Input(0), shape, reduced, []source{s})
}

// sumOf adds an expression of inputs, broadcast to each other, up over all elements.
func sumOf(l label, f func(x ...expr.Expr) expr.Expr, inputs ...*gorgonia.Node) (*gorgonia.Node, error) {
	shape, err := broadcastShape(inputs)
	if err != nil {
		return nil, opError(l.role, err, inputs...)
	}
	sources := make([]source, len(inputs))
	for i, n := range inputs {
		sources[i] = broadcast(n, shape)
	}
	return sumSources(l, f(expr.Inputs(len(inputs))...), tensor.ScalarShape(), shape, sources)
}

// meanOf is sumOf over the number of elements, by which each term is divided.
func meanOf(l label, f func(x ...expr.Expr) expr.Expr, inputs ...*gorgonia.Node) (*gorgonia.Node, error) {
	shape, err := broadcastShape(inputs)
	if err != nil {
		return nil, opError(l.role, err, inputs...)
	}
	n := expr.Const(1 / float64(shape.TotalSize()))
	return sumOf(l, func(x ...expr.Expr) expr.Expr { return f(x...).Mul(n) }, inputs...)
}

// Mean is the mean of x along axes, kept and left out as [Sum] does it.
func Mean(x *gorgonia.Node, along ...int) (*gorgonia.Node, error) {
	sum, err := Sum(x, along...)
	if err != nil {
		return nil, err
	}
	n := x.Shape().TotalSize() / sum.Shape().TotalSize()
	return mapOf(after(x, "mean"), func(x ...expr.Expr) expr.Expr { return x[0].Mul(expr.Const(1 / float64(n))) }, sum)
}

// reduction is x as the source of a reduction along axes to a shape.
func reduction(x *gorgonia.Node, along []int) (shape tensor.Shape, reduced []int, s source) {
	in := x.Shape()
	if len(along) == 0 {
		index := program.Dense(in)
		return tensor.ScalarShape(), slices.Clone(in), source{x, index}
	}
	shape = in.Clone()
	to := count(len(in))
	for i, t := range along {
		shape[t] = 1
		reduced = append(reduced, in[t])
		to[t] = len(in) + i
	}
	return shape, reduced, source{x, axes(x, to, len(in)+len(along))}
}

// Maximum is the largest element of x along axes, kept and left out as [Sum] does it. Its gradient is
// shared by those that are equal to it.
func Maximum(x *gorgonia.Node, along ...int) (*gorgonia.Node, error) {
	const op = "maximum"
	if err := checkAxes(op, x, along); err != nil {
		return nil, err
	}
	shape, reduced, s := reduction(x, along)
	l := after(x, op)
	reduce := program.Reduce{Kind: program.Maximum, Kept: slices.Clone(shape), Reduced: reduced, In: programSources([]source{s}), Code: expr.Compile(expr.Input(0))}
	return apply(reduce, shape, l, pullback{
		wrt: []bool{true},
		grad: func(in gorgonia.Nodes, y, dy *gorgonia.Node) (gorgonia.Nodes, error) {
			l := l.grad("grad")
			largest := func(x ...expr.Expr) expr.Expr { return x[0].Equal(x[1]) }
			is, err := mapOf(l, largest, in[0], y)
			if err != nil {
				return nil, err
			}
			equals, err := Sum(is, along...)
			if err != nil {
				return nil, err
			}
			dx, err := mapOf(l, func(x ...expr.Expr) expr.Expr { return x[0].Equal(x[1]).Mul(x[2].Div(x[3])) }, in[0], y, dy, equals)
			return gorgonia.Nodes{dx}, err
		}}, x)
}

// Moments are the mean of x along axes and its variance, the mean of the squared deviations from it, kept
// and left out as [Sum] does it. Both come from one pass over x; see [program.Moments].
func Moments(x *gorgonia.Node, along ...int) (mean, variance *gorgonia.Node, err error) {
	const op = "moments"
	if err := checkAxes(op, x, along); err != nil {
		return nil, nil, err
	}
	shape, reduced, s := reduction(x, along)
	l := after(x, op)
	n := x.Shape().TotalSize() / max(shape.TotalSize(), 1)
	reduce := program.Reduce{Kind: program.Moments, Kept: slices.Clone(shape), Reduced: reduced, In: programSources([]source{s}), Code: expr.Compile(expr.Input(0))}
	both := tensor.Shape(slices.Concat([]int{2}, shape))
	moments, err := apply(reduce, both, l, pullback{
		wrt: []bool{true},
		grad: func(in gorgonia.Nodes, out, dout *gorgonia.Node) (gorgonia.Nodes, error) {
			// dx = dmean/n + 2*(x-mean)*dm2
			s := in[0].Shape()
			sources := []source{broadcast(in[0], s), part(out, 0, s), part(dout, 0, s), part(dout, 1, s)}
			x := expr.Inputs(4)
			e := x[2].Mul(expr.Const(1 / float64(n))).Add(x[0].Sub(x[1]).Mul(x[3]).Mul(expr.Const(2)))
			dx, err := mapSources(l.grad("grad"), e, s, sources)
			return gorgonia.Nodes{dx}, err
		}}, x)
	if err != nil {
		return nil, nil, err
	}
	first, second := part(moments, 0, shape), part(moments, 1, shape)
	if mean, err = mapSources(l, expr.Input(0), shape, []source{first}); err != nil {
		return nil, nil, err
	}
	variance, err = mapSources(l, expr.Input(0).Mul(expr.Const(1/float64(n))), shape, []source{second})
	return mean, variance, err
}

// part is row i of a node as a source over points of a shape that it fits.
func part(n *gorgonia.Node, i int, shape tensor.Shape) source {
	x := program.Dense(n.Shape())
	missing := len(shape) - (len(x.Axes) - 1)
	for t := range x.Axes {
		c := make([]int, len(shape))
		if t == 0 {
			x.Axes[t].Offset = i
		} else if d := missing + t - 1; x.Axes[t].Size == shape[d] {
			c[d] = 1
		}
		x.Axes[t].Coef = c
	}
	return source{n, x}
}
