package train

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"gangpu/gan/nn"
	"gangpu/internal/safetensors"
)

// Model is all of a trainer's state as a file: a safetensors file with the parameters, the states, the optimizers'
// arrays and the averages under their names, and in the metadata the game, its settings, the graphs that the networks are used by,
// how far the run came, and a checksum of all this: a file that was altered is refused.
type Model struct {
	Game         string
	GameSettings json.RawMessage
	Settings     Settings
	Data         Description
	Rows         int // of the data
	Iterations   int // made
	Device       string
	Columns      []Column
	// Uses are the graphs that the networks are used by, by name: [SampleUse] makes images.
	Uses map[string]*nn.Saved
	// Low and High are the range that the game's networks have colours in.
	Low, High float64
	Counters  map[string]uint32 // of updates and runs
	Scores    map[string]float64
	Notes     map[string]string
	Arrays    []Array

	metrics []float32
}

// Array is a named array of a model.
type Array struct {
	Name   string
	Shape  []int
	Values []float32
}

const (
	modelFormat = "gangpu-model/3"
	sumKey      = "sha256"
	notePrefix  = "note/"
)

// header is what the metadata hold as one JSON object.
type header struct {
	Game         string             `json:"game"`
	GameSettings json.RawMessage    `json:"game_settings"`
	Settings     Settings           `json:"settings"`
	Data         Description        `json:"data"`
	Rows         int                `json:"rows"`
	Iterations   int                `json:"iterations"`
	Device       string             `json:"device"`
	Columns      []Column           `json:"columns"`
	Low          float64            `json:"low"`
	High         float64            `json:"high"`
	Counters     map[string]uint32  `json:"counters"`
	Metrics      []float32          `json:"metrics"`
	Scores       map[string]float64 `json:"scores,omitempty"`
}

// Array returns the array of a name.
func (m *Model) Array(name string) (Array, bool) {
	for _, a := range m.Arrays {
		if a.Name == name {
			return a, true
		}
	}
	return Array{}, false
}

// Used returns the array of a name as the networks are used: its average, if the model has one.
func (m *Model) Used(name string) (Array, bool) {
	if a, ok := m.Array(averagePrefix + name); ok {
		return a, true
	}
	return m.Array(name)
}

// DropAverages makes the networks be used as the last update left them, though the model has their moving averages.
func (m *Model) DropAverages() {
	m.Arrays = slices.DeleteFunc(m.Arrays, func(a Array) bool { return strings.HasPrefix(a.Name, averagePrefix) })
}

// IsOfNetwork reports whether an array of that name is a network's own: not an optimizer's, an average, or what a phase
// keeps.
func (m *Model) IsOfNetwork(name string) bool {
	return !slices.ContainsFunc([]string{"adam/", "rmsprop/", "sgd/", averagePrefix, "kept/", levelOf("")}, func(prefix string) bool { return strings.HasPrefix(name, prefix) })
}

// UsedAlone is the model with the arrays alone that its graphs read, as they are used: averages take the places of what
// they are averages of. It makes images, and cannot be trained further.
func (m *Model) UsedAlone() *Model {
	alone := *m
	alone.Arrays = nil
	for _, use := range slices.Sorted(maps.Keys(m.Uses)) {
		for _, in := range m.Uses[use].Inputs {
			if a, ok := m.Used(in.Name); ok && in.Role == nn.Array {
				a.Name = in.Name
				if _, known := alone.Array(a.Name); !known {
					alone.Arrays = append(alone.Arrays, a)
				}
			}
		}
	}
	return &alone
}

// Save makes or replaces the file at path. Numbers that are not finite are an error.
func (m *Model) Save(path string) error {
	file, err := m.encode()
	if err != nil {
		return fmt.Errorf("saving %s: %w", path, err)
	}
	return safetensors.Write(path, file)
}

