package engine

import (
	"fmt"
	"strings"

	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"gangpu/engine/program"
)

// translation builds the nodes of a graph again, in a graph of its own, of operations of this package alone: what
// Gorgonia's own operations compute is said by the table lowerings. Values are those of Gorgonia's machine, in float32
// or float64. Gradients that gorgonia.Grad made are not translated node by node: [GradIfAny] makes them anew, so that
// they are the derivatives of the values.
type translation struct {
	g     *gorgonia.ExprGraph
	float tensor.Dtype
	nodes map[*gorgonia.Node]*gorgonia.Node
	marks map[*gorgonia.Node]mark
	names map[*gorgonia.Node]string // of variables, each unlike the others
	taken map[string]bool

	inputs     []translated // variables, in the order in which they were met
	draws      []draw
	statistics []statistics
}

// translated is a node of the original graph beside its translation.
type translated struct{ from, to *gorgonia.Node }

// mark says what gorgonia.Grad made a node for: to be the derivative of a cost with respect to another.
type mark struct {
	cost, of *gorgonia.Node
	several  bool // there is more than one cost, and Gorgonia does not keep which
}

// draw is an input of random numbers, to be drawn before each run.
type draw struct {
	node *gorgonia.Node
	id   int64 // of Gorgonia's node, which has random numbers of its own
	op   func(n int, from program.Draw) program.Op
}

// statistics are the running mean and variance of a batch norm, as inputs, and what they become by this run, which is
// nil unless the norm trains.
type statistics struct {
	op                 *gorgonia.BatchNormOp
	id                 int64
	mean, variance     *gorgonia.Node
	toMean, toVariance *gorgonia.Node
}

func translate(g *gorgonia.ExprGraph) *translation {
	t := &translation{g: gorgonia.NewGraph(), float: tensor.Float32, nodes: map[*gorgonia.Node]*gorgonia.Node{},
		marks: marksOf(g), names: map[*gorgonia.Node]string{}, taken: map[string]bool{}}
	for _, n := range g.AllNodes() {
		if !n.IsVar() {
			continue
		}
		if n.Dtype() == tensor.Float64 {
			t.float = tensor.Float64
		}
		name := n.Name()
		if unnamed(n) {
			name = "input"
		}
		t.names[n] = t.unique(name)
	}
	return t
}

// all translates nodes, and makes the gradients among them or among what they need.
func (t *translation) all(nodes []*gorgonia.Node) (gorgonia.Nodes, error) {
	gradients, seen := map[*gorgonia.Node][]*gorgonia.Node{}, map[*gorgonia.Node]bool{}
	var costs []*gorgonia.Node
	var find func(n *gorgonia.Node)
	find = func(n *gorgonia.Node) {
		if seen[n] {
			return
		}
		seen[n] = true
		if m, ok := t.marks[n]; ok && !m.several {
			if gradients[m.cost] == nil {
				costs = append(costs, m.cost)
			}
			gradients[m.cost] = append(gradients[m.cost], n)
			return
		}
		for _, operand := range operandsOf(n) {
			find(operand)
		}
	}
	for _, n := range nodes {
		find(n)
	}
	for _, cost := range costs {
		var of []*gorgonia.Node
		for _, n := range gradients[cost] {
			of = append(of, t.marks[n].of)
		}
		made, err := t.gradients(cost, of)
		if err != nil {
			return nil, err
		}
		for i, n := range gradients[cost] {
			t.nodes[n] = made[i]
		}
	}
	var to gorgonia.Nodes
	for _, n := range nodes {
		m, err := t.node(n)
		if err != nil {
			return nil, err
		}
		to = append(to, m)
	}
	return to, nil
}

// gradients are the derivatives of a cost with respect to nodes.
func (t *translation) gradients(cost *gorgonia.Node, of []*gorgonia.Node) (gorgonia.Nodes, error) {
	y, err := t.node(cost)
	if err != nil {
		return nil, err
	}
	if y, err = fit(y, tensor.ScalarShape()); err != nil {
		return nil, fmt.Errorf("engine: the cost %s is no scalar: %w", describe(cost), err)
	}
	var with gorgonia.Nodes
	for _, n := range of {
		x, err := t.node(n)
		if err != nil {
			return nil, err
		}
		with = append(with, x)
	}
	made, err := GradIfAny(y, with...)
	if err != nil {
		return nil, err
	}
	for i, n := range made {
		if n == nil {
			return nil, fmt.Errorf("engine: %s has no gradient with respect to %s", describe(cost), describe(of[i]))
		}
	}
	return made, nil
}

