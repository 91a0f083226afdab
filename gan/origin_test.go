package gan

import (
	"errors"
	"reflect"
	"strings"
	"testing"
)

// A weight, or a moment of Adam, is planted that overflows in one operation: that one is found, whatever
// it breaks afterwards.
func TestFindOrigin(t *testing.T) {
	for _, c := range []struct {
		parameter    string
		moment       bool
		made         int // iterations before; a D step comes in every second
		step, tensor string
	}{
		{"generator/dense/kernel", false, 2, "discriminator step, generator/dense", "c"},
		{"generator/conv2d_transpose_1/kernel", false, 3, "generator step, generator/conv2d_transpose_1", "y"},
		{"discriminator/conv2d_1/kernel", false, 2, "discriminator step, discriminator/conv2d_1", "y"},
		{"discriminator/conv2d_1/kernel", true, 3, "discriminator step, discriminator/adam", "param"},
		{"generator/conv2d/kernel", true, 2, "generator step, generator/adam", "param"},
	} {
		t.Run(c.parameter, func(t *testing.T) {
			dev := openCPU(t, 0)
			s := tinySettings()
			s.Dropout = 0
			first := tinyTrainer(t, dev, s)
			iterate(t, first, c.made)
			f := snapshot(t, first)
			for _, n := range f.networks(first.layouts) {
				for _, p := range n.layout.Parameters() {
					if p.Name != c.parameter {
						continue
					}
					values := n.parameters
					if c.moment {
						values = n.m
						clear(n.v) // an update divides by its root
					}
					for i := range values[p.Offset:][:p.Len()] {
						values[p.Offset+i] = 3e38
					}
				}
			}
			again, err := ResumeTrainer(dev, f, discs(64, s.Height, s.Width))
			if err != nil {
				t.Fatal(err)
			}
			defer again.Close()
			iterate(t, again, 3)
			origin, err := again.FindOrigin(f)
			if err != nil {
				t.Fatal(err)
			}
			if origin == nil || origin.Step != c.step || origin.Tensor != c.tensor {
				t.Fatalf("found %v, want %s, %s", origin, c.step, c.tensor)
			}
			// The D step of an odd iteration waits for the next.
			want := c.made
			if strings.HasPrefix(c.step, "discriminator") && c.made%s.K != 0 {
				want++
			}
			if got := origin.Epoch*again.IterationsPerEpoch() + origin.Iteration; got != want {
				t.Errorf("found in iteration %d, want %d: %v", got, want, origin)
			}
		})
	}
}

// Without a file the trainer begins again, and makes the run that it made.
func TestFindOriginFromTheBeginning(t *testing.T) {
	s := tinySettings()
	s.LearningRate = 1e19
	trainer := tinyTrainer(t, openCPU(t, 0), s)
	var diverged *DivergedError
	for !errors.As(func() error { _, err := trainer.Metrics(); return err }(), &diverged) {
		if iterate(t, trainer, 1); trainer.Iterations() > 20 {
			t.Fatal("the run does not diverge")
		}
	}
	origin, err := trainer.FindOrigin(nil)
	if err != nil || origin == nil {
		t.Fatalf("found %v (%v)", origin, err)
	}
	began, shown := origin.Epoch*trainer.IterationsPerEpoch()+origin.Iteration, diverged.Epoch*trainer.IterationsPerEpoch()+diverged.Iteration
	if began > shown || began == 0 && strings.HasPrefix(origin.Step, "discriminator step") {
		t.Errorf("the loss is not finite in iteration %d, and D's first step is: found %v", shown, origin)
	}
}

func TestFindOriginOfNothing(t *testing.T) {
	trainer := tinyTrainer(t, openCPU(t, 0), tinySettings())
	iterate(t, trainer, 4)
	want := snapshot(t, trainer)
	if origin, err := trainer.FindOrigin(nil); origin != nil || err != nil {
		t.Errorf("a healthy run broke: %v, %v", origin, err)
	}
	if !reflect.DeepEqual(snapshot(t, trainer), want) {
		t.Error("the repeated run is another one")
	}
}
