package engine

import (
	"fmt"

	"gorgonia.org/gorgonia"
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
	between := between(x, y)
	gradients := map[*gorgonia.Node]*gorgonia.Node{y: dy}
	for i := len(between) - 1; i >= 0; i-- {
		n := between[i]
		dn := gradients[n]
		if n == x || dn == nil {
			continue
		}
		o, ok := n.Op().(*operation)
		if !ok || o.grad == nil {
			return nil, opError("vjp", fmt.Errorf("%s has no gradient", describe(n)), y, x)
		}
		operands := operandsOf(n)
		more, err := o.grad(operands, n, dn)
		if err != nil {
			return nil, err
		}
		for j, operand := range operands {
			if !o.wrt[j] {
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
	if gradients[x] == nil {
		return nil, opError("vjp", fmt.Errorf("%s does not depend on %s", describe(y), describe(x)), y, x)
	}
	return gradients[x], nil
}

// between are the nodes that depend on x and that y depends on, both included, operands first.
func between(x, y *gorgonia.Node) []*gorgonia.Node {
	depends := map[*gorgonia.Node]bool{x: true}
	seen := map[*gorgonia.Node]bool{x: true}
	order := []*gorgonia.Node{x}
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
