package exchange

import (
	"encoding/json"
	"fmt"
)

// Networks are stored in model files, so that a file makes images without the code that
// described its model. A layer is an object of one key, its kind: {"dense": {"units": 1}}.

// UnmarshalJSON reads a chain.
func (n *chain) UnmarshalJSON(data []byte) error {
	var v struct {
		Name   string                       `json:"name"`
		Input  []int                        `json:"input"`
		Layers []map[string]json.RawMessage `json:"layers"`
	}
	if err := strictly(data, &v); err != nil {
		return err
	}
	*n = chain{Name: v.Name, Input: v.Input}
	for i, object := range v.Layers {
		if len(object) != 1 {
			return fmt.Errorf("%s: layer %d has %d kinds, want 1", v.Name, i, len(object))
		}
		for kind, raw := range object {
			layer, err := decodeLayer(kind, raw)
			if err != nil {
				return fmt.Errorf("%s: layer %d: %w", v.Name, i, err)
			}
			n.Layers = append(n.Layers, layer)
		}
	}
	return nil
}

func decodeLayer(kind string, raw []byte) (layer, error) {
	switch kind {
	case dense{}.Kind():
		return decodeAs[dense](raw)
	case conv2d{}.Kind():
		return decodeAs[conv2d](raw)
	case conv2dTranspose{}.Kind():
		return decodeAs[conv2dTranspose](raw)
	case leakyReLU{}.Kind():
		return decodeAs[leakyReLU](raw)
	case dropout{}.Kind():
		return decodeAs[dropout](raw)
	case sigmoidLayer{}.Kind():
		return decodeAs[sigmoidLayer](raw)
	case reshape{}.Kind():
		return decodeAs[reshape](raw)
	case flatten{}.Kind():
		return decodeAs[flatten](raw)
	case classEmbedding{}.Kind():
		return decodeAs[classEmbedding](raw)
	}
	return nil, fmt.Errorf("unknown kind %q", kind)
}

func decodeAs[L layer](raw []byte) (layer, error) {
	var l L
	if err := strictly(raw, &l); err != nil {
		return nil, fmt.Errorf("%s: %w", l.Kind(), err)
	}
	return l, nil
}
