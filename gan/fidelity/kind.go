package fidelity

import (
	"fmt"
	"slices"

	"gangpu/gan/judge"
)

// kind is a kind of pictures, as a classifier knows it by the held-out ones.
type kind struct {
	judge         *judge.Judge
	name          string
	class         int   // the classifier's; -1 if it has none of that name
	floor, copied *Kind // of training pictures of the kind, and of what pictures of that kind are made of
}

// Kind is how far pictures are from being of a kind, as a classifier sees them.
type Kind struct {
	Distance float64 `json:"classifier_frechet_distance"` // of their features to those of held-out pictures of the kind
	// Taken is the share that the classifier takes for that kind; nil if it knows no such kind.
	Taken *float64 `json:"taken_for,omitempty"`
	name  string
}

func (k *Kind) String() string {
	text := fmt.Sprintf("classifier Fréchet distance %.2f", k.Distance)
	if k.Taken != nil {
		text += fmt.Sprintf(", %.1f%% taken for %s", 100**k.Taken, k.name)
	}
	return text
}

// newKind has the classifier look at the held-out pictures of a field, and at as many to train on.
func newKind(s Subject, field string) (*kind, error) {
	heldOut, ok := s.HeldOut.Field(field)
	training, both := s.Training.Field(field)
	if !ok || !both {
		return nil, fmt.Errorf("the data have no field %s", field)
	}
	o := judge.DefaultOptions()
	o.Images = max(min(training.Rows(), heldOut.Rows()), 2)
	j, err := judge.New(s.Device, s.Classifier, o, training, heldOut)
	if err != nil {
		return nil, fmt.Errorf("measuring by the classifier: %w", err)
	}
	k := &kind{judge: j, name: field, class: slices.Index(s.Classifier.Data.Classes, field)}
	k.floor = k.of(j.Floor())
	return k, nil
}

func (k *kind) measure(pixels []float32) (*Kind, error) {
	scores, err := k.judge.Score(pixels)
	if err != nil {
		return nil, err
	}
	return k.of(scores), nil
}

func (k *kind) of(s judge.Scores) *Kind {
	of := &Kind{Distance: s.FrechetDistance, name: k.name}
	if k.class >= 0 {
		share := float64(s.Classes[k.class]) / float64(s.Images)
		of.Taken = &share
	}
	return of
}
