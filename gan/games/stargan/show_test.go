package stargan_test

import (
	"testing"

	"gangpu/gan/games/stargan"
	"gangpu/gan/train"
	"gangpu/gan/train/traintest"
)

// A run shows an image and what it becomes: in each class, or with each attribute turned round.
func TestShows(t *testing.T) {
	for labels, d := range map[string]train.Data{"class": traintest.Images(12, 16, 16, 3, 3), "attributes": attributes(12)} {
		s := toy(t)
		s.Labels = labels
		g, err := stargan.New(s, train.Input{Height: 16, Width: 16, Channels: 3, Classes: 3, Iterations: 3})
		if err != nil {
			t.Fatal(err)
		}
		traintest.Run(t, g, d)
	}
}
