package exchange

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"gangpu/gan/games/classifier"
	"gangpu/gan/games/tutorial"
	"gangpu/gan/nn"
	"gangpu/gan/train"
	"gangpu/internal/safetensors"
)

// Formats of files of early versions, which knew two kinds of models: the tutorial's GAN, and classifiers.
const (
	earlyModel      = "gangpu-model/2"
	earlyModelNoSum = "gangpu-model/1" // as written before there were checksums
	earlyClassifier = "gangpu-classifier/1"
)

// Load reads a model file: one of today's form, or one of an early version, as a model of the game tutorial or classifier. Such
// a one makes images, is judged and exported, and a new run can begin with its networks; its run cannot go on, as the
// game draws other random numbers. Errors name the file and what in it is wrong.
func Load(path string) (*train.Model, error) {
	file, err := safetensors.Read(path)
	if err != nil {
		return nil, err
	}
	m, err := decodeFile(file)
	if err != nil {
		return nil, fmt.Errorf("loading %s: %w", path, err)
	}
	return m, nil
}

// IsEarly reports whether a file is a model of an early version.
func IsEarly(path string) bool {
	file, err := safetensors.Read(path)
	return err == nil && slices.Contains([]string{earlyModel, earlyModelNoSum, earlyClassifier}, file.Metadata["format"])
}

func decodeFile(file *safetensors.File) (*train.Model, error) {
	switch file.Metadata["format"] {
	case earlyModel, earlyModelNoSum:
		return decodeEarlyModel(file)
	case earlyClassifier:
		return decodeEarlyClassifier(file)
	}
	return train.Decode(file)
}

// earlySettings are those of an early model.
type earlySettings struct {
	Height          int     `json:"height"`
	Width           int     `json:"width"`
	Latent          int     `json:"latent"`
	Batch           int     `json:"batch"`
	Epochs          int     `json:"epochs"`
	K               int     `json:"k"`
	Alternation     string  `json:"alternation"`
	Loss            string  `json:"loss"`
	Alpha           float64 `json:"alpha"`
	Dropout         float64 `json:"dropout"`
	LearningRate    float64 `json:"learning_rate"`
	LearningRateD   float64 `json:"learning_rate_d"`
	Beta1           float64 `json:"beta1"`
	Beta2           float64 `json:"beta2"`
	Epsilon         float64 `json:"epsilon"`
	LabelSmoothing  float64 `json:"label_smoothing"`
	GradientPenalty float64 `json:"gradient_penalty"`
	Clip            float64 `json:"clip"`
	EMA             float64 `json:"ema"`
	Seed            uint64  `json:"seed"`
}

// settings are those of the game tutorial that trains the same.
func (s earlySettings) settings(networks string, conditional bool) tutorial.Settings {
	return tutorial.Settings{Networks: networks, Latent: s.Latent, K: s.K, Alternation: s.Alternation, Loss: tutorial.Loss(s.Loss), Conditional: conditional,
		Smoothing: s.LabelSmoothing, Penalty: s.GradientPenalty, Clip: s.Clip, Alpha: s.Alpha, Dropout: s.Dropout, Rate: s.LearningRate,
		RateD: s.LearningRateD, Beta1: s.Beta1, Beta2: s.Beta2, Epsilon: s.Epsilon, Average: s.EMA}
}

