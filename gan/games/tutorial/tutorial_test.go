package tutorial_test

import (
	"strings"
	"testing"

	"gangpu/gan/games/tutorial"
	"gangpu/gan/train"
	"gangpu/gan/train/traintest"
)

// The sums over the layers, as Keras counts them.
func TestParameterCounts(t *testing.T) {
	g, err := tutorial.New(tutorial.Defaults(), train.Input{Height: 28, Width: 28, Channels: 1})
	if err != nil {
		t.Fatal(err)
	}
	generator := 100*3136 + 3136 + 3*3*64*64 + 64 + 3*3*64*32 + 32 + 28*28*32 + 1
	discriminator := 3*3*32 + 32 + 3*3*32*64 + 64 + 7*7*64 + 1
	for network, want := range map[string]int{"generator": generator, "discriminator": discriminator} {
		if got := traintest.Parameters(t, g, network, traintest.Images(2, 28, 28, 1, 0)); got != want {
			t.Errorf("%s has %d parameters, want %d", network, got, want)
		}
	}
}

func TestTrains(t *testing.T) {
	for _, l := range tutorial.Losses {
		for _, conditional := range []bool{false, true} {
			s := tutorial.Best()
			if l == "minimax" {
				s = tutorial.Defaults()
			}
			s = s.WithLoss(l)
			s.Latent, s.Conditional, s.K = 8, conditional, 1
			g, err := tutorial.New(s, train.Input{Height: 8, Width: 8, Channels: 1, Classes: 3})
			if err != nil {
				t.Fatal(err)
			}
			// Where a loss is linear in the scores, what the last bias adds to both halves cancels.
			traintest.Run(t, g, traintest.Images(20, 8, 8, 1, 3), "discriminator/dense/bias")
		}
	}
}

func TestRefusals(t *testing.T) {
	in := train.Input{Height: 28, Width: 28, Channels: 1}
	for want, change := range map[string]func(s *tutorial.Settings, in *train.Input){
		"takes colours":           func(_ *tutorial.Settings, in *train.Input) { in.Channels = 3 },
		"such as divide by 4":     func(_ *tutorial.Settings, in *train.Input) { in.Width = 30 },
		"no classes":              func(s *tutorial.Settings, _ *train.Input) { s.Conditional = true },
		"want one of":             func(s *tutorial.Settings, _ *train.Input) { s.Loss = "hinges" },
		"is for cross-entropy":    func(s *tutorial.Settings, _ *train.Input) { s.Loss, s.Smoothing = "hinge", 0.1 },
		"without a clip":          func(s *tutorial.Settings, _ *train.Input) { s.Loss = "wasserstein" },
		"without a gradient pena": func(s *tutorial.Settings, _ *train.Input) { s.Loss = "wasserstein-gp" },
	} {
		s, in := tutorial.Defaults(), in
		change(&s, &in)
		if _, err := tutorial.New(s, in); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error is %v, want one with %q", err, want)
		}
	}
}