// node is the translation of a node, made once.
func (t *translation) node(n *gorgonia.Node) (*gorgonia.Node, error) {
	if to, ok := t.nodes[n]; ok {
		return to, nil
	}
	to, err := t.translate(n)
	if err != nil {
		return nil, err
	}
	t.nodes[n] = to
	return to, nil
}

// translate turns a panic of Gorgonia's, which meets shapes and types that it does not expect by one, into an error.
func (t *translation) translate(n *gorgonia.Node) (to *gorgonia.Node, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("engine: translating %s: %v", describe(n), p)
		}
	}()
	if m := t.marks[n]; m.several {
		return nil, fmt.Errorf("engine: %s: the gradient with respect to %s may be of one cost or of another: "+
			"give each cost a graph, or ask the VM for it by WithGradients", describe(n), describe(m.of))
	}
	if n.IsVar() {
		return t.input(n)
	}
	if c, ok := n.Op().(constant); ok {
		return Constant(t.g, c.Value())
	}
	if to, err := t.convolution(n); to != nil || err != nil {
		return to, err
	}
	var operands gorgonia.Nodes
	for _, o := range operandsOf(n) {
		operand, err := t.node(o)
		if err != nil {
			return nil, err
		}
		operands = append(operands, operand)
	}
	if o, ok := n.Op().(*operation); ok {
		return apply(o.op, o.shape, o.label, o.pullback, operands...)
	}
	lower, ok := lowerings[typeOf(n.Op())]
	if !ok {
		return nil, unknown(n)
	}
	to, err = lower(&call{t: t, node: n, in: operands, text: n.Op().String()})
	if err == nil && typeOf(n.Op()) != "readOp" {
		to, err = fit(to, n.Shape())
	}
	if err != nil {
		return nil, fmt.Errorf("engine: gorgonia's %q, node %s: %w", n.Op(), describe(n), err)
	}
	return to, nil
}

// unknown says which operation of which node no device has.
func unknown(n *gorgonia.Node) error {
	var of []string
	for _, o := range operandsOf(n) {
		of = append(of, describe(o))
	}
	err := fmt.Errorf("engine: no device has the operation %q (%T) of node %s on %s",
		n.Op(), n.Op(), describe(n), strings.Join(of, ", "))
	if why := refused[typeOf(n.Op())]; why != "" {
		err = fmt.Errorf("%w: %s", err, why)
	}
	return err
}

// input is a variable. What Gorgonia holds as whole numbers, indices, becomes floats.
func (t *translation) input(n *gorgonia.Node) (*gorgonia.Node, error) {
	of := n.Dtype()
	if of == tensor.Int {
		of = t.float
	} else if of != tensor.Float32 && of != tensor.Float64 {
		return nil, fmt.Errorf("engine: %s is of type %v, want float32", describe(n), of)
	}
	to := t.variable(t.names[n], of, n.Shape())
	t.inputs = append(t.inputs, translated{n, to})
	return to, nil
}

// unique is a name that no other variable has: Gorgonia takes two of one name and shape for one.
func (t *translation) unique(name string) string {
	unique := name
	for i := 2; t.taken[unique]; i++ {
		unique = fmt.Sprintf("%s #%d", name, i)
	}
	t.taken[unique] = true
	return unique
}

// drawn is an input that a node of Gorgonia's draws.
func (t *translation) drawn(n *gorgonia.Node, op func(n int, from program.Draw) program.Op) *gorgonia.Node {
	d := draw{t.variable(t.unique(fmt.Sprintf("numbers drawn by node %d", n.ID())), n.Dtype(), n.Shape()), n.ID(), op}
	t.draws = append(t.draws, d)
	return d.node
}

func (t *translation) variable(name string, of tensor.Dtype, shape tensor.Shape) *gorgonia.Node {
	if shape.Dims() == 0 {
		return gorgonia.NewScalar(t.g, of, gorgonia.WithName(name))
	}
	return gorgonia.NewTensor(t.g, of, shape.Dims(), gorgonia.WithShape(shape...), gorgonia.WithName(name))
}
