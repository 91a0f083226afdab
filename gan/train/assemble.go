package train

import (
	"encoding/json"
	"fmt"
	"slices"

	"gangpu/gan/nn"
)

// Assemble is a model whose arrays come from elsewhere, another program's file say: the networks of a game by its Sample and
// Uses, which can be used, saved and taken to other programs. It cannot be trained further, but for as the beginning of
// a new run. Phases of the game are not looked at. of returns the values of an array, by its name and shape.
//
// The description and the fields' shapes are those of data that the uses read; there need not be rows.
func Assemble(g Game, d Data, of func(name string, shape []int) ([]float32, error)) (*Model, error) {
	settings, err := json.Marshal(g.Settings)
	if err != nil {
		return nil, fmt.Errorf("the game's settings: %w", err)
	}
	parameters := map[string]*nn.Parameters{}
	for _, n := range g.Networks {
		parameters[n.Name] = nn.NewParameters(n.Name)
	}
	all, _, err := uses(g, d, parameters)
	if err != nil {
		return nil, fmt.Errorf("game %s: %w", g.Name, err)
	}
	low, high := g.colours()
	m := &Model{Game: g.Name, GameSettings: settings, Settings: Settings{Batch: 1, Shards: 1}, Data: d.Description, Uses: map[string]*nn.Saved{},
		Low: low, High: high, Counters: map[string]uint32{}, Notes: map[string]string{}}
	for name, u := range all {
		m.Uses[name] = u.saved
	}
	for _, n := range g.Networks {
		for _, p := range parameters[n.Name].List {
			values, err := of(p.Name, slices.Clone(p.Shape))
			if err != nil {
				return nil, fmt.Errorf("array %s: %w", p.Name, err)
			}
			if len(values) != p.Len() {
				return nil, fmt.Errorf("array %s has %d numbers, its shape is %v", p.Name, len(values), p.Shape)
			}
			m.Arrays = append(m.Arrays, Array{p.Name, p.Shape, values})
		}
	}
	return m, nil
}
