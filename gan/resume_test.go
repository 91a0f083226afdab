package gan

import (
	"maps"
	"path/filepath"
	"strings"
	"testing"

	"gangpu/engine/program"
)

// tensorsHash is of the tensors that a trainer would save.
func tensorsHash(t *testing.T, trainer *Trainer) string {
	t.Helper()
	file, err := snapshot(t, trainer).encode()
	if err != nil {
		t.Fatal(err)
	}
	clear(file.Metadata)
	sum, err := file.Checksum(sumKey)
	if err != nil {
		t.Fatal(err)
	}
	return sum
}

// resumed goes on, on another device, from what a trainer saves to a file.
func resumed(t *testing.T, dev program.Device, from *Trainer) *Trainer {
	t.Helper()
	path := filepath.Join(t.TempDir(), "model.safetensors")
	if err := from.Save(path); err != nil {
		t.Fatal(err)
	}
	f, err := Load(path)
	if err != nil {
		t.Fatal(err)
	}
	trainer, err := ResumeTrainer(dev, f, discs(64, f.Settings.Height, f.Settings.Width))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := trainer.Close(); err != nil {
			t.Error(err)
		}
	})
	return trainer
}

// 2N iterations make the bits of N, stop, resume and N, whatever the number of threads of each part:
// where an epoch ends, which is after 4, and in the middle of one.
func TestResume(t *testing.T) {
	one, two, three := openCPU(t, 1), openCPU(t, 2), openCPU(t, 3)
	for name, change := range map[string]func(*Settings){
		"every iteration":                       func(s *Settings) { s.K = 1 },
		"every second iteration":                func(*Settings) {},
		"every third iteration":                 func(s *Settings) { s.K = 3 },
		"two steps an iteration":                func(s *Settings) { s.Alternation = KSteps },
		"without dropout":                       func(s *Settings) { s.Dropout = 0 },
		"minimax":                               func(s *Settings) { s.Loss = Minimax },
		"least squares with an average":         func(s *Settings) { s.Loss, s.EMA = LeastSquares, 0.9 },
		"hinge, D at a rate of its own":         func(s *Settings) { s.Loss, s.LearningRateD = Hinge, 4e-3 },
		"smoothed labels":                       func(s *Settings) { s.LabelSmoothing = 0.1 },
		"Wasserstein's, clipped":                func(s *Settings) { s.Loss, s.Clip, s.Alternation, s.K = Wasserstein, 0.05, KSteps, 3 },
		"Wasserstein's with a gradient penalty": func(s *Settings) { s.Loss, s.GradientPenalty = WassersteinGP, 10 },
	} {
		t.Run(name, func(t *testing.T) {
			s := tinySettings()
			change(&s)
			for _, n := range []int{3, 4} {
				whole := tinyTrainer(t, one, s)
				iterate(t, whole, 2*n)
				first := tinyTrainer(t, two, s)
				iterate(t, first, n)
				second := resumed(t, three, first)
				if second.Iterations() != n || second.Epoch() != n/4 || second.Iteration() != n%4 {
					t.Errorf("resumed at iteration %d, epoch %d, %d", second.Iterations(), second.Epoch(), second.Iteration())
				}
				middle := tensorsHash(t, second)
				iterate(t, second, n)
				got, want := tensorsHash(t, second), tensorsHash(t, whole)
				if got != want || got == middle {
					t.Errorf("%d iterations, stop and as many again: %s, in one go %s", n, got, want)
				}
				a, errA := second.Metrics()
				b, errB := whole.Metrics()
				if a != b || errA != nil || errB != nil {
					t.Errorf("metrics %+v (%v), in one go %+v (%v)", a, errA, b, errB)
				}
			}
		})
	}
}

func TestResumeKeepsNotes(t *testing.T) {
	dev := openCPU(t, 0)
	first := tinyTrainer(t, dev, tinySettings())
	first.Notes = map[string]string{"dataset": "discs"}
	if got := resumed(t, dev, first).Notes; !maps.Equal(got, first.Notes) {
		t.Errorf("notes %v", got)
	}
	images := discs(63, first.settings.Height, first.settings.Width)
	if _, err := ResumeTrainer(dev, snapshot(t, first), images); err == nil || !strings.Contains(err.Error(), "trained on 64 images, these are 63") {
		t.Errorf("resuming on other images: %v", err)
	}
}

// So it is with the CUDA kernels; and what one device saved, the other goes on with: to the same
// draws, and weights that differ by rounding.
func TestResumeOnEmulatedGPU(t *testing.T) {
	if testing.Short() {
		t.Skip("the emulator takes some seconds for it")
	}
	s := tinySettings()
	s.Batch, s.K, s.EMA = 4, 3, 0.9
	gpu, cpu := openEmulated(t, "fp32"), openCPU(t, 0)
	const n = 2
	whole, first := tinyTrainer(t, gpu, s), tinyTrainer(t, gpu, s)
	iterate(t, whole, 2*n)
	iterate(t, first, n)
	second := resumed(t, gpu, first)
	elsewhere := resumed(t, cpu, first)
	iterate(t, second, n)
	iterate(t, elsewhere, n)
	if got, want := tensorsHash(t, second), tensorsHash(t, whole); got != want {
		t.Errorf("stopped and resumed: %s, in one go %s", got, want)
	}
	onCPU := tinyTrainer(t, cpu, s)
	iterate(t, onCPU, n)
	back := resumed(t, gpu, onCPU)
	iterate(t, back, n)
	want := snapshot(t, whole)
	for what, trainer := range map[string]*Trainer{"from the GPU to the CPU": elsewhere, "from the CPU to the GPU": back} {
		f := snapshot(t, trainer)
		for i, network := range f.networks(trainer.layouts) {
			other := want.networks(trainer.layouts)[i]
			if e := relativeError(network.parameters, widen(other.parameters)); !(e < 1e-4) || network.steps != other.steps {
				t.Errorf("%s: %s after %d steps is off by %g", what, network.layout.Name, network.steps, e)
			}
		}
	}
}
