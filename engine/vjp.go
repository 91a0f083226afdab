package engine

import (
	"fmt"
	"slices"

	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// VJP is the product of a vector dy, of y's shape, with the Jacobian of y with respect to x: the
// gradient of the sum of y*dy, of x's shape. All that lies between x and y must be operations of this
// package.
//
// Its nodes are operations like any other, and it leaves no marks on those that it goes through, as
// gorgonia.Grad does: a loss that contains the result may be given to gorgonia.Grad, once for the
// whole, though a second gorgonia.Grad over the same nodes would be wrong.
func VJP(y, dy, x *gorgonia.Node) (*gorgonia.Node, error) {
	if err := checkSameShape("vjp", input{"y", y, -1}, input{"dy", dy, -1}); err != nil {
		return nil, err
	}
	if err := checkInputs("vjp", input{"x", x, -1}); err != nil {
		return nil, err
	}
	gradients, err := sweep(y, dy, x)
	if err != nil {
		return nil, err
	}
	return gradients[0], checkDepends(y, gradients, x)
}

// checkDepends reports a node that y does not depend on: it has no gradient.
func checkDepends(y *gorgonia.Node, gradients gorgonia.Nodes, with ...*gorgonia.Node) error {
	for i, x := range with {
		if gradients[i] == nil {
			return opError("vjp", fmt.Errorf("%s does not depend on %s", describe(y), describe(x)), y, x)
		}
	}
	return nil
}

// Grad is the gradient of a scalar with respect to each of some nodes, as gorgonia.Grad makes it, with three
// differences: it leaves no marks, so that there may be a second one over the same nodes; it makes no gradients that
// are not asked for; and all of its nodes are operations of this package, which tells them apart in large graphs
// where Gorgonia may take one for another. All that lies between must be operations of this package.
func Grad(y *gorgonia.Node, with ...*gorgonia.Node) (gorgonia.Nodes, error) {
	gradients, err := GradIfAny(y, with...)
	if err != nil {
		return nil, err
	}
	return gradients, checkDepends(y, gradients, with...)
}

// GradIfAny is Grad, but the gradient with respect to a node that y does not depend on is nil, and no error.
func GradIfAny(y *gorgonia.Node, with ...*gorgonia.Node) (gorgonia.Nodes, error) {
	of := []input{{"y", y, 0}}
	for i, x := range with {
		of = append(of, input{fmt.Sprintf("input %d", i), x, -1})
	}
	if err := checkInputs("grad", of...); err != nil {
		return nil, err
	}
	one := gorgonia.NewConstant(float32(1))
	if y.Dtype() == tensor.Float64 {
		one = gorgonia.NewConstant(float64(1))
	}
	return sweep(y, y.Graph().AddNode(one), with...)
}

// sweep goes from y back to some nodes, and adds up what each use of a node adds to its gradient, which is nil if y
// does not depend on the node.
func sweep(y, dy *gorgonia.Node, with ...*gorgonia.Node) (gorgonia.Nodes, error) {
	between := between(with, y)
	needed := map[*gorgonia.Node]bool{}
	for _, n := range between {
		needed[n] = true
	}
	gradients := map[*gorgonia.Node]*gorgonia.Node{y: dy}
	for i := len(between) - 1; i >= 0; i-- {
		n := between[i]
		dn := gradients[n]
		if dn == nil || n.IsVar() {
			continue
		}
		operands := operandsOf(n)
		if !slices.ContainsFunc(operands, func(o *gorgonia.Node) bool { return needed[o] }) {
			continue
		}
		o, ok := n.Op().(*operation)
		if !ok || o.grad == nil {
			return nil, opError("vjp", fmt.Errorf("%s has no gradient", describe(n)), y)
		}
		more, err := o.grad(operands, n, dn)
		if err != nil {
			return nil, err
		}
		for j, operand := range operands {
			if !o.wrt[j] || !needed[operand] {
				continue
			}
			if sum := gradients[operand]; sum != nil {
				if more[j], err = Add(sum, more[j]); err != nil {
					return nil, err
				}
			}
			gradients[operand] = more[j]
		}
	}
	all := make(gorgonia.Nodes, len(with))
	for i, x := range with {
		all[i] = gradients[x]
	}
	return all, nil
}

// between are the nodes that depend on one of some nodes and that y depends on, both included, operands first.
func between(with []*gorgonia.Node, y *gorgonia.Node) []*gorgonia.Node {
	depends, seen := map[*gorgonia.Node]bool{}, map[*gorgonia.Node]bool{}
	for _, x := range with {
		depends[x] = true
	}
	var order []*gorgonia.Node
	var visit func(n *gorgonia.Node)
	visit = func(n *gorgonia.Node) {
		if seen[n] {
			return
		}
		seen[n] = true
		for _, operand := range operandsOf(n) {
			visit(operand)
			depends[n] = depends[n] || depends[operand]
		}
		if depends[n] {
			order = append(order, n)
		}
	}
	visit(y)
	return order
}
