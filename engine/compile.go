package engine

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"gangpu/engine/program"
)

// Place is where the value of a node lies: as many elements of an external storage as the node has,
// from an offset on.
type Place struct {
	Node *gorgonia.Node
	At   program.Arg
}

// Compile makes a program that computes the outputs, each at its place. What no output needs is
// left out. Inputs are read from the places given; an input without one is a storage of its name.
//
// LeakyReLU, its gradient, Sigmoid and Dropout become part of the convolution or product before them
// where nothing else needs its result. Other maps become part of the maps and reductions that read their
// results, where that saves traffic. Reshapes cost nothing, and intermediate values share scratch
// memory by the spans in which they are needed. The same graph gives the same program every time.
//
// Besides the operations of this package it knows those of Gorgonia's that docs/gorgonia.md lists, but for the ones
// that a [VM] has to prepare for each run: Dropout and BatchNorm while they train. Constants have at most [MaxConstant]
// elements, which the program carries (see [Constant]). Any other operation is an error that names the node, its
// operation and its shape, as are: values other than float32, an unnamed input, two inputs of the same name, and an
// output whose place overlaps an input or another output. A node may be an output twice, and an input or a
// constant may be one.
func Compile(name string, outputs []Place, inputs ...Place) (*program.Program, error) {
	p, err := compile(name, allPasses, outputs, inputs)
	if err != nil {
		return nil, fmt.Errorf("engine: compiling %s: %w", name, err)
	}
	return p, nil
}

// passes are the optimisations, which tests switch off to compare.
type passes struct{ fuse, inPlace, reuse bool }

var allPasses = passes{fuse: true, inPlace: true, reuse: true}

func compile(name string, do passes, outputs, inputs []Place) (*program.Program, error) {
	outputs = slices.Clone(outputs)
	c := &compiler{values: map[*gorgonia.Node]*value{}, names: map[string]*gorgonia.Node{}}
	places, err := placesOf(inputs)
	if err != nil {
		return nil, err
	}
	live, err := liveNodes(outputs)
	if err != nil {
		return nil, err
	}
	if slices.ContainsFunc(live, isGorgonias) {
		if live, err = translatePlaces(live, outputs, places); err != nil {
			return nil, err
		}
	}
	for _, n := range live {
		if err := c.lower(n, places); err != nil {
			return nil, err
		}
	}
	for _, o := range outputs {
		if err := c.output(o); err != nil {
			return nil, err
		}
	}
	if err := c.checkOverlaps(); err != nil {
		return nil, err
	}
	if do.fuse {
		for _, s := range c.steps {
			s.op = pointwise(s.op)
		}
		c.steps = fuseMaps(fuse(c.steps))
	}
	p := emit(name, c.steps, place(blocksOf(c.steps, do.inPlace, do.reuse)))
	return p, p.Validate()
}

// value is what a step computes or an input holds. Nodes that are reshapes of each other are one
// value.
type value struct {
	node  *gorgonia.Node
	len   int
	def   *step        // nil for an input
	uses  int          // how often steps read it
	at    *program.Arg // its external place; nil if it is scratch, or constant
	block *block       // its place in scratch

	constant []float32 // what it holds, for a constant whose elements differ
}

func (v *value) isScratch() bool { return v.at == nil && v.constant == nil }

// step is a program.Step whose arguments have no addresses yet. The last argument is its result, or the
// last outs of them are.
type step struct {
	op   program.Op
	name string
	args []*value
	outs int // 0 for one
}

func (s *step) reads() []*value   { return s.args[:len(s.args)-max(s.outs, 1)] }
func (s *step) results() []*value { return s.args[len(s.args)-max(s.outs, 1):] }
func (s *step) result() *value    { return s.results()[0] }

// compiler turns nodes to steps.
type compiler struct {
	values  map[*gorgonia.Node]*value
	names   map[string]*gorgonia.Node // of inputs
	steps   []*step
	inputs  []*value
	outputs []*value // and copies of values, to places of their own
}

func placesOf(inputs []Place) (map[*gorgonia.Node]program.Arg, error) {
	places := map[*gorgonia.Node]program.Arg{}
	for _, p := range inputs {
		if p.Node == nil || !p.Node.IsVar() {
			return nil, errors.New("a place is given to an input that is none")
		}
		if err := checkPlace(p); err != nil {
			return nil, err
		}
		if other, ok := places[p.Node]; ok && other != p.At {
			return nil, fmt.Errorf("input %s has two places, %v and %v", describe(p.Node), other, p.At)
		}
		places[p.Node] = p.At
	}
	return places, nil
}

