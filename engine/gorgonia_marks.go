package engine

import (
	"fmt"
	"slices"

	"gorgonia.org/gorgonia"
)

// marksOf are the nodes that gorgonia.Grad made to be derivatives, and of what. Gorgonia notes on a derivative which
// node it is with respect to, but not of which cost. A cost's own derivative is the constant 1.
func marksOf(g *gorgonia.ExprGraph) map[*gorgonia.Node]mark {
	costs := costsOf(g)
	marks := map[*gorgonia.Node]mark{}
	for _, n := range g.AllNodes() {
		if n.IsVar() || isConstant(n) {
			continue
		}
		for _, of := range n.DerivOf() {
			if !of.Shape().Eq(n.Shape()) {
				continue
			}
			var owners []*gorgonia.Node
			for _, c := range costs {
				if c.needs[of] && !c.needs[n] {
					owners = append(owners, c.node)
				}
			}
			if len(owners) > 0 {
				marks[n] = mark{owners[0], of, len(owners) > 1}
				break
			}
		}
	}
	return marks
}

// cost is a node that gorgonia.Grad differentiated, and what it is computed from, itself among it.
type cost struct {
	node  *gorgonia.Node
	needs map[*gorgonia.Node]bool
}

// costsOf are the costs of a graph. Where a sum of costs is one, its terms have the derivative 1 as well: they are left
// out.
func costsOf(g *gorgonia.ExprGraph) []cost {
	var all []cost
	for _, n := range g.AllNodes() {
		if n.IsVar() || isConstant(n) || n.Shape().TotalSize() != 1 || n.Deriv() == nil {
			continue
		}
		if v, ok := scalarConstant(n.Deriv()); ok && v == 1 {
			all = append(all, cost{n, needs(n)})
		}
	}
	return slices.DeleteFunc(slices.Clone(all), func(c cost) bool {
		return slices.ContainsFunc(all, func(of cost) bool { return of.node != c.node && of.needs[c.node] })
	})
}

// costFor is the cost whose derivative with respect to a variable gorgonia.Grad was asked for.
func costFor(g *gorgonia.ExprGraph, n *gorgonia.Node) (*gorgonia.Node, error) {
	var found *gorgonia.Node
	if n.Deriv() != nil {
		for _, c := range costsOf(g) {
			if c.needs[n] && found != nil {
				return nil, fmt.Errorf("engine: VM: %s has gradients of several costs: WithGradients says of which",
					describe(n))
			}
			if c.needs[n] {
				found = c.node
			}
		}
	}
	if found == nil {
		return nil, fmt.Errorf("engine: VM: nobody asked for the gradient of %s (gorgonia.Grad, or WithGradients)",
			describe(n))
	}
	return found, nil
}

func needs(n *gorgonia.Node) map[*gorgonia.Node]bool {
	all := map[*gorgonia.Node]bool{}
	var add func(n *gorgonia.Node)
	add = func(n *gorgonia.Node) {
		if !all[n] {
			all[n] = true
			for _, o := range operandsOf(n) {
				add(o)
			}
		}
	}
	add(n)
	return all
}

// scalarConstant is what all elements of n are, if it is a constant of equal elements.
func scalarConstant(n *gorgonia.Node) (float64, bool) {
	if f, ok := constantValue(n); ok {
		return float64(f), true
	}
	c, ok := n.Op().(constant)
	if !ok {
		return 0, false
	}
	data, err := elements[float64](c.Value())
	if err != nil || slices.ContainsFunc(data, func(f float64) bool { return f != data[0] }) {
		return 0, false
	}
	return data[0], true
}
