package train

import (
	"fmt"

	"gangpu/gan/nn"
)

// value is a node of a phase, of any shape, that a reference may have.
type value struct {
	name string
	node *nn.Node
	at   int // in the results
}

// Value keeps a node of a phase among its results, for [Step.Verify] to compare with a reference's tensor
// PHASE/value/NAME. It takes memory in training too: it is for games that are made to be verified.
func (b *Builder) Value(name string, x *nn.Node) {
	b.watched = append(b.watched, value{name: name, node: x})
}

// keepValues places the values behind the other results.
func (p *phase) keepValues(r *results) (outputs []nn.Output) {
	for i := range p.watched {
		v := &p.watched[i]
		v.at = (r.len + 3) / 4 * 4 // where vectors may be written
		outputs = append(outputs, nn.Output{Node: v.node, At: r.at(v.at)})
		r.len = v.at + size(v.node.Shape())
	}
	return outputs
}

// prepare lets the reference change parameters before a phase.
func (s *Step) prepare(t *Trainer, phase string) error {
	if s.Prepare == nil {
		return nil
	}
	arrays, byName := map[string][]float32{}, map[string][]float32{}
	for name, p := range t.parameters {
		values := make([]float32, p.Len(false))
		if err := read(t.arrays, nn.ParametersOf(name), 0, values); err != nil {
			return err
		}
		arrays[name] = values
		for _, q := range p.List {
			if !q.State {
				byName[q.Name] = values[q.Offset:][:q.Len()]
			}
		}
	}
	if err := s.Prepare(phase, byName); err != nil {
		return fmt.Errorf("preparing phase %s: %w", phase, err)
	}
	for name, values := range arrays {
		if err := write(t.arrays, nn.ParametersOf(name), 0, values); err != nil {
			return err
		}
	}
	return nil
}