func checkPlace(p Place) error {
	if p.At.Storage == "" || p.At.Offset < 0 {
		return fmt.Errorf("%s: no storage %q with offset %d", describe(p.Node), p.At.Storage, p.At.Offset)
	}
	return nil
}

// liveNodes are the nodes that the outputs depend on, operands first, otherwise in the order in
// which they were made. Differentiation makes gradients layer by layer, from the last to the
// first, so that in this order a layer's values are done with before the next one's are computed.
func liveNodes(outputs []Place) ([]*gorgonia.Node, error) {
	if len(outputs) == 0 {
		return nil, errors.New("no outputs")
	}
	live := map[*gorgonia.Node]bool{}
	var mark func(n *gorgonia.Node)
	mark = func(n *gorgonia.Node) {
		if !live[n] {
			live[n] = true
			for _, operand := range operandsOf(n) {
				mark(operand)
			}
		}
	}
	for _, o := range outputs {
		if o.Node == nil {
			return nil, errors.New("an output is nil")
		}
		if err := checkPlace(o); err != nil {
			return nil, err
		}
		if g := outputs[0].Node.Graph(); g == nil || o.Node.Graph() != g {
			return nil, fmt.Errorf("%s and %s are not of one graph", describe(outputs[0].Node), describe(o.Node))
		}
		mark(o.Node)
	}
	var order []*gorgonia.Node
	placed := map[*gorgonia.Node]bool{}
	var place func(n *gorgonia.Node)
	place = func(n *gorgonia.Node) {
		if live[n] && !placed[n] {
			placed[n] = true
			for _, operand := range operandsOf(n) {
				place(operand)
			}
			order = append(order, n)
		}
	}
	for _, n := range outputs[0].Node.Graph().AllNodes() {
		place(n)
	}
	return order, nil
}

// output puts a node's value in its place: it is computed there, unless it is an input or has
// another place already, and then it is copied.
func (c *compiler) output(o Place) error {
	v, err := c.value(o.Node)
	if err != nil {
		return err
	}
	switch {
	case v.isScratch():
		v.at = &o.At
		c.outputs = append(c.outputs, v)
	case v.constant != nil || *v.at != o.At:
		v.uses++
		copied := &value{node: o.Node, len: v.len, at: &o.At}
		copied.def = &step{op: copyOf(v.len), name: stepName(o.Node, "copy"), args: []*value{v, copied}}
		c.steps = append(c.steps, copied.def)
		c.outputs = append(c.outputs, copied)
	}
	return nil
}

// checkOverlaps refuses outputs that would overwrite what the program reads or writes elsewhere.
func (c *compiler) checkOverlaps() error {
	all := slices.Concat(c.inputs, c.outputs)
	slices.SortStableFunc(all, func(v, w *value) int {
		return cmp.Or(strings.Compare(v.at.Storage, w.at.Storage), cmp.Compare(v.at.Offset, w.at.Offset))
	})
	overlap := func(v, w *value) bool {
		return w != nil && v.at.Storage == w.at.Storage && v.at.Offset < w.at.Offset+w.len
	}
	var reaching, written *value // of those before, that which reaches farthest, and of the outputs alone
	for _, v := range all {
		with := written
		if v.def != nil {
			with = reaching
		}
		if overlap(v, with) {
			if v.def == nil {
				v, with = with, v
			}
			what := "output"
			if with.def == nil {
				what = "input"
			}
			return fmt.Errorf("output %s, at %d of storage %q, overlaps %s %s, at %d",
				describe(v.node), v.at.Offset, v.at.Storage, what, describe(with.node), with.at.Offset)
		}
		farther := func(w *value) bool { return !overlap(v, w) || v.at.Offset+v.len > w.at.Offset+w.len }
		if farther(reaching) {
			reaching = v
		}
		if v.def != nil && farther(written) {
			written = v
		}
	}
	return nil
}

// checkFloat32 reports a node that devices, which compute in float32, cannot hold.
func checkFloat32(n *gorgonia.Node) error {
	if n.Dtype() != tensor.Float32 {
		return fmt.Errorf("%s is of type %v, and devices compute in float32", describe(n), n.Dtype())
	}
	return nil
}
