package gan

import "testing"

// Two iterations of every variant of the game, by the CUDA kernels under all checks of the emulator,
// are those of the CPU.
func TestVariantsOnEmulatedGPU(t *testing.T) {
	if testing.Short() {
		t.Skip("the emulator takes some seconds for it")
	}
	const conditional = "conditional, penalty"
	variants := map[string]func(*Settings){
		conditional:                           func(s *Settings) { s.GradientPenalty = 1 },
		"label smoothing, two rates, average": func(s *Settings) { s.LabelSmoothing, s.LearningRateD, s.EMA = 0.1, 4e-4, 0.9 },
		"penalty under dropout":               func(s *Settings) { s.GradientPenalty = 1 },
	}
	for _, loss := range Losses() {
		variants[string(loss)] = func(s *Settings) { *s = DefaultSettings().WithLoss(loss) }
	}
	for name, change := range variants {
		t.Run(name, func(t *testing.T) {
			s := tinySettings()
			change(&s)
			s.Height, s.Width, s.Latent, s.Batch, s.K = 8, 8, 6, 4, 1
			gpu := openEmulated(t, "fp32")
			var got [2]*ModelFile
			var l layouts
			start := tinyTrainer
			if name == conditional {
				start = conditionalTrainer
			}
			for i, trainer := range []*Trainer{start(t, gpu, s), start(t, openCPU(t, 0), s)} {
				iterate(t, trainer, 2)
				got[i], l = snapshot(t, trainer), trainer.layouts
			}
			for i, m := range got[0].metrics {
				if want := got[1].metrics[i]; max(m-want, want-m) > 1e-4*max(1, want, -want) {
					t.Errorf("metric %d is %v, on the CPU %v", i, m, want)
				}
			}
			for i, n := range got[0].networks(l) {
				for j, part := range n.parts() {
					want := *got[1].networks(l)[i].parts()[j].values
					if len(*part.values) != len(want) {
						t.Fatalf("%s%s: %d elements, on the CPU %d", part.prefix, n.layout.Name, len(*part.values), len(want))
					}
					if want == nil {
						continue
					}
					if e := relativeError(*part.values, widen(want)); !(e <= 1e-3) {
						t.Errorf("%s%s: relative error %g", part.prefix, n.layout.Name, e)
					}
				}
			}
		})
	}
}
