package train

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"
)

// System is a kind of game: what settings and the data's shape make a game of.
type System struct {
	Name  string // "dcgan"
	Title string // "deep convolutional GAN"
	Paper string // "Radford, Metz and Chintala, 2016, arXiv:1511.06434"
	Needs string // what data: "images", "images with classes"
	// Dataset is the one that the game is trained on where nobody says: "emoji".
	Dataset string
	// Channels that the game's images have to have: pictures are made so. 0 is those of the pictures.
	Channels int
	// Fields are the names of the images that the game reads of each row: "a" and "b" of pairs; nil is "image" alone.
	Fields []string

	// Presets are recipes; the first is what is used without another.
	Presets []Preset
	// New makes the game. The settings are of the presets' type.
	New func(settings any, in Input) (Game, error)
	// Implied, if set, is a preset's settings with what those given, by name, say of others that are not.
	Implied func(settings any, given map[string]any) any
	// Line, if set, is what is told of each iteration, from 0, by the values of its columns. Else it is their names
	// and values, every few seconds.
	Line func(epoch, iteration, perEpoch int, value func(column string) float64) string
}

// Preset is a recipe of a system.
type Preset struct {
	Name, Description string
	// Settings are the game's: a struct whose fields have the tags json, a name, and usage, a line of help.
	Settings any
	Batch    int
	Epochs   int
}

// Input is what a system has to know of its data.
type Input struct {
	Height   int `json:"height"`
	Width    int `json:"width"`
	Channels int `json:"channels"`
	Classes  int `json:"classes,omitempty"` // 0 if they are not known
	// Attributes are how many there are of each row; 0 if there are none.
	Attributes int `json:"attributes,omitempty"`
	// Batch is the number of examples that a batch norm sees: those of a shard; 0 if that is not known.
	Batch int `json:"batch,omitempty"`
	// Shards are how many parts of a batch there are; 0 is 1.
	Shards int `json:"shards,omitempty"`
	// Fields are the names of the fields that are images; nil if they are not known.
	Fields     []string `json:"fields,omitempty"`
	Iterations int      `json:"iterations,omitempty"` // that are planned; 0 if that is not known
}

// Equal reports whether both are the same.
func (in Input) Equal(other Input) bool { return reflect.DeepEqual(in, other) }

// Preset returns the one of a name; the first one if the name is empty.
func (s System) Preset(name string) (Preset, error) {
	var names []string
	for _, p := range s.Presets {
		if p.Name == name || name == "" {
			return p, nil
		}
		names = append(names, p.Name)
	}
	return Preset{}, fmt.Errorf("%s has no preset %q: want %s", s.Name, name, strings.Join(names, " or "))
}

// Decode reads settings that a model file holds.
func (s System) Decode(settings json.RawMessage) (any, error) {
	v := reflect.New(reflect.TypeOf(s.Presets[0].Settings))
	d := json.NewDecoder(bytes.NewReader(settings))
	d.DisallowUnknownFields()
	if err := d.Decode(v.Interface()); err != nil {
		return nil, fmt.Errorf("the settings of %s: %w", s.Name, err)
	}
	return v.Elem().Interface(), nil
}

// Option is a setting of a system.
type Option struct {
	Name    string // as in JSON: "filters"
	Usage   string
	Default any // a string, int, float64 or bool
}

// Options are all settings, in their order, with the values of a preset.
func (p Preset) Options() []Option {
	v := reflect.ValueOf(p.Settings)
	var all []Option
	for i := range v.NumField() {
		f := v.Type().Field(i)
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		all = append(all, Option{name, f.Tag.Get("usage"), plain(v.Field(i)).Interface()})
	}
	return all
}

// plain is a value as one of the four types of an option.
func plain(v reflect.Value) reflect.Value {
	switch v.Kind() {
	case reflect.String:
		return v.Convert(reflect.TypeOf(""))
	case reflect.Int:
		return v.Convert(reflect.TypeOf(0))
	case reflect.Float64:
		return v.Convert(reflect.TypeOf(0.0))
	}
	return v
}

// With is the preset's settings with others in the place of some, by name.
func (p Preset) With(options map[string]any) (any, error) {
	v := reflect.New(reflect.TypeOf(p.Settings)).Elem()
	v.Set(reflect.ValueOf(p.Settings))
	known := p.Options()
	for name, value := range options {
		i := slices.IndexFunc(known, func(o Option) bool { return o.Name == name })
		if i < 0 {
			return nil, fmt.Errorf("no setting is called %q", name)
		}
		of := reflect.ValueOf(value)
		if !of.Type().ConvertibleTo(v.Field(i).Type()) || of.Kind() != v.Field(i).Kind() {
			return nil, fmt.Errorf("setting %s is %v, want a %v", name, value, v.Field(i).Kind())
		}
		v.Field(i).Set(of.Convert(v.Field(i).Type()))
	}
	return v.Interface(), nil
}