func decodeEarlyModel(file *safetensors.File) (*train.Model, error) {
	if err := checkSeal(file); err != nil {
		return nil, err
	}
	var model chains
	var s earlySettings
	if err := strictly([]byte(file.Metadata["model"]), &model); err != nil {
		return nil, fmt.Errorf("metadata model: %w", err)
	}
	if err := strictly([]byte(file.Metadata["settings"]), &s); err != nil {
		return nil, fmt.Errorf("metadata settings: %w", err)
	}
	g, d, classes, err := model.layouts()
	if err != nil {
		return nil, fmt.Errorf("metadata model: %w", err)
	}
	networks := tutorial.Defaults().Networks
	if model.Name == "compact" {
		networks = model.Name
	}
	settings := s.settings(networks, classes > 0)
	if err := settings.Validate(); err != nil {
		return nil, fmt.Errorf("metadata settings: %w", err)
	}
	parameters := append(g.parameters(), d.parameters()...)
	known := map[string]bool{}
	for _, p := range parameters {
		for _, prefix := range earlyPrefixes {
			known[prefix+p.Name] = true
		}
	}
	if i := slices.IndexFunc(file.Tensors, func(t safetensors.Tensor) bool { return !known[t.Name] }); i >= 0 {
		return nil, fmt.Errorf("tensor %q is not the model's", file.Tensors[i].Name)
	}
	m, err := train.Assemble(ganGame(model, settings, classes), ganData(d.Input, classes, file.Metadata[notePrefix+"dataset"]), tensorsOf(file, ""))
	if err != nil {
		return nil, err
	}
	for _, network := range []*layout{g, d} {
		for _, prefix := range earlyPrefixes[1:] {
			all, err := earlyPart(file, prefix, network)
			if err != nil {
				return nil, err
			}
			if prefix == earlyAverage && network == g {
				m.Arrays = append(m.Arrays, all...)
			}
		}
	}
	for key, v := range map[string]*int{"images": &m.Rows, "iterations": &m.Iterations} {
		if *v, err = strconv.Atoi(file.Metadata[key]); err != nil || *v < 0 {
			return nil, fmt.Errorf("metadata %s: %q is no count", key, file.Metadata[key])
		}
	}
	m.Settings.Batch, m.Settings.Seed = s.Batch, s.Seed
	if err := m.Settings.Validate(); err != nil {
		return nil, fmt.Errorf("metadata settings: %w", err)
	}
	m.Device = file.Metadata["device"]
	addNotes(m, file)
	return m, nil
}

// earlyPrefixes stand before the names of parameters, and of what a file may hold beside these.
var earlyPrefixes = []string{"", "adam/m/", "adam/v/", earlyAverage}

// earlyPart is what a file holds of a network beside its parameters, as averages of these: all of it, or nothing. Adam's
// part is read too, though no new run goes on with it, so that a damaged file is found.
func earlyPart(file *safetensors.File, prefix string, network *layout) ([]train.Array, error) {
	if !slices.ContainsFunc(file.Tensors, func(t safetensors.Tensor) bool { return strings.HasPrefix(t.Name, prefix+network.Name+"/") }) {
		return nil, nil
	}
	var all []train.Array
	of := tensorsOf(file, prefix)
	for _, p := range network.parameters() {
		values, err := of(p.Name, p.Shape)
		if err != nil {
			return nil, err
		}
		all = append(all, train.Array{Name: "average/" + p.Name, Shape: p.Shape, Values: values})
	}
	return all, nil
}

const (
	earlyAverage = "ema/"
	notePrefix   = "note/"
	sumKey       = "sha256"
)

// ganGame is the tutorial's game with the networks of a model.
func ganGame(m chains, s tutorial.Settings, classes int) train.Game {
	classesOf := func(b *train.Builder) []*nn.Node {
		if classes == 0 {
			return nil
		}
		return []*nn.Node{b.Classes("class", classes)}
	}
	return train.Game{Name: tutorial.System.Name, Settings: s,
		Networks: []train.Network{{Name: generatorName, Net: m.Generator.network()}, {Name: discriminatorName, Net: m.Discriminator.network()}},
		Sample: func(b *train.Builder) *nn.Node {
			return b.Apply(generatorName, append([]*nn.Node{b.Noise("z", m.Generator.Input[0])}, classesOf(b)...)...)
		},
		Uses: []train.Use{{Name: tutorial.ScoreUse, Build: func(b *train.Builder) []*nn.Node {
			return b.ApplyAll(discriminatorName, append([]*nn.Node{b.Data("image")}, classesOf(b)...)...)
		}}}}
}

// ganData are grey images of a shape, of so many classes, without rows.
func ganData(shape []int, classes int, name string) train.Data {
	d := train.Data{Description: train.Description{Name: name, Ink: true}, Tables: []train.Table{{Fields: []train.Field{{Name: "image", Shape: shape}}}}}
	for c := range classes {
		d.Description.Classes = append(d.Description.Classes, strconv.Itoa(c))
	}
	return d
}

// tensorsOf finds a file's tensors by the names of parameters after a prefix.
func tensorsOf(file *safetensors.File, prefix string) func(name string, shape []int) ([]float32, error) {
	return func(name string, shape []int) ([]float32, error) {
		t, err := file.Tensor(prefix + name)
		if err != nil {
			return nil, err
		}
		if !slices.Equal(t.Shape, shape) {
			return nil, fmt.Errorf("tensor %q has shape %v, the model wants %v", t.Name, t.Shape, shape)
		}
		values, err := safetensors.Values[float32](t)
		if err != nil {
			return nil, err
		}
		return values, finite(t.Name, values)
	}
}

