package wgan_test

import (
	"strings"
	"testing"

	"gangpu/gan/games/wgan"
	"gangpu/gan/train"
	"gangpu/gan/train/traintest"
)

var in = train.Input{Height: 16, Width: 16, Channels: 3}

func TestTrains(t *testing.T) {
	for _, s := range []wgan.Settings{
		{Latent: 8, Filters: 4, Norm: "layer", Critic: 2, Penalty: 10, Rate: 1e-4, Average: 0.9},
		{Latent: 8, Filters: 4, Norm: "none", Critic: 1, Penalty: 10, Rate: 1e-4},
		{Latent: 8, Filters: 4, Norm: "batch", Critic: 2, Clip: 0.01, Rate: 5e-5},
	} {
		g, err := wgan.New(s, in)
		if err != nil {
			t.Fatal(err)
		}
		traintest.Run(t, g, traintest.Images(20, 16, 16, 3, 0))
	}
}

// The clip holds for all parameters of the critic.
func TestClip(t *testing.T) {
	g, err := wgan.New(wgan.Settings{Latent: 8, Filters: 4, Norm: "none", Critic: 1, Clip: 0.01, Rate: 5e-2}, in)
	if err != nil {
		t.Fatal(err)
	}
	tr := traintest.New(t, g, traintest.Images(20, 16, 16, 3, 0))
	if err := tr.Step(); err != nil {
		t.Fatal(err)
	}
	m, err := tr.Snapshot()
	if err != nil {
		t.Fatal(err)
	}
	at := 0
	for _, a := range m.Arrays {
		for _, v := range a.Values {
			if strings.HasPrefix(a.Name, "critic/") && (v > 0.01 || v < -0.01) {
				t.Fatalf("%s has %v", a.Name, v)
			}
			if v == 0.01 || v == -0.01 {
				at++
			}
		}
	}
	if at == 0 {
		t.Error("nothing was clipped")
	}
}

func TestRefusals(t *testing.T) {
	for want, s := range map[string]wgan.Settings{
		"without batch norm":     {Latent: 8, Filters: 4, Norm: "batch", Critic: 1, Penalty: 10},
		"no lower bound":         {Latent: 8, Filters: 4, Norm: "batch", Critic: 1},
		"want one of them":       {Latent: 8, Filters: 4, Norm: "none", Critic: 1, Penalty: 10, Clip: 1},
		"critic is 0":            {Latent: 8, Filters: 4, Norm: "none", Penalty: 10},
		"want batch, layer or n": {Latent: 8, Filters: 4, Norm: "group", Critic: 1, Penalty: 10},
	} {
		if _, err := wgan.New(s, in); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error is %v, want one with %q", err, want)
		}
	}
}
