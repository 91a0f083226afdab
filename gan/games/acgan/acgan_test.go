package acgan_test

import (
	"strings"
	"testing"

	"gangpu/gan/games/acgan"
	"gangpu/gan/train"
	"gangpu/gan/train/traintest"
)

func TestTrains(t *testing.T) {
	for _, p := range acgan.System.Presets[:2] {
		s := p.Settings.(acgan.Settings)
		s.Filters, s.Latent, s.Embedding = 4, 8, 4
		g, err := acgan.New(s, train.Input{Height: 16, Width: 16, Channels: 3, Classes: 5})
		if err != nil {
			t.Fatal(err)
		}
		traintest.Run(t, g, traintest.Images(20, 16, 16, 3, 5))
	}
}

func TestNeedsClasses(t *testing.T) {
	_, err := acgan.System.New(acgan.System.Presets[0].Settings, train.Input{Height: 16, Width: 16, Channels: 3})
	if err == nil || !strings.Contains(err.Error(), "needs images with classes") {
		t.Errorf("error is %v", err)
	}
}
