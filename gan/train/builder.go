package train

import (
	"fmt"
	"slices"

	"gorgonia.org/tensor"

	"gangpu/engine/expr"
	"gangpu/engine/program"
	"gangpu/gan/nn"
)

// dtype is what devices compute in.
var dtype = tensor.Float32

// Builder is what a phase's loss, or a game's sample, is written with. Nodes that it makes are of one graph, whose
// first error is that of the phase.
type Builder struct {
	game  Game
	data  Data
	phase Phase // of no name when images are made
	// parameters are those of the networks, by name.
	parameters map[string]*nn.Parameters
	graph      *nn.Graph
	batch      int
	training   bool

	applications map[string]int // of a network
	applied      map[string]*appliedNetwork
	columns      []Column
	values       []*nn.Node // of the columns
	watched      []value    // for a reference
	tables       []int      // that rows are drawn of
	fields       []Field    // that are read
	classes      []classDraw
	kept         []*kept
	gradient     map[string]*appliedNetwork // of the phase's loss, by network
	shown        []Shown                    // of the graph that shows
}

// Column is a number that a phase reports of each update.
type Column struct {
	Name  string `json:"name"`
	Axis  string `json:"axis,omitempty"`  // that it is drawn on, with others; empty for losses, or for shares
	Share bool   `json:"share,omitempty"` // of something: from 0 to 1
}

// appliedNetwork is a network in a graph, with a node for each of its parameters that the graph reads: the parameter, or
// the gradient with respect to it.
type appliedNetwork struct {
	nodes []*nn.Node
	of    []nn.Parameter
}

// classDraw is a draw of classes, equally often each.
type classDraw struct {
	name    string
	classes int
	at      program.Arg
}

func newBuilder(g Game, d Data, parameters map[string]*nn.Parameters, phase Phase, name string, batch int, training bool) *Builder {
	return &Builder{game: g, data: d, phase: phase, parameters: parameters, graph: nn.NewGraph(name, dtype),
		batch: batch, training: training, applications: map[string]int{}, applied: map[string]*appliedNetwork{},
		gradient: map[string]*appliedNetwork{}}
}

// Batch is the number of examples that the graph is computed for: of a shard, if a batch has several.
func (b *Builder) Batch() int { return b.batch }

// Training reports whether the graph is that of a phase, and not one that makes images.
func (b *Builder) Training() bool { return b.training }

// Fail makes err the error of the graph if it is the first one, and returns an empty node.
func (b *Builder) Fail(err error) *nn.Node { return b.graph.Fail(err) }

// Data is a field of a batch of rows, [batch, ...], in the field's range. All fields of a table are of the same rows.
// In use it is an input from 0 to 1.
func (b *Builder) Data(name string) *nn.Node {
	table, f, ok := b.data.find(name)
	if !ok {
		return b.graph.Fail(fmt.Errorf("the data have no field %q", name))
	}
	at := program.Arg{Storage: inputOf(name)}
	if b.training {
		if !slices.Contains(b.tables, table) {
			b.tables = append(b.tables, table)
		}
		if !slices.ContainsFunc(b.fields, func(g Field) bool { return g.Name == name }) {
			b.fields = append(b.fields, f)
		}
	}
	x := b.graph.Input(name, at, append([]int{b.batch}, f.Shape...)...)
	low, high := f.limits()
	if low == 0 && high == 1 {
		return x
	}
	return nn.Map("range", func(x ...expr.Expr) expr.Expr {
		return x[0].Mul(expr.Const(high - low)).Add(expr.Const(low))
	}, x)
}

// Noise is normal numbers [batch, shape...] of a name. Another name gives other numbers.
func (b *Builder) Noise(name string, shape ...int) *nn.Node {
	return b.graph.Random(name, nn.Normal, 0, append([]int{b.batch}, shape...)...)
}

// Tags are those of a batch of rows, [batch, classes + attributes]: their classes, one-hot, and their attributes, of those that
// the data have.
func (b *Builder) Tags(in Input) *nn.Node {
	switch {
	case in.Attributes == 0:
		return b.Data("class")
	case in.Classes == 0:
		return b.Data("attributes")
	}
	return nn.Concat(b.Data("class"), b.Data("attributes"))
}

// Uniform is numbers in [0, 1), [batch, shape...].
func (b *Builder) Uniform(name string, shape ...int) *nn.Node {
	return b.graph.Random(name, nn.Uniform, 0, append([]int{b.batch}, shape...)...)
}

// Classes is classes that are drawn, equally often each, one-hot [batch, n]. In use they are given.
func (b *Builder) Classes(name string, n int) *nn.Node {
	at := program.Arg{Storage: inputOf(name)}
	if b.training && !slices.ContainsFunc(b.classes, func(c classDraw) bool { return c.name == name }) {
		b.classes = append(b.classes, classDraw{name, n, at})
	}
	return b.graph.Input(name, at, b.batch, n)
}

// Given is an input of a use that whoever runs it gives, [batch, shape...], as styles.
func (b *Builder) Given(name string, shape ...int) *nn.Node {
	if b.training {
		return b.graph.Fail(fmt.Errorf("%s: what a use is given is not there in training", name))
	}
	return b.graph.Input(name, arg(inputOf(name)), append([]int{b.batch}, shape...)...)
}

// Apply applies a network and returns its first output. Each application has draws of its own.
func (b *Builder) Apply(network string, x ...*nn.Node) *nn.Node { return b.ApplyAll(network, x...)[0] }

// ApplyAll applies a network and returns all of its outputs.
func (b *Builder) ApplyAll(network string, x ...*nn.Node) []*nn.Node {
	n, ok := b.game.network(network)
	if !ok {
		return []*nn.Node{b.graph.Fail(fmt.Errorf("the game has no network %q", network))}
	}
	application := network
	if k := b.applications[network]; k > 0 {
		application = fmt.Sprintf("%s %d", network, k+1)
	}
	b.applications[network]++
	update := slices.Contains(b.phase.Trains, network) || slices.Contains(b.phase.Updates, network)
	y, used := nn.Apply(b.graph, b.parameters[network], n.Net, application, b.training, update, x...)
	a := b.applied[network]
	if a == nil {
		a = &appliedNetwork{}
		b.applied[network] = a
	}
	for i, p := range used.Of {
		if !slices.ContainsFunc(a.of, func(q nn.Parameter) bool { return q.Name == p.Name }) {
			a.of, a.nodes = append(a.of, p), append(a.nodes, used.Parameters[i])
		}
	}
	return y
}

// Term is the sum of losses times a weight, and reports the sum without the weight under a name.
func (b *Builder) Term(name string, weight float64, losses ...*nn.Node) *nn.Node {
	sum := nn.Sum(losses...)
	b.Metric(name, sum)
	return nn.Scale(sum, weight)
}

// Metric reports a scalar under a name.
func (b *Builder) Metric(name string, x *nn.Node) { b.report(Column{Name: name}, x) }

// Share reports a scalar from 0 to 1: an accuracy.
func (b *Builder) Share(name string, x *nn.Node) {
	b.report(Column{Name: name, Axis: "accuracy", Share: true}, x)
}

func (b *Builder) report(c Column, x *nn.Node) {
	if b.graph.Err() == nil && len(x.Shape()) != 0 {
		b.graph.Fail(fmt.Errorf("%s has shape %v, want a scalar", c.Name, x.Shape()))
	}
	b.columns, b.values = append(b.columns, c), append(b.values, x)
}
