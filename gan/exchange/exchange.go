// Package exchange takes models to other programs and back: weights and whole models of Keras,
// ONNX, and a web page that makes images in the browser.
package exchange

import (
	"fmt"
	"slices"

	"gangpu/gan"
)

// Part says what of a model goes into a file.
type Part string

const (
	Both          Part = "both" // a Sequential of generator and discriminator, which Keras calls the GAN
	Generator     Part = "generator"
	Discriminator Part = "discriminator"
)

// partsOf are the networks of a part, generator first. The discriminator ends in a sigmoid, which
// elsewhere here is part of the loss.
func partsOf(f *gan.ModelFile, part Part) ([]gan.Weights, error) {
	g, d, err := f.Weights()
	if err != nil {
		return nil, err
	}
	n := f.Model.Discriminator
	n.Layers = append(slices.Clone(n.Layers), gan.Sigmoid{})
	if d.Layout, err = n.Layout(); err != nil {
		return nil, err
	}
	switch part {
	case Both:
		return []gan.Weights{g, d}, nil
	case Generator:
		return []gan.Weights{g}, nil
	case Discriminator:
		return []gan.Weights{d}, nil
	}
	return nil, fmt.Errorf("no part %q, want %s, %s or %s", part, Both, Generator, Discriminator)
}