func (m *Model) encode() (*safetensors.File, error) {
	h, err := json.Marshal(header{m.Game, m.GameSettings, m.Settings, m.Data, m.Rows, m.Iterations, m.Device, m.Columns, m.Low, m.High,
		m.Counters, m.metrics, m.Scores})
	if err != nil {
		return nil, err
	}
	uses, err := json.Marshal(m.Uses)
	if err != nil {
		return nil, err
	}
	file := &safetensors.File{Metadata: map[string]string{"format": modelFormat, "model": string(h), "uses": string(uses)}}
	for k, v := range m.Notes {
		file.Metadata[notePrefix+k] = v
	}
	for _, a := range m.Arrays {
		for i, v := range a.Values {
			if !isFinite(v) {
				return nil, fmt.Errorf("element %d of %s is %v", i, a.Name, v)
			}
		}
		t, err := safetensors.New(a.Name, a.Shape, a.Values)
		if err != nil {
			return nil, err
		}
		file.Tensors = append(file.Tensors, t)
	}
	sum, err := file.Checksum(sumKey)
	if err != nil {
		return nil, err
	}
	file.Metadata[sumKey] = sum
	return file, nil
}

// Load reads a model file. Its errors name the file and what in it is wrong.
func Load(path string) (*Model, error) {
	file, err := safetensors.Read(path)
	if err != nil {
		return nil, err
	}
	m, err := Decode(file)
	if err != nil {
		return nil, fmt.Errorf("loading %s: %w", path, err)
	}
	return m, nil
}

// IsModel reports whether a file that was read is a model of this package.
func IsModel(file *safetensors.File) bool { return file.Metadata["format"] == modelFormat }

// Decode is the model of a file that was read already.
func Decode(file *safetensors.File) (*Model, error) {
	if got := file.Metadata["format"]; got != modelFormat {
		return nil, fmt.Errorf("not a model of a game: its format is %q, want %q", got, modelFormat)
	}
	sum, err := file.Checksum(sumKey)
	if err != nil {
		return nil, err
	}
	if want := file.Metadata[sumKey]; sum != want {
		return nil, fmt.Errorf("altered since it was written: its SHA-256 is %s, its metadata say %q", sum, want)
	}
	var h header
	if err := strictly(file.Metadata["model"], &h); err != nil {
		return nil, fmt.Errorf("metadata model: %w", err)
	}
	m := &Model{Game: h.Game, GameSettings: h.GameSettings, Settings: h.Settings, Data: h.Data, Rows: h.Rows, Iterations: h.Iterations,
		Device: h.Device, Columns: h.Columns, Low: h.Low, High: h.High, Counters: h.Counters, metrics: h.Metrics, Scores: h.Scores,
		Notes: map[string]string{}}
	if err := strictly(file.Metadata["uses"], &m.Uses); err != nil {
		return nil, fmt.Errorf("metadata uses: %w", err)
	}
	if err := m.Settings.Validate(); err != nil {
		return nil, fmt.Errorf("metadata model: %w", err)
	}
	if m.Iterations < 0 || m.Rows < 0 || len(m.metrics) != len(m.Columns) {
		return nil, fmt.Errorf("metadata model: %d iterations, %d rows, %d numbers of %d columns", m.Iterations, m.Rows, len(m.metrics), len(m.Columns))
	}
	for k, v := range file.Metadata {
		if name, ok := strings.CutPrefix(k, notePrefix); ok {
			m.Notes[name] = v
		}
	}
	for i := range file.Tensors {
		t := &file.Tensors[i]
		values, err := safetensors.Values[float32](t)
		if err != nil {
			return nil, err
		}
		m.Arrays = append(m.Arrays, Array{t.Name, t.Shape, values})
	}
	return m, nil
}

// strictly decodes JSON that has no unknown members and nothing after it.
func strictly(text string, into any) error {
	d := json.NewDecoder(bytes.NewReader([]byte(text)))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		return err
	}
	if d.More() {
		return fmt.Errorf("more follows the JSON")
	}
	return nil
}
