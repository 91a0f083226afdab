package gan

import (
	"math"
	"slices"
	"testing"
)

// A new run's D knows nothing, its scores are near 0: both losses begin where the papers' formulas
// have them there, and training by each changes both networks and stays finite.
func TestLosses(t *testing.T) {
	for _, loss := range Losses() {
		s := DefaultSettings().WithLoss(loss)
		tiny := tinySettings()
		s.Height, s.Width, s.Latent, s.Batch, s.Seed = tiny.Height, tiny.Width, tiny.Latent, tiny.Batch, tiny.Seed
		s.K = 1
		trainer := tinyTrainer(t, openCPU(t, 0), s)
		before := snapshot(t, trainer)
		iterate(t, trainer, 1)
		m, err := trainer.Metrics()
		if err != nil {
			t.Fatal(err)
		}
		real, fake, g := losses64(loss, 0)
		if math.Abs(float64(m.DLoss)-real-fake) > 0.5+s.GradientPenalty || math.Abs(float64(m.GLoss)-g) > 0.5 {
			t.Errorf("%s: begins with d = %v and g = %v, want about %v and %v", loss, m.DLoss, m.GLoss, real+fake, g)
		}
		iterate(t, trainer, 40)
		if _, err := trainer.Metrics(); err != nil {
			t.Errorf("%s: %v", loss, err)
		}
		after := snapshot(t, trainer)
		if slices.Equal(before.generator.parameters, after.generator.parameters) || slices.Equal(before.discriminator.parameters, after.discriminator.parameters) {
			t.Errorf("%s does not train both networks", loss)
		}
	}
}

// A clipped D has no weight beyond the limit, some at it, and G's are free.
func TestClip(t *testing.T) {
	s := tinySettings()
	s.Clip = 0.05
	trainer := tinyTrainer(t, openCPU(t, 0), s)
	iterate(t, trainer, 3)
	f := snapshot(t, trainer)
	largest := func(values []float32) (most float32) {
		for _, v := range values {
			most = max(most, v, -v)
		}
		return most
	}
	if got := largest(f.discriminator.parameters); got != 0.05 {
		t.Errorf("D's largest weight is %v", got)
	}
	if got := largest(f.generator.parameters); got <= 0.05 {
		t.Errorf("G's largest weight is %v", got)
	}
}

// Adam's first update is about the rate in every weight, whatever the gradient: each network's own.
func TestTwoRates(t *testing.T) {
	s := tinySettings()
	s.LearningRate, s.LearningRateD, s.K = 1e-3, 4e-3, 1
	trainer := tinyTrainer(t, openCPU(t, 0), s)
	before := snapshot(t, trainer)
	iterate(t, trainer, 1)
	after := snapshot(t, trainer)
	for i, want := range []float64{1e-3, 4e-3} {
		a, b := before.networks(trainer.layouts)[i], after.networks(trainer.layouts)[i]
		most := 0.0
		for j, v := range a.parameters {
			most = max(most, math.Abs(float64(v-b.parameters[j])))
		}
		if math.Abs(most-want) > 0.01*want {
			t.Errorf("%s: the largest step is %v, want %v", a.layout.Name, most, want)
		}
	}
}

// D's labels are smoothed on the real side alone.
func TestLabelSmoothing(t *testing.T) {
	s := tinySettings()
	s.LabelSmoothing = 0.1
	trainer := tinyTrainer(t, openCPU(t, 0), s)
	labels := make([]float32, s.Batch)
	if err := read(trainer.arrays, storageLabels, 0, labels); err != nil {
		t.Fatal(err)
	}
	for i, l := range labels {
		if want := float32(0.9); i < s.Batch/2 && l != want || i >= s.Batch/2 && l != 0 {
			t.Fatalf("label %d is %v", i, l)
		}
	}
	target := make([]float32, 1)
	if err := read(trainer.arrays, storageTarget, 0, target); err != nil || target[0] != 1 {
		t.Errorf("G's target is %v (%v)", target[0], err)
	}
}