// finite reports the first value that is not.
func finite(name string, values []float32) error {
	for i, v := range values {
		if v-v != 0 {
			return fmt.Errorf("tensor %q: element %d is %v", name, i, v)
		}
	}
	return nil
}

func addNotes(m *train.Model, file *safetensors.File) {
	for k, v := range file.Metadata {
		if name, ok := strings.CutPrefix(k, notePrefix); ok {
			m.Notes[name] = v
		}
	}
}

// checkSeal reports a file that is not as it was sealed.
func checkSeal(file *safetensors.File) error {
	want, sealed := file.Metadata[sumKey]
	if !sealed && file.Metadata["format"] == earlyModelNoSum {
		return nil
	}
	got, err := file.Checksum(sumKey)
	if err != nil {
		return err
	}
	if got != want {
		return fmt.Errorf("altered since it was written: its SHA-256 is %s, its metadata say %q", got, want)
	}
	return nil
}

// decodeEarlyClassifier reads a classifier: a chain whose last layer, a dense one, tells the classes from the features.
func decodeEarlyClassifier(file *safetensors.File) (*train.Model, error) {
	var c chain
	var s struct {
		Epochs       int     `json:"epochs"`
		Batch        int     `json:"batch"`
		LearningRate float64 `json:"learning_rate"`
		Shift        int     `json:"shift"`
		Seed         uint64  `json:"seed"`
	}
	if err := strictly([]byte(file.Metadata["network"]), &c); err != nil {
		return nil, fmt.Errorf("metadata network: %w", err)
	}
	if err := strictly([]byte(file.Metadata["settings"]), &s); err != nil {
		return nil, fmt.Errorf("metadata settings: %w", err)
	}
	l, err := c.layout()
	if err != nil {
		return nil, fmt.Errorf("metadata network: %w", err)
	}
	last := len(c.Layers) - 1
	_, dense := c.Layers[last].(dense)
	switch {
	case l.Name != classifierName:
		err = fmt.Errorf("the network is called %q, want %q", l.Name, classifierName)
	case len(l.Input) != 3 || l.Input[2] != 1:
		err = fmt.Errorf("%s: its input %v is no grey image (height, width, 1)", l.Name, l.Input)
	case len(l.Output) != 1 || l.Output[0] < 2 || !dense:
		err = fmt.Errorf("%s: its last layer makes %v, want a dense one's logits of at least 2 classes", l.Name, l.Output)
	}
	if err != nil {
		return nil, fmt.Errorf("metadata network: %w", err)
	}
	if n := len(l.parameters()); n != len(file.Tensors) {
		return nil, fmt.Errorf("%d tensors, the network has %d", len(file.Tensors), n)
	}
	network := func(l *nn.Layers, x []*nn.Node) []*nn.Node {
		features := x[0]
		for _, layer := range c.Layers[:last] {
			features = layer.apply(l, features, nil)
		}
		return []*nn.Node{c.Layers[last].apply(l, features, nil), features}
	}
	// Its filters and features are those of the game's preset, by which early versions trained.
	settings := classifier.System.Presets[0].Settings.(classifier.Settings)
	settings.Rate = s.LearningRate
	game := train.Game{Name: classifier.System.Name, Settings: settings, Networks: []train.Network{{Name: classifierName, Net: network}},
		Uses: []train.Use{{Name: classifier.Use, Build: func(b *train.Builder) []*nn.Node {
			return b.ApplyAll(classifierName, b.Data("image"))
		}}}}
	m, err := train.Assemble(game, ganData(l.Input, l.Output[0], file.Metadata[notePrefix+"dataset"]), tensorsOf(file, ""))
	if err != nil {
		return nil, err
	}
	m.Settings.Seed = s.Seed
	addNotes(m, file)
	return m, nil
}

const classifierName = "classifier"

// strictly decodes one JSON value, refusing keys that v does not have.
func strictly(data []byte, v any) error {
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		return err
	}
	if d.More() {
		return errors.New("more follows the JSON")
	}
	return nil
}
