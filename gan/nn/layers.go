package nn

import (
	"fmt"

	"gangpu/engine/program"
)

// Network computes outputs from inputs by layers. It is called once for each graph that it is a part of.
type Network func(l *Layers, x []*Node) []*Node

// Layers are those of one application of a network. Their methods add a layer to the graph; each names its
// layer after its kind, as Keras does ("conv2d", "conv2d_1", ...), so that every application has the same names
// and finds the same parameters.
type Layers struct {
	// Training says how the network is used: in training dropout drops, and norms by a batch take the batch's own
	// statistics.
	Training bool

	graph      *Graph
	parameters *Parameters
	path       string // "generator", or of a scope within it
	draws      string // what the names of this application's draws begin with
	init       Initialiser
	update     bool // state is updated
	counts     map[string]int
	used       *Application
}

// Application is what an application of a network found.
type Application struct {
	Parameters []*Node // the nodes of trained parameters, and the parameters
	Of         []Parameter
}

// Apply applies a network to nodes of graph g. Draws of the application are named after it: two applications of a
// network in one graph have masks of their own. If update is true, the network's state is updated: running
// averages go on.
func Apply(g *Graph, p *Parameters, n Network, application string, training, update bool, x ...*Node) ([]*Node, *Application) {
	l := &Layers{Training: training, graph: g, parameters: p, path: p.Network, draws: application, update: update && training,
		counts: map[string]int{}, used: &Application{}}
	y := n(l, x)
	if len(y) == 0 {
		return []*Node{g.Fail(fmt.Errorf("%s has no output", p.Network))}, l.used
	}
	return y, l.used
}

// Storages of a network's arrays.
func ParametersOf(network string) string { return network + "/parameters" }
func StateOf(network string) string      { return network + "/state" }

// Initialise makes layers that come after draw their kernels so, where they are not told otherwise.
func (l *Layers) Initialise(i Initialiser) { l.init = i }

// Scope calls f with layers whose names begin with name, as those of a block.
func (l *Layers) Scope(name string, f func(l *Layers)) {
	inner := *l
	inner.path, inner.counts = l.path+"/"+l.number(name), map[string]int{}
	f(&inner)
}

// number makes a name unique within its scope.
func (l *Layers) number(name string) string {
	n := l.counts[name]
	l.counts[name]++
	if n > 0 {
		return fmt.Sprintf("%s_%d", name, n)
	}
	return name
}

// layer is a layer that is being added.
type layer struct {
	*Layers
	name string // "generator/conv2d_1"
}

func (l *Layers) layer(kind string) layer { return layer{l, l.path + "/" + l.number(kind)} }

// failed says in which layer the graph's first error came, if it was not there before.
func (l layer) do(build func() *Node) *Node {
	before := l.graph.err
	y := build()
	if before == nil && l.graph.err != nil {
		l.graph.err = fmt.Errorf("%s: %w", l.name, l.graph.err)
	}
	if l.graph.err == nil {
		l.parameters.note(l.name, y.Shape())
	}
	return y
}

// parameter is one of the layer's trained arrays.
func (l layer) parameter(name string, shape []int, fans Fans, init Initialiser) *Node {
	return l.array(Parameter{Name: l.name + "/" + name, Shape: shape, Fans: fans, Init: init})
}

// state is one of the layer's arrays that is not trained.
func (l layer) state(name string, shape []int, init Initialiser) *Node {
	return l.array(Parameter{Name: l.name + "/" + name, Shape: shape, Init: init, State: true})
}

func (l layer) array(p Parameter) *Node {
	g := l.graph
	if g.err != nil {
		return &Node{graph: g}
	}
	for _, d := range p.Shape {
		if d < 1 {
			return g.fail(fmt.Errorf("%s has shape %v", p.Name, p.Shape))
		}
	}
	p, err := l.parameters.add(p)
	if err != nil {
		return g.fail(err)
	}
	storage := ParametersOf(l.parameters.Network)
	if p.State {
		storage = StateOf(l.parameters.Network)
	}
	n := g.Array(p.Name, program.Arg{Storage: storage, Offset: p.Offset}, p.Shape...)
	if !p.State {
		l.used.Parameters, l.used.Of = append(l.used.Parameters, n), append(l.used.Of, p)
	}
	return n
}

// set gives a state of the layer its next value, if states are updated. A network that is applied twice updates it
// twice, from the value that the first application gave.
func (l layer) set(state *Node, next func(now *Node) *Node) {
	if !l.update || l.graph.err != nil {
		return
	}
	p, ok := l.parameters.Find(state.name)
	if !ok {
		l.graph.fail(fmt.Errorf("%s is no state", state.name))
		return
	}
	for i, u := range l.graph.updates {
		if u.Of.Name == p.Name {
			l.graph.updates[i].Value = next(u.Value)
			return
		}
	}
	l.graph.updates = append(l.graph.updates, Update{l.parameters.Network, p, next(state)})
}

// Parameter is a trained array of the network's own.
func (l *Layers) Parameter(name string, init Initialiser, shape ...int) *Node {
	return layer{l, l.path}.parameter(l.number(name), shape, Fans{}, init)
}

// State is an array of the network's own that is not trained. Update gives it another value.
func (l *Layers) State(name string, init Initialiser, shape ...int) *Node {
	return layer{l, l.path}.state(l.number(name), shape, init)
}

// Update gives a state its next value, which next makes of the one that it has. It does so where the network is
// trained; elsewhere it does nothing. A network that is applied twice updates its state twice.
func (l *Layers) Update(state *Node, next func(now *Node) *Node) { layer{l, l.path}.set(state, next) }
