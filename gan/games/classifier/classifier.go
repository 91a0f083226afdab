// Package classifier is the training of a network that tells the classes of images, as a game of one phase. It judges
// what generators make (gan/judge): by its classes, and by the features that its last layer tells them from.
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
}

// Use is the name of the use that classifies: images "image" in [0, 1] to logits and features.
const Use = "classify"

// System is the game as the command knows it.
var System = train.System{
	Name: "classifier", Title: "classifier of images, to judge other games by", Paper: "LeCun et al., 1998, with strided convolutions (Springenberg et al., 2015, arXiv:1412.6806)",
	Needs: "pictures with classes, or of two kinds", Dataset: "emoji",
	Presets: []train.Preset{
		{Name: "small", Description: "three convolutions and a layer of 64 features", Batch: 100, Epochs: 12,
			Settings: Settings{Filters: 32, Features: 64, Dropout: 0.4, Rate: 2e-3}},
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
	if in.Classes < 2 {
		return train.Game{}, errors.New("a classifier needs images with classes: a folder a class, a table of labels, or pictures of two kinds")
	}
	network := func(l *nn.Layers, x []*nn.Node) []*nn.Node {
		const alpha = 0.1
		y := x[0]
		for _, filters := range []int{s.Filters, 2 * s.Filters, 2 * s.Filters} {
			y = nn.LeakyReLU(l.Conv2D(y, nn.Conv{Filters: filters, Kernel: 3, Stride: 2}), alpha)
		}
		features := nn.LeakyReLU(l.Dense(l.Dropout(nn.Flatten(y), s.Dropout), nn.Units{N: s.Features}), alpha)
		return []*nn.Node{l.Dense(l.Dropout(features, s.Dropout/2), nn.Units{N: in.Classes}), features}
	}
	return train.Game{
		Name: "classifier", Settings: s,
		Networks: []train.Network{{Name: "classifier", Net: network}},
		Phases: []train.Phase{{Name: "train", Trains: []string{"classifier"},
			Optimizer: train.Adam{Rate: train.Schedule{Rate: s.Rate, DecayUntil: in.Iterations}, Beta1: 0.9, Beta2: 0.999},
			Loss: func(b *train.Builder) *nn.Node {
				logits, class := b.Apply("classifier", b.Data("image")), b.Data("class")
				b.Share("accuracy", nn.Accuracy(logits, class))
				return b.Term("loss", 1, nn.SoftmaxCrossEntropy(logits, class))
			}}},
		Uses: []train.Use{{Name: Use, Build: func(b *train.Builder) []*nn.Node {
			return b.ApplyAll("classifier", b.Data("image"))
		}}},
	}, nil
}
