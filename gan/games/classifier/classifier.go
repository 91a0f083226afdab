// Package classifier is the training of a network that tells the classes of images, or any number of tags of each, as a game
// of one phase. It judges what generators make (gan/judge): by its classes, and by the features that its last layer tells
// them from, or by its tags.
package classifier

import (
	"errors"
	"fmt"

	"gangpu/gan/games/dcgan"
	"gangpu/gan/nn"
	"gangpu/gan/train"
)

// Settings are those of the game.
type Settings struct {
	Filters  int     `json:"filters" usage:"filters of the first convolution; the next ones have twice as many"`
	Features int     `json:"features" usage:"numbers by which the last layer tells the classes"`
	Dropout  float64 `json:"dropout" usage:"share of the activations that are dropped before the features in training"`
	Rate     float64 `json:"lr" usage:"Adam's learning rate, which falls to 0 linearly over the training"`
	Tags     bool    `json:"tags,omitempty" usage:"tell tags, of which an image may have any number, its class and its attributes, and not the class alone"`
}

// The names of the uses. Use classifies: images "image" in [0, 1] to the logits of classes, and features. TagUse is that of
// a tagger: to the logits of tags, which are classes and then attributes, and features.
const (
	Use    = "classify"
	TagUse = "tag"
)

// System is the game as the command knows it.
var System = train.System{
	Name: "classifier", Title: "classifier of images, to judge other games by", Paper: "LeCun et al., 1998, with strided convolutions (Springenberg et al., 2015, arXiv:1412.6806)",
	Needs: "pictures with classes, with tags, or of two kinds", Dataset: "emoji",
	Presets: []train.Preset{
		{Name: "small", Description: "three convolutions and a layer of 64 features", Batch: 100, Epochs: 12,
			Settings: Settings{Filters: 32, Features: 64, Dropout: 0.4, Rate: 2e-3}},
		{Name: "tags", Description: "the same network as a tagger: tells any number of tags of an image, its class and its attributes", Batch: 100, Epochs: 100,
			Settings: Settings{Filters: 32, Features: 64, Dropout: 0.4, Rate: 2e-3, Tags: true}},
	},
	New: func(settings any, in train.Input) (train.Game, error) { return New(settings.(Settings), in) },
}

// Validate reports the first setting that no game can have.
func (s Settings) Validate() error {
	if !(s.Dropout >= 0 && s.Dropout < 1) {
		return fmt.Errorf("dropout is %v, want 0 or more and less than 1", s.Dropout)
	}
	return errors.Join(dcgan.Positive("filters", s.Filters), dcgan.Positive("features", s.Features))
}

// New makes the game for images of a size, of some classes.
func New(s Settings, in train.Input) (train.Game, error) {
	if err := s.Validate(); err != nil {
		return train.Game{}, err
	}
	outputs, use := in.Classes, Use
	if s.Tags {
		outputs, use = in.Classes+in.Attributes, TagUse
	}
	switch {
	case s.Tags && outputs < 2:
		return train.Game{}, errors.New("a tagger needs images with tags: a table of attributes, classes, or both")
	case !s.Tags && outputs < 2:
		return train.Game{}, errors.New("a classifier needs images with classes: a folder a class, a table of labels, or pictures of two kinds")
	}
	network := func(l *nn.Layers, x []*nn.Node) []*nn.Node {
		const alpha = 0.1
		y := x[0]
		for _, filters := range []int{s.Filters, 2 * s.Filters, 2 * s.Filters} {
			y = nn.LeakyReLU(l.Conv2D(y, nn.Conv{Filters: filters, Kernel: 3, Stride: 2}), alpha)
		}
		features := nn.LeakyReLU(l.Dense(l.Dropout(nn.Flatten(y), s.Dropout), nn.Units{N: s.Features}), alpha)
		return []*nn.Node{l.Dense(l.Dropout(features, s.Dropout/2), nn.Units{N: outputs}), features}
	}
	return train.Game{
		Name: "classifier", Settings: s,
		Networks: []train.Network{{Name: "classifier", Net: network}},
		Phases: []train.Phase{{Name: "train", Trains: []string{"classifier"},
			Optimizer: train.Adam{Rate: train.Schedule{Rate: s.Rate, DecayUntil: in.Iterations}, Beta1: 0.9, Beta2: 0.999},
			Loss: func(b *train.Builder) *nn.Node {
				logits := b.Apply("classifier", b.Data("image"))
				if s.Tags { // a cross-entropy for each tag by itself, added up
					return b.Term("loss", 1, nn.Scale(nn.BCEWith(logits, b.Tags(in)), float64(outputs)))
				}
				class := b.Data("class")
				b.Share("accuracy", nn.Accuracy(logits, class))
				return b.Term("loss", 1, nn.SoftmaxCrossEntropy(logits, class))
			}}},
		Uses: []train.Use{{Name: use, Build: func(b *train.Builder) []*nn.Node {
			return b.ApplyAll("classifier", b.Data("image"))
		}}},
	}, nil
}
