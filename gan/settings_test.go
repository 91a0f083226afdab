package gan

import (
	"math"
	"slices"
	"strings"
	"testing"
)

func TestSettingsValidate(t *testing.T) {
	if err := DefaultSettings().Validate(); err != nil {
		t.Errorf("the defaults: %v", err)
	}
	for want, change := range map[string]func(*Settings){
		"batch is 0":                           func(s *Settings) { s.Batch = 0 },
		"batch is 255":                         func(s *Settings) { s.Batch = 255 },
		"batch is -2":                          func(s *Settings) { s.Batch = -2 },
		"k is 0":                               func(s *Settings) { s.K = 0 },
		"epochs is 0":                          func(s *Settings) { s.Epochs = 0 },
		"latent size is 0":                     func(s *Settings) { s.Latent = 0 },
		"image width is -1":                    func(s *Settings) { s.Width = -1 },
		"dropout is 1":                         func(s *Settings) { s.Dropout = 1 },
		"dropout is NaN":                       func(s *Settings) { s.Dropout = math.NaN() },
		"beta1 is 1":                           func(s *Settings) { s.Beta1 = 1 },
		"beta2 is -0.1":                        func(s *Settings) { s.Beta2 = -0.1 },
		"alpha is 1.5":                         func(s *Settings) { s.Alpha = 1.5 },
		"learning rate is 0":                   func(s *Settings) { s.LearningRate = 0 },
		"learning rate is +I":                  func(s *Settings) { s.LearningRate = math.Inf(1) },
		"epsilon is 0":                         func(s *Settings) { s.Epsilon = 0 },
		`loss is "x"`:                          func(s *Settings) { s.Loss = "x" },
		"label smoothing is 0.5":               func(s *Settings) { s.LabelSmoothing = 0.5 },
		"the loss is hinge":                    func(s *Settings) { s.Loss, s.LabelSmoothing = Hinge, 0.1 },
		"wasserstein without a clip":           func(s *Settings) { s.Loss = Wasserstein },
		"without a gradient penalty":           func(s *Settings) { s.Loss = WassersteinGP },
		"gradient penalty is -1":               func(s *Settings) { s.GradientPenalty = -1 },
		"clip is -1":                           func(s *Settings) { s.Clip = -1 },
		"discriminator's learning rate is NaN": func(s *Settings) { s.LearningRateD = math.NaN() },
		"ema is 1":                             func(s *Settings) { s.EMA = 1 },
		`alternation is "both"`:                func(s *Settings) { s.Alternation = "both" },
	} {
		s := DefaultSettings()
		change(&s)
		if err := s.Validate(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
}

func TestAlternation(t *testing.T) {
	for _, c := range []struct {
		steps Alternation
		k     int
		want  []int // D steps of the first iterations of an epoch
	}{
		{EveryK, 1, []int{1, 1, 1, 1, 1}},
		{EveryK, 2, []int{1, 0, 1, 0, 1}},
		{EveryK, 3, []int{1, 0, 0, 1, 0}},
		{KSteps, 1, []int{1, 1, 1, 1, 1}},
		{KSteps, 3, []int{3, 3, 3, 3, 3}},
	} {
		s := Settings{Alternation: c.steps, K: c.k}
		var got []int
		for i := range c.want {
			got = append(got, s.discriminatorSteps(i))
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s, k=%d: %v, want %v", c.steps, c.k, got, c.want)
		}
	}
}
