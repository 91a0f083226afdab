package bench

import (
	"testing"

	"gangpu/engine/cpu"
	"gangpu/engine/program"
	"gangpu/gan/train"
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
	u := openRun(t, Options{Batch: 256, Measurements: 1})
	g := u.phases[1].Programs[0]
	flops, _ := count(g.Program)
	if want := 2.0 * 256 * image; flops != want {
		t.Errorf("%.4g FLOP, want %.4g", flops, want)
	}
	if flops < 25.5e9 || flops > 27.5e9 {
		t.Errorf("%.4g FLOP, want about 26 GFLOP", flops)
	}
	var layer float64
	names := newLayerNames(u.trainer)
	for _, s := range g.Program.Steps {
		if name, _ := names.body(s.Name); name == "generator/conv2d" {
			layer += program.FLOPs(s.Op)
		}
	}
	if layer < 16.9e9 || layer > 17.1e9 {
		t.Errorf("%.4g FLOP in the 28x28 convolution, want 17 GFLOP", layer)
	}
}

func openRun(t *testing.T, o Options) *run {
	t.Helper()
	s, err := o.subject()
	if err != nil {
		t.Fatal(err)
	}
	data, err := s.data()
	if err != nil {
		t.Fatal(err)
	}
	u, err := newRun(train.Ranks{}, openCPU(t), s, data)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := u.trainer.Close(); err != nil {
			t.Error(err)
		}
	})
	return u
}
