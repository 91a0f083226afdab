package gan

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"

	"gangpu/internal/safetensors"
)

// classifierName goes before the names of a classifier's tensors.
const classifierName = "classifier"

// Classifier tells the classes of images, and describes each by some features: what its last
// layer tells the classes from. It judges what a generator makes.
type Classifier struct {
	Network  Network // an image [height, width, 1] in [0, 1] to a logit a class
	Settings ClassifierSettings
	Notes    map[string]string // whatever else was to be kept

	layout     *Layout
	parameters []float32
}

// ClassifierSettings are all that decides the training of a classifier, beside its network, the
// images and the device.
type ClassifierSettings struct {
	Epochs       int     `json:"epochs"`
	Batch        int     `json:"batch"`
	LearningRate float64 `json:"learning_rate"` // Adam's, in the first epoch; it falls to zero linearly
	Shift        int     `json:"shift"`         // pixels by which an epoch's images are shifted at most, either way
	Seed         uint64  `json:"seed"`          // of all random numbers
}

// DefaultClassifierSettings are those of the classifier that ships.
func DefaultClassifierSettings() ClassifierSettings {
	return ClassifierSettings{Epochs: 12, Batch: 100, LearningRate: 2e-3, Shift: 2, Seed: 1}
}

// Validate reports the first setting that no training can have.
func (s ClassifierSettings) Validate() error {
	switch {
	case s.Epochs < 1:
		return fmt.Errorf("epochs is %d, want at least 1", s.Epochs)
	case s.Batch < 1:
		return fmt.Errorf("batch is %d, want at least 1", s.Batch)
	case !(s.LearningRate > 0) || math.IsInf(s.LearningRate, 0):
		return fmt.Errorf("learning rate is %v, want a positive number", s.LearningRate)
	case s.Shift < 0:
		return fmt.Errorf("shift is %d, want at least 0", s.Shift)
	}
	return nil
}

// classifierNetwork is that of the classifiers that TrainClassifier makes.
func classifierNetwork(height, width, classes int) Network {
	conv := func(filters int) Conv2D { return Conv2D{Filters: filters, Kernel: Size{3, 3}, Stride: Size{2, 2}} }
	const alpha = 0.1
	return Network{Name: classifierName, Input: []int{height, width, 1}, Layers: []Layer{
		conv(32), LeakyReLU{Alpha: alpha},
		conv(64), LeakyReLU{Alpha: alpha},
		conv(64), LeakyReLU{Alpha: alpha},
		Flatten{},
		Dropout{Rate: 0.4},
		Dense{Units: 64}, LeakyReLU{Alpha: alpha},
		Dropout{Rate: 0.2},
		Dense{Units: classes},
	}}
}

// place works out the layout and checks that the network is a classifier.
func (c *Classifier) place() error {
	l, err := c.Network.Layout()
	if err != nil {
		return err
	}
	_, dense := c.Network.Layers[len(c.Network.Layers)-1].(Dense)
	switch {
	case l.Name != classifierName:
		return fmt.Errorf("the network is called %q, want %q", l.Name, classifierName)
	case len(l.Input) != 3 || l.Input[2] != 1:
		return fmt.Errorf("%s: its input %v is no grey image (height, width, 1)", l.Name, l.Input)
	case len(l.Output) != 1 || l.Output[0] < 2 || !dense:
		return fmt.Errorf("%s: its last layer makes %v, want a dense one's logits of at least 2 classes", l.Name, l.Output)
	}
	c.layout = l
	return nil
}

// Height and Width are those of the images that c takes.
func (c *Classifier) Height() int { return c.layout.Input[0] }
func (c *Classifier) Width() int  { return c.layout.Input[1] }

// Classes is the number of classes.
func (c *Classifier) Classes() int { return c.layout.Output[0] }

// Features is the number of features.
func (c *Classifier) Features() int {
	in := c.layout.Layers[len(c.layout.Layers)-1].In
	return in[0]
}

const classifierFormat = "gangpu-classifier/1"

// Save makes or replaces the file at path: safetensors with the parameters under Keras's names,
// and in the metadata the network, the settings and the notes.
func (c *Classifier) Save(path string) error {
	file, err := c.encode()
	if err != nil {
		return fmt.Errorf("saving %s: %w", path, err)
	}
	return safetensors.Write(path, file)
}

func (c *Classifier) encode() (*safetensors.File, error) {
	network, err := json.Marshal(c.Network)
	if err != nil {
		return nil, fmt.Errorf("the network: %w", err)
	}
	settings, err := json.Marshal(c.Settings)
	if err != nil {
		return nil, fmt.Errorf("the settings: %w", err)
	}
	file := &safetensors.File{Metadata: map[string]string{
		"format": classifierFormat, "network": string(network), "settings": string(settings)}}
	for k, v := range c.Notes {
		file.Metadata[notePrefix+k] = v
	}
	return file, c.state().write(file)
}

// state is the parameters as those of a model, for the way to and from a file.
func (c *Classifier) state() networkState {
	return networkState{&state{parameters: c.parameters}, c.layout}
}

// LoadClassifier reads a classifier's file. Its errors name the file and what in it is wrong.
func LoadClassifier(path string) (*Classifier, error) {
	file, err := safetensors.Read(path)
	if err != nil {
		return nil, err
	}
	c, err := DecodeClassifier(file)
	if err != nil {
		return nil, fmt.Errorf("loading %s: %w", path, err)
	}
	return c, nil
}

// DecodeClassifier is the classifier of a file that was read already.
func DecodeClassifier(file *safetensors.File) (*Classifier, error) {
	if got := file.Metadata["format"]; got != classifierFormat {
		return nil, fmt.Errorf("not a classifier: its format is %q, want %q", got, classifierFormat)
	}
	c := &Classifier{Notes: notesOf(file)}
	if err := strictly([]byte(file.Metadata["network"]), &c.Network); err != nil {
		return nil, fmt.Errorf("metadata network: %w", err)
	}
	if err := strictly([]byte(file.Metadata["settings"]), &c.Settings); err != nil {
		return nil, fmt.Errorf("metadata settings: %w", err)
	}
	if err := errors.Join(c.Settings.Validate(), c.place()); err != nil {
		return nil, fmt.Errorf("metadata: %w", err)
	}
	n := c.state()
	read, err := n.read(file)
	if err != nil {
		return nil, err
	}
	if read != len(file.Tensors) {
		return nil, fmt.Errorf("%d tensors, the network has %d", len(file.Tensors), read)
	}
	c.parameters = n.parameters
	return c, nil
}
