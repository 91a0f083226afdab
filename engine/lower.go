package engine

import (
	"fmt"
	"math"
	"slices"

	"gorgonia.org/gorgonia"

	"gangpu/engine/program"
)

// lower makes the value of a node whose operands have theirs, and the step that computes it.
// Constants wait until a step reads them.
func (c *compiler) lower(n *gorgonia.Node, places map[*gorgonia.Node]program.Arg) error {
	if err := checkFloat32(n); err != nil {
		return err
	}
	if n.IsVar() {
		return c.lowerInput(n, places)
	}
	if isConstant(n) {
		return nil
	}
	operands := operandsOf(n)
	if o, ok := n.Op().(*operation); ok {
		if isCopy(o.op) {
			return c.alias(n, operands[0])
		}
		return c.step(n, o.op, operands...)
	}
	return unknown(n)
}

func (c *compiler) lowerInput(n *gorgonia.Node, places map[*gorgonia.Node]program.Arg) error {
	if err := checkName(n, c.names); err != nil {
		return err
	}
	name := n.Name()
	at, ok := places[n]
	if !ok {
		at = program.Arg{Storage: name}
	}
	v := &value{node: n, len: n.Shape().TotalSize(), at: &at}
	c.values[n] = v
	c.inputs = append(c.inputs, v)
	return nil
}

// checkName reports an input that has no name, or that of another one.
func checkName(n *gorgonia.Node, names map[string]*gorgonia.Node) error {
	name := n.Name()
	if unnamed(n) {
		return fmt.Errorf("%s: an input is bound by its name", describe(n))
	}
	if other, ok := names[name]; ok {
		return fmt.Errorf("two inputs are called %q, of shapes %v and %v", name, other.Shape(), n.Shape())
	}
	names[name] = n
	return nil
}

// alias makes a reshape of x the same value as x.
func (c *compiler) alias(n, x *gorgonia.Node) error {
	v, err := c.value(x)
	c.values[n] = v
	return err
}

// step appends the step that computes n.
func (c *compiler) step(n *gorgonia.Node, op program.Op, operands ...*gorgonia.Node) error {
	s := &step{op: op, name: stepName(n, op.Name())}
	for _, o := range operands {
		v, err := c.value(o)
		if err != nil {
			return err
		}
		v.uses++
		s.args = append(s.args, v)
	}
	v := &value{node: n, len: n.Shape().TotalSize(), def: s}
	s.args = append(s.args, v)
	c.values[n] = v
	c.steps = append(c.steps, s)
	return nil
}

// value is that of a node already lowered, or of a constant: filled in by a step now if its elements are equal, else
// carried by the program.
func (c *compiler) value(n *gorgonia.Node) (*value, error) {
	if v, ok := c.values[n]; ok {
		return v, nil
	}
	f, ok := constantValue(n)
	if !ok {
		return c.constant(n)
	}
	if err := c.step(n, program.Fill{N: n.Shape().TotalSize(), Value: f}); err != nil {
		return nil, err
	}
	return c.values[n], nil
}

// constant is the value of a constant whose elements differ.
func (c *compiler) constant(n *gorgonia.Node) (*value, error) {
	of, ok := n.Op().(constant)
	if !ok {
		return nil, fmt.Errorf("%s was not computed before", describe(n))
	}
	data, err := elements[float32](of.Value())
	if err == nil && len(data) > MaxConstant {
		err = fmt.Errorf("%d elements, at most %d; make it an input", len(data), MaxConstant)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", describe(n), err)
	}
	v := &value{node: n, len: len(data), constant: slices.Clone(data)}
	c.values[n] = v
	return v, nil
}

// constant is what tells constants: those of this package, and Gorgonia's, whose types it does not export.
type constant interface{ Value() gorgonia.Value }

func isConstant(n *gorgonia.Node) bool {
	_, ok := n.Op().(constant)
	return ok
}

// constantValue is what all elements of n are, if it is a constant of equal elements.
func constantValue(n *gorgonia.Node) (float32, bool) {
	c, ok := n.Op().(constant)
	if !ok {
		return 0, false
	}
	data, err := elements[float32](c.Value())
	if err != nil {
		return 0, false
	}
	for _, f := range data {
		if math.Float32bits(f) != math.Float32bits(data[0]) {
			return 0, false
		}
	}
	return data[0], true
}

// stepName is how profiles call the step that computes n: by the layer where that is known.
// Gorgonia's own operations have none, but a sum of gradients is that of some value.
func stepName(n *gorgonia.Node, op string) string {
	o, ok := n.Op().(*operation)
	if ok && o.label.layer != "" {
		return o.label.String()
	}
	for _, of := range n.DerivOf() {
		if l := layerOf(of); l != "" {
			return label{layer: l, role: op}.String()
		}
	}
	if ok && o.label.role != "" { // what a map is for says more than that it is a map
		return o.label.role
	}
	return op
}
