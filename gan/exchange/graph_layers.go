package exchange

import (
	"fmt"
	"path"
	"slices"

	"gangpu/gan/nn"
	"gangpu/gan/train"
)

// Layer is a layer of a saved graph: operations that read arrays of one name.
type Layer struct {
	Name    string // that the arrays' names have in common: "generator/conv2d_1"
	Output  []int  // shape of what it makes of one sample
	Numbers int    // of its arrays: parameters, and statistics
}

// Layers are those of a graph of a model, in their order. An array that several layers read is counted with the first.
// An error names the operation that cannot be built, or the array that the model does not hold.
func Layers(m *train.Model, use string) ([]Layer, error) {
	saved, ok := m.Uses[use]
	if !ok {
		return nil, fmt.Errorf("the model of the game %s has no graph %q", m.Game, use)
	}
	shapes, err := shapesOf(saved)
	if err != nil {
		return nil, fmt.Errorf("the graph %s: %w", use, err)
	}
	of := map[string][]string{} // the arrays that a value is made of, if it is made of arrays alone
	for _, in := range saved.Inputs {
		if in.Role == nn.Array {
			of[in.Name] = []string{in.Name}
		}
	}
	var layers []Layer
	counted := map[string]bool{}
	for _, n := range saved.Nodes {
		var arrays []string
		alone := true
		for _, in := range n.Inputs {
			arrays = append(arrays, of[in]...)
			alone = alone && of[in] != nil
		}
		if alone {
			for _, out := range n.Outputs {
				of[out] = arrays // as a kernel that a spectral norm divides
			}
			continue
		}
		if len(arrays) == 0 {
			continue
		}
		layer := Layer{Name: path.Dir(arrays[0])}
		if last := len(layers) - 1; last >= 0 && layers[last].Name == layer.Name {
			layer, layers = layers[last], layers[:last]
		}
		layer.Output = slices.DeleteFunc(slices.Clone(shapes[n.Outputs[0]]), func(d int) bool { return d == ofBatch })
		for _, name := range arrays {
			a, ok := m.Array(name)
			if !ok {
				return nil, fmt.Errorf("the graph %s reads %s, which the model does not hold", use, name)
			}
			if !counted[name] {
				counted[name] = true
				layer.Numbers += len(a.Values)
			}
		}
		layers = append(layers, layer)
	}
	return layers, nil
}
