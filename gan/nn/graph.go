package nn

import (
	"errors"
	"fmt"
	"slices"

	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"gangpu/engine"
	"gangpu/engine/program"
)

// Node is a value of a graph. After an error in its graph it is an empty one, which all functions take.
type Node struct {
	graph *Graph
	node  *gorgonia.Node // nil after an error
	name  string         // in a saved graph
}

// Shape is the node's shape, the batch first. After an error it is that of one pixel.
func (n *Node) Shape() []int {
	if n.node == nil {
		return []int{1, 1, 1, 1}
	}
	return slices.Clone(n.node.Shape())
}

// Batch is the number of examples, the first dimension.
func (n *Node) Batch() int { return n.dim(0) }

// Channels is the last dimension.
func (n *Node) Channels() int { return n.dim(len(n.Shape()) - 1) }

func (n *Node) dim(i int) int {
	if s := n.Shape(); i >= 0 && i < len(s) {
		return s[i]
	}
	return 1 // of a scalar
}

// Gorgonia is the node in Gorgonia's graph, nil after an error.
func (n *Node) Gorgonia() *gorgonia.Node { return n.node }

// Graph is a computation that is being written down.
type Graph struct {
	name    string
	exprs   *gorgonia.ExprGraph
	dtype   tensor.Dtype
	inputs  []engine.Place
	byName  map[string]*Node
	draws   []Draw
	arrays  map[string]bool // inputs that a model file holds
	updates []Update
	records []record
	count   int // of nodes that are neither inputs nor parameters
	err     error
}

// NewGraph makes an empty graph. Its name is for errors. Devices compute in float32; graphs in float64 run on
// Gorgonia's own machine, for comparison.
func NewGraph(name string, t tensor.Dtype) *Graph {
	return &Graph{name: name, exprs: gorgonia.NewGraph(), dtype: t, byName: map[string]*Node{}, arrays: map[string]bool{}}
}

// Err is the first error of all that was done with the graph.
func (g *Graph) Err() error { return g.err }

// fail keeps the first error, and returns an empty node.
func (g *Graph) fail(err error) *Node {
	if g.err == nil {
		g.err = fmt.Errorf("%s: %w", g.name, err)
	}
	return &Node{graph: g}
}

// Fail makes err the graph's error if it is the first one, and returns an empty node: what a network does that
// cannot be made as it was asked for.
func (g *Graph) Fail(err error) *Node { return g.fail(err) }

// Input adds an input that lies at a place, or finds the one of that name, whose shape must be the same.
func (g *Graph) Input(name string, at program.Arg, shape ...int) *Node {
	if n, ok := g.byName[name]; ok {
		if n.node != nil && !slices.Equal(n.Shape(), shape) {
			return g.fail(fmt.Errorf("input %q is both %v and %v", name, n.Shape(), shape))
		}
		return n
	}
	if g.err != nil {
		return &Node{graph: g}
	}
	if slices.ContainsFunc(shape, func(d int) bool { return d < 1 }) {
		return g.fail(fmt.Errorf("input %q of shape %v has a dimension below 1", name, shape))
	}
	n := &Node{graph: g, name: name}
	if len(shape) == 0 {
		n.node = gorgonia.NewScalar(g.exprs, g.dtype, gorgonia.WithName(name))
	} else {
		n.node = gorgonia.NewTensor(g.exprs, g.dtype, len(shape), gorgonia.WithShape(shape...), gorgonia.WithName(name))
	}
	g.inputs = append(g.inputs, engine.Place{Node: n.node, At: at})
	g.byName[name] = n
	return n
}

// Array is an input that a saved graph reads by its name from a model's arrays, as parameters are read.
func (g *Graph) Array(name string, at program.Arg, shape ...int) *Node {
	n := g.Input(name, at, shape...)
	g.arrays[name] = true
	return n
}

// Draws are the inputs that are filled with random numbers.
func (g *Graph) Draws() []Draw { return g.draws }

// Inputs are all inputs and where they lie.
func (g *Graph) Inputs() []engine.Place { return g.inputs }

// Update is the next value of a state.
type Update struct {
	Network string
	Of      Parameter
	Value   *Node
}

// Updates are the next values of all states that have one.
func (g *Graph) Updates() []Update { return g.updates }

// Normalises reports whether the graph has a norm, or the slope of scores in it: what divides by a computed length, so
// that its gradients are rounded more.
func (g *Graph) Normalises() bool {
	return slices.ContainsFunc(g.records, func(r record) bool {
		switch r.op.Kind() {
		case "norm", "normalise", "spectral_norm", "pixel_norm", "slope", "minibatch_stddev", "demodulation":
			return true
		}
		return false
	})
}

// Compile makes a program of the graph that puts nodes in their places.
func (g *Graph) Compile(outputs ...Output) (*program.Program, error) {
	if g.err != nil {
		return nil, g.err
	}
	var places []engine.Place
	for _, o := range outputs {
		places = append(places, engine.Place{Node: o.Node.node, At: o.At})
	}
	return engine.Compile(g.name, places, g.inputs...)
}

// Output is where a program puts the value of a node.
type Output struct {
	Node *Node
	At   program.Arg
}

// Op is an operation of a graph: a value whose exported fields are its attributes.
type Op interface {
	// Kind is the operation's word: "conv2d". A layer without a name is called after it.
	Kind() string
	// build adds the operation to its inputs' graph.
	build(x []*gorgonia.Node) ([]*gorgonia.Node, error)
}

// record is an operation of a saved graph.
type record struct {
	op      Op
	inputs  []string
	outputs []string
}

// apply adds an operation with one result.
func apply(op Op, inputs ...*Node) *Node { return applyAll(op, 1, inputs...)[0] }

// applyAll adds an operation with so many results.
func applyAll(op Op, results int, inputs ...*Node) []*Node {
	all := make([]*Node, results)
	if len(inputs) == 0 || slices.Contains(inputs, nil) {
		// Nothing to take the error to: an empty node of a graph of its own, which joins that of whatever it meets.
		g := &Graph{name: op.Kind(), err: fmt.Errorf("%s: an input is nil", op.Kind())}
		for i := range all {
			all[i] = &Node{graph: g}
		}
		return all
	}
	g := inputs[0].graph
	for i := range all {
		all[i] = &Node{graph: g}
	}
	var nodes []*gorgonia.Node
	for _, in := range inputs {
		if in.graph != g {
			g.fail(errors.Join(fmt.Errorf("%s: its inputs are of two graphs", op.Kind()), in.graph.err))
		}
		nodes = append(nodes, in.node)
	}
	if g.err != nil {
		return all
	}
	built, err := op.build(nodes)
	if err == nil && len(built) != results {
		err = fmt.Errorf("%s has %d results, want %d", op.Kind(), len(built), results)
	}
	if err != nil {
		g.fail(err)
		return all
	}
	r := record{op: op}
	for _, in := range inputs {
		r.inputs = append(r.inputs, in.name)
	}
	for i, n := range built {
		all[i].node, all[i].name = n, fmt.Sprintf("%d", g.count)
		g.count++
		r.outputs = append(r.outputs, all[i].name)
	}
	g.records = append(g.records, r)
	return all
}
