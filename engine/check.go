package engine

import (
	"errors"
	"fmt"
	"strings"

	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// input is an input of an operation under the name that errors call it by.
type input struct {
	name string
	node *gorgonia.Node
	rank int // wanted; any if negative
}

// checkInputs reports the first input that is missing, of another rank or of a type that the
// operation cannot compute with. Gorgonia would panic.
func checkInputs(op string, inputs ...input) error {
	var nodes []*gorgonia.Node
	for _, in := range inputs {
		if in.node == nil {
			return fmt.Errorf("engine: %s: %s is nil", op, in.name)
		}
		nodes = append(nodes, in.node)
	}
	for _, in := range inputs {
		if got := in.node.Shape().Dims(); in.rank >= 0 && got != in.rank {
			return opError(op, fmt.Errorf("%s has %d dimensions, want %d", in.name, got, in.rank), nodes...)
		}
		if t := in.node.Dtype(); t != tensor.Float32 && t != tensor.Float64 {
			return opError(op, fmt.Errorf("%s is of type %v, want float32 or float64", in.name, t), nodes...)
		}
	}
	return nil
}

// checkBias reports a bias, if there is one, that is not a vector of the given length.
func checkBias(op string, bias *gorgonia.Node, channels int) error {
	if bias == nil {
		return nil
	}
	if err := checkInputs(op, input{"bias", bias, 1}); err != nil {
		return err
	}
	if got := bias.Shape()[0]; got != channels {
		return opError(op, fmt.Errorf("bias has %d elements, want one for each of %d channels", got, channels), bias)
	}
	return nil
}

// checkSameShape reports two inputs of different shapes.
func checkSameShape(op string, a, b input) error {
	if err := checkInputs(op, a, b); err != nil {
		return err
	}
	if !a.node.Shape().Eq(b.node.Shape()) {
		return opError(op, errors.New("the shapes differ"), a.node, b.node)
	}
	return nil
}

// opError says which operation on which nodes failed.
func opError(op string, err error, inputs ...*gorgonia.Node) error {
	var of []string
	for _, n := range inputs {
		of = append(of, describe(n))
	}
	return fmt.Errorf("engine: %s of %s: %w", op, strings.Join(of, ", "), err)
}

// describe is a node's name, or what computes it, and its shape: "generator/dense/kernel [100 3136]".
func describe(n *gorgonia.Node) string {
	name := n.Name()
	if unnamed(n) {
		name = "an unnamed input"
	} else if isConstant(n) { // whose name is all of its elements
		name = "a constant"
	} else if o, ok := n.Op().(*operation); ok {
		name = o.op.Name()
		if l := o.label.String(); l != "" && l != name {
			name = fmt.Sprintf("%s (%s)", l, name)
		}
	}
	return fmt.Sprintf("%s %v", name, []int(n.Shape()))
}

// unnamed reports whether n is an input without a name, for which Gorgonia makes one up from the
// operation that it does not have.
func unnamed(n *gorgonia.Node) bool { return n.IsVar() && n.Name() == fmt.Sprintf("%s()", n.Op()) }
