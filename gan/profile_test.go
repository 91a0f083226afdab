package gan

import (
	"testing"
	"time"
)

// A D step and a G step run one by one are what an iteration makes of them.
func TestTrainingSteps(t *testing.T) {
	s := tinySettings()
	whole, single := tinyTrainer(t, openCPU(t, 2), s), tinyTrainer(t, openCPU(t, 2), s)
	iterate(t, whole, 1)
	d, g, err := single.TrainingSteps()
	if err != nil {
		t.Fatal(err)
	}
	for _, step := range []TrainingStep{d, g} {
		times := make([]time.Duration, len(step.Program.Steps))
		if err := step.Executable.Profile(times); err != nil {
			t.Fatal(err)
		}
	}
	if n := single.Iterations(); n != 0 {
		t.Errorf("%d iterations were counted", n)
	}
	want, got := snapshot(t, whole), snapshot(t, single)
	for _, name := range []string{"generator/dense/kernel", "discriminator/conv2d/bias"} {
		a, _, err := want.Parameter(name)
		if err != nil {
			t.Fatal(err)
		}
		b, _, err := got.Parameter(name)
		if err != nil {
			t.Fatal(err)
		}
		for i := range a {
			if a[i] != b[i] {
				t.Fatalf("%s[%d] is %v, an iteration makes it %v", name, i, b[i], a[i])
			}
		}
	}
}

func TestDeviceBytes(t *testing.T) {
	trainer := tinyTrainer(t, openCPU(t, 1), tinySettings())
	want := trainer.stepD.ScratchBytes() + trainer.stepG.ScratchBytes()
	for _, m := range trainer.arrays.bindings {
		want += m.Len() * m.DType().Size()
	}
	// The dataset alone, and four arrays as long as the parameters, are a lower bound by hand.
	parameters := trainer.layouts.generator.Len + trainer.layouts.discriminator.Len
	if atLeast := 64*8*8 + 4*4*parameters; want < atLeast {
		t.Fatalf("the arrays sum up to %d bytes, less than %d", want, atLeast)
	}
	if got := trainer.DeviceBytes(); got != want {
		t.Errorf("DeviceBytes is %d, want %d", got, want)
	}
}
