package bench

import (
	"testing"

	"gangpu/engine/cpu"
	"gangpu/engine/program"
	"gangpu/gan"
)

func openCPU(t *testing.T) program.Device {
	t.Helper()
	dev, err := cpu.Open(cpu.Options{Threads: 2})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := dev.Close(); err != nil {
			t.Error(err)
		}
	})
	return dev
}

// The tutorial's G step by hand, in multiply-adds per image.
func TestCountsOfGeneratorStep(t *testing.T) {
	const (
		dense       = 100 * 7 * 7 * 64  // forward and filter gradient
		transposed1 = 20 * 20 * 64 * 64 // all three passes
		transposed2 = 41 * 41 * 64 * 32 // all three
		large       = 588 * 588 * 32    // all three
		conv1       = 41 * 41 * 32      // D's: forward and input gradient
		conv2       = 20 * 20 * 32 * 64 // the same
		logit       = 7 * 7 * 64        // the same
		image       = 2*dense + 3*transposed1 + 3*transposed2 + 3*large + 2*conv1 + 2*conv2 + 2*logit
	)
	s := Options{Batch: 256, Measurements: 1}.settings()
	m, err := gan.Tutorial(s)
	if err != nil {
		t.Fatal(err)
	}
	trainer, err := gan.NewTrainer(openCPU(t), s, m, gan.Images{Pixels: make([]byte, 28*28), Count: 1, Rows: 28, Cols: 28})
	if err != nil {
		t.Fatal(err)
	}
	defer trainer.Close()
	_, g, err := trainer.TrainingSteps()
	if err != nil {
		t.Fatal(err)
	}
	flops, _ := count(g.Program)
	if want := 2.0 * 256 * image; flops != want {
		t.Errorf("%.4g FLOP, want %.4g", flops, want)
	}
	if flops < 25.5e9 || flops > 27.5e9 {
		t.Errorf("%.4g FLOP, want about 26 GFLOP", flops)
	}
	var layer float64
	for _, s := range g.Program.Steps {
		if name, _ := layerOf(s.Name); name == "generator/conv2d" {
			layer += program.FLOPs(s.Op)
		}
	}
	if layer < 16.9e9 || layer > 17.1e9 {
		t.Errorf("%.4g FLOP in the 28x28 convolution, want 17 GFLOP", layer)
	}
}
