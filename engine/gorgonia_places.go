package engine

import (
	"errors"

	"gorgonia.org/gorgonia"

	"gangpu/engine/program"
)

// isGorgonias reports whether an operation of Gorgonia's own computes a node.
func isGorgonias(n *gorgonia.Node) bool {
	_, ours := n.Op().(*operation)
	return !ours && !n.IsVar() && !isConstant(n)
}

// translatePlaces puts the translations of nodes in the places of outputs and inputs, and returns what is live then.
func translatePlaces(live []*gorgonia.Node, outputs []Place,
	inputs map[*gorgonia.Node]program.Arg) ([]*gorgonia.Node, error) {
	names := map[string]*gorgonia.Node{}
	for _, n := range live {
		if n.IsVar() {
			if err := checkName(n, names); err != nil {
				return nil, err
			}
		}
	}
	t := translate(outputs[0].Node.Graph())
	var nodes []*gorgonia.Node
	for _, o := range outputs {
		nodes = append(nodes, o.Node)
	}
	translations, err := t.all(nodes)
	if err != nil {
		return nil, err
	}
	if len(t.draws)+len(t.statistics) > 0 {
		return nil, errors.New("dropout, batch norm and random numbers of Gorgonia's need a VM, " +
			"which draws them and keeps running means")
	}
	for i := range outputs {
		outputs[i].Node = translations[i]
	}
	for _, in := range t.inputs {
		if at, ok := inputs[in.from]; ok {
			inputs[in.to] = at
		}
	}
	return liveNodes(outputs)
}
