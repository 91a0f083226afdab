package exchange

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
)

// parseKeras reads the configuration of a model, as any Keras from 2.0 on writes it.
func parseKeras(config string) (k kerasLayer, err error) {
	var value any
	d := json.NewDecoder(bytes.NewReader([]byte(config)))
	d.UseNumber()
	if err := d.Decode(&value); err != nil {
		return k, fmt.Errorf("not JSON: %w", err)
	}
	b, err := json.Marshal(plain(value))
	if err != nil {
		return k, err
	}
	return k, json.Unmarshal(b, &k)
}

// plain is a value of JSON without what Python's types became in it. Before 2.0.6 Keras wrote LeakyReLU's alpha, a NumPy
// array of no dimension, as {"type": "ndarray", "value": 0.2}; tf.keras writes tuples as
// {"class_name": "__tuple__", "items": [1, 2]}.
func plain(value any) any {
	switch value := value.(type) {
	case []any:
		for i := range value {
			value[i] = plain(value[i])
		}
	case map[string]any:
		if inner, ok := value["value"]; ok && value["type"] == "ndarray" {
			return plain(inner)
		}
		if items, ok := value["items"]; ok && value["class_name"] == "__tuple__" {
			return plain(items)
		}
		for key := range value {
			value[key] = plain(value[key])
		}
	}
	return value
}

// UnmarshalJSON reads of a layer that is not known no more than its name: keys that layers have in common may be
// of other types there.
func (k *kerasLayer) UnmarshalJSON(b []byte) error {
	var raw struct {
		ClassName string          `json:"class_name"`
		Config    json.RawMessage `json:"config"`
	}
	if err := json.Unmarshal(b, &raw); err != nil {
		return inWords("a layer", err)
	}
	*k = kerasLayer{ClassName: raw.ClassName}
	what := "a " + raw.ClassName
	switch {
	case len(raw.Config) == 0:
		return nil
	case raw.ClassName == sequential && raw.Config[0] == '[': // before Keras 2.2.3
		return inWords(what, json.Unmarshal(raw.Config, &k.Config.Layers))
	case !known[raw.ClassName]:
		var named struct {
			Name any `json:"name"`
		}
		if err := json.Unmarshal(raw.Config, &named); err == nil {
			k.Config.Name, _ = named.Name.(string)
		}
		return nil
	}
	err := json.Unmarshal(raw.Config, &k.Config)
	if k.Config.Name != "" {
		what = fmt.Sprintf("the %s %q", raw.ClassName, k.Config.Name)
	}
	return inWords(what, err)
}

// inWords is an error about a value of another type than is read.
func inWords(what string, err error) error {
	if wrong := (*json.UnmarshalTypeError)(nil); errors.As(err, &wrong) {
		if wrong.Field != "" {
			what += "'s " + wrong.Field
		}
		return fmt.Errorf("%s is of a type that is not read there: %s", what, wrong.Value)
	}
	return err
}
