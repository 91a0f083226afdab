package gan

import (
	"bytes"
	"encoding/json"
	"fmt"
)

// Networks are stored in model files, so that a file makes images without the code that
// described its model. A layer is an object of one key, its kind: {"dense": {"units": 1}}.

// MarshalJSON writes n with its layers by kind.
func (n Network) MarshalJSON() ([]byte, error) {
	layers := make([]map[string]Layer, len(n.Layers))
	for i, l := range n.Layers {
		layers[i] = map[string]Layer{l.Kind(): l}
	}
	return json.Marshal(struct {
		Name   string             `json:"name"`
		Input  []int              `json:"input"`
		Layers []map[string]Layer `json:"layers"`
	}{n.Name, n.Input, layers})
}

// UnmarshalJSON reads what MarshalJSON wrote.
func (n *Network) UnmarshalJSON(data []byte) error {
	var v struct {
		Name   string                       `json:"name"`
		Input  []int                        `json:"input"`
		Layers []map[string]json.RawMessage `json:"layers"`
	}
	if err := strictly(data, &v); err != nil {
		return err
	}
	*n = Network{Name: v.Name, Input: v.Input}
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

func decodeLayer(kind string, raw []byte) (Layer, error) {
	switch kind {
	case Dense{}.Kind():
		return decode[Dense](raw)
	case Conv2D{}.Kind():
		return decode[Conv2D](raw)
	case Conv2DTranspose{}.Kind():
		return decode[Conv2DTranspose](raw)
	case LeakyReLU{}.Kind():
		return decode[LeakyReLU](raw)
	case Dropout{}.Kind():
		return decode[Dropout](raw)
	case Sigmoid{}.Kind():
		return decode[Sigmoid](raw)
	case Reshape{}.Kind():
		return decode[Reshape](raw)
	case Flatten{}.Kind():
		return decode[Flatten](raw)
	case ClassEmbedding{}.Kind():
		return decode[ClassEmbedding](raw)
	}
	return nil, fmt.Errorf("unknown kind %q", kind)
}

func decode[L Layer](raw []byte) (Layer, error) {
	var l L
	if err := strictly(raw, &l); err != nil {
		return nil, fmt.Errorf("%s: %w", l.Kind(), err)
	}
	return l, nil
}

// strictly decodes one JSON value, refusing keys that v does not have.
func strictly(data []byte, v any) error {
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	return d.Decode(v)
}
