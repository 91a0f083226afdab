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

// Map computes an expression of its inputs, element by element:
//
//	gelu, err := engine.Map("gelu", func(x ...expr.Expr) expr.Expr {
//		return x[0].Mul(x[0].Mul(expr.Const(math.Sqrt2 / 2)).Erf().Add(expr.Const(1))).Mul(expr.Const(0.5))
//	}, x)
//
// f is called once, with an expression for each input. Shapes are broadcast as NumPy does it: aligned at
// their last axes, an axis of one element or none counts as often as the others need it. The result runs
// on every device and is differentiable as often as you like. The name is for profiles and errors. It is
// an error if shapes do not fit each other.
func Map(name string, f func(x ...expr.Expr) expr.Expr, inputs ...*gorgonia.Node) (*gorgonia.Node, error) {
	var of []input
	for i, n := range inputs {
		of = append(of, input{fmt.Sprintf("input %d", i), n, -1})
	}
	if len(of) == 0 {
		return nil, fmt.Errorf("engine: %s: a map without inputs", name)
	}
	if err := checkInputs(name, of...); err != nil {
		return nil, err
	}
	return mapOf(after(inputs[0], name), f, inputs...)
}

// mapOf is Map of inputs that are known to be some.
func mapOf(l label, f func(x ...expr.Expr) expr.Expr, inputs ...*gorgonia.Node) (*gorgonia.Node, error) {
	shape, err := broadcastShape(inputs)
	if err != nil {
		return nil, opError(l.role, err, inputs...)
	}
	sources := make([]source, len(inputs))
	for i, n := range inputs {
		sources[i] = broadcast(n, shape)
	}
	return mapSources(l, f(expr.Inputs(len(inputs))...), shape, sources)
}

// broadcastShape is the shape of a result that inputs are broadcast to.
func broadcastShape(inputs []*gorgonia.Node) (tensor.Shape, error) {
	rank := 0
	for _, n := range inputs {
		rank = max(rank, n.Shape().Dims())
	}
	shape := tensor.Shape(slices.Repeat([]int{1}, rank))
	for _, n := range inputs {
		s := n.Shape()
		for i, size := range s {
			d := rank - len(s) + i
			if size != 1 && shape[d] != 1 && size != shape[d] {
				return nil, errors.New("the shapes do not fit each other")
			}
			shape[d] = max(shape[d], size)
		}
	}
	return shape, nil
}

// source is an input of a map or a reduction, and which element of it each point of the iteration reads:
// the index has an axis for each dimension of the node, in order, which moves along one dimension of the
// iteration at most; no two move along the same. More axes behind are conditions.
type source struct {
	node  *gorgonia.Node
	index program.Index
}

// broadcast is a node, broadcast to a shape that it fits.
func broadcast(n *gorgonia.Node, shape tensor.Shape) source {
	of := n.Shape()
	missing := len(shape) - of.Dims()
	x := program.Dense(of)
	for t := range x.Axes {
		c := make([]int, len(shape))
		if of[t] == shape[missing+t] {
			c[missing+t] = 1
		}
		x.Axes[t].Coef = c
	}
	return source{n, x}
}

// mapSources is the map of e over the points of shape.
func mapSources(l label, e expr.Expr, shape tensor.Shape, sources []source) (*gorgonia.Node, error) {
	op := program.Map{Shape: slices.Clone(shape), In: programSources(sources), Code: expr.Compile(e)}
	return apply(op, shape, l, pullback{
		wrt: wrtFirst(sources),
		grad: func(in gorgonia.Nodes, out, dout *gorgonia.Node) (gorgonia.Nodes, error) {
			n := len(in)
			grads := expr.Gradient(e, n) // they may read the result as input n
			for i := range grads {
				grads[i] = grads[i].Mul(expr.Input(n + 1))
			}
			all := append(renewed(sources, in), broadcast(out, shape), broadcast(dout, shape))
			return gradients(l.grad("grad"), grads, shape, sources, all)
		}}, nodesOf(sources)...)
}

// sumSources is the sum of e over the dimensions reduced of the points of (shape..., reduced...).
func sumSources(l label, e expr.Expr, shape tensor.Shape, reduced []int, sources []source) (*gorgonia.Node, error) {
	op := program.Reduce{Kind: program.Sum, Kept: slices.Clone(shape), Reduced: slices.Clone(reduced),
		In: programSources(sources), Code: expr.Compile(e)}
	return apply(op, shape, l, pullback{
		wrt: wrtFirst(sources),
		grad: func(in gorgonia.Nodes, _, dout *gorgonia.Node) (gorgonia.Nodes, error) {
			n := len(in)
			grads := expr.Gradient(e, n)
			for i := range grads {
				grads[i] = grads[i].Replace(func(j int) expr.Expr {
					if j == n { // e itself, which is nowhere kept
						return e
					}
					return expr.Input(j)
				}).Mul(expr.Input(n))
			}
			all := append(renewed(sources, in), alongFirst(dout, op.Shape()))
			return gradients(l.grad("grad"), grads, op.Shape(), sources, all)
		}}, nodesOf(sources)...)
}

// alongFirst is a node as a source over points whose first dimensions are the node's.
func alongFirst(n *gorgonia.Node, shape []int) source {
	x := program.Dense(n.Shape())
	for t := range x.Axes {
		x.Axes[t].Coef = append(x.Axes[t].Coef, make([]int, len(shape)-len(x.Axes))...)
	}
	return source{n, x}
}

func programSources(sources []source) []program.Source {
	in := make([]program.Source, len(sources))
	for i, s := range sources {
		in[i] = program.Source{Len: s.node.Shape().TotalSize(), Index: s.index}
	}
	return in
}

func nodesOf(sources []source) gorgonia.Nodes {
	var nodes gorgonia.Nodes
	for _, s := range sources {
		nodes = append(nodes, s.node)
	}
	return nodes
}

// renewed are sources of other nodes: those by which differentiation knows them.
func renewed(sources []source, in gorgonia.Nodes) []source {
	all := slices.Clone(sources)
	for i := range all {
		all[i].node = in[i]
	}
	return all
}

// wrtFirst has the whole gradient of a node that is an input several times be that of the first.
func wrtFirst(sources []source) []bool {
	wrt := make([]bool, len(sources))
	for i := range sources {
		wrt[i] = firstOf(sources, i) == i
	}
	return wrt
}

// firstOf is the first source with the node of source i.
func firstOf(sources []source, i int) int {
	return slices.IndexFunc(sources, func(s source) bool { return s.node == sources[i].node })
}

// gradients are those of the sources of a map or a reduction over the points of shape: parts, of the
// sources all, are what each point adds to the element that it reads.
func gradients(l label, parts []expr.Expr, shape []int, sources, all []source) (gorgonia.Nodes, error) {
	grads := make(gorgonia.Nodes, len(sources))
	for i, s := range sources {
		f := firstOf(sources, i)
		if f != i && parts[i].IsConst(0) {
			continue
		}
		g, err := adjoint(l, parts[i], shape, all, s.index, s.node.Shape())
		if err != nil {
			return nil, err
		}
		if f != i {
			if g, err = mapOf(l, sum, grads[f], g); err != nil {
				return nil, err
			}
		}
		grads[f] = g
	}
	return grads, nil
}

// adjoint adds e, at each point of a shape, to the element of an array, of shape to, that the index of the
// point leads to.
func adjoint(l label, e expr.Expr, shape []int, sources []source, index program.Index, to tensor.Shape) (*gorgonia.Node, error) {
	// Where dimension d of the points is, as a function of an element's place in the array: along the axis
	// that moves by it, or else free, and then added up.
	var free, reduced []int
	for d, size := range shape {
		if axisAlong(index, len(to), d) < 0 && size > 1 {
			free, reduced = append(free, d), append(reduced, size)
		}
	}
	rank := len(to) + len(free)
	position := make([]program.Axis, len(shape))
	for d, size := range shape {
		p := program.Axis{Size: size, Coef: make([]int, rank), Div: 1}
		if i := slices.Index(free, d); i >= 0 {
			p.Coef[len(to)+i] = 1
		} else if t := axisAlong(index, len(to), d); t >= 0 {
			// i = (Offset + c*p)/Div, so p = (Div*i - Offset)/c.
			a, sign := index.Axes[t], 1
			if a.Coef[d] < 0 {
				sign = -1
			}
			p.Offset, p.Coef[t], p.Div = -sign*a.Offset, sign*a.Div, sign*a.Coef[d]
		}
		position[d] = p
	}
	var guards []program.Axis
	for t, a := range index.Axes[:len(to)] {
		if to[t] > 1 && !slices.ContainsFunc(a.Coef, func(c int) bool { return c != 0 }) { // it stays at one place
			g := program.Axis{Size: 1, Offset: -a.Offset / a.Div, Coef: make([]int, rank), Div: 1}
			g.Coef[t] = 1
			guards = append(guards, g)
		}
	}
	over := slices.Concat(to, reduced)
	conditions, err := program.Index{Axes: index.Axes[len(to):]}.Compose(position, over)
	if err != nil {
		return nil, fmt.Errorf("engine: %s: %w", l, err)
	}
	guards = append(guards, conditions.Axes...)
	e, sources = used(e, sources)
	moved := make([]source, len(sources))
	for i, s := range sources {
		x, err := s.index.Compose(position, over)
		if err != nil {
			return nil, fmt.Errorf("engine: %s: %w", l, err)
		}
		x.Axes = append(x.Axes, guards...)
		moved[i] = source{s.node, x}
	}
	if len(free) == 0 {
		return mapSources(l, e, to, moved)
	}
	return sumSources(l, e, to, reduced, moved)
}

// axisAlong is the axis, of the first rank ones of an index, that moves along dimension d, -1 for none.
func axisAlong(x program.Index, rank, d int) int {
	return slices.IndexFunc(x.Axes[:rank], func(a program.Axis) bool { return a.Coef[d] != 0 })
}

// used leaves out the sources that e does not read, but for the last one if it reads none.
func used(e expr.Expr, sources []source) (expr.Expr, []source) {
	reads := expr.Compile(e).Inputs()
	if len(reads) == 0 {
		reads = []int{len(sources) - 1}
	}
	kept := make([]source, len(reads))
	for i, r := range reads {
		kept[i] = sources[r]
	}
	return e.Replace(func(i int) expr.Expr { return expr.Input(slices.Index(reads, i)) }), kept
}
