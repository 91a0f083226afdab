package bench

import (
	"testing"

	"gangpu/engine/cpu"
	"gangpu/engine/expr"
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

func TestCounts(t *testing.T) {
	large := program.Geometry{Batch: 1, InH: 28, InW: 28, InC: 32, OutC: 1, FilterH: 28, FilterW: 28, StrideH: 1, StrideW: 1}
	strided := program.Geometry{Batch: 2, InH: 14, InW: 14, InC: 3, OutC: 5, FilterH: 3, FilterW: 3, StrideH: 2, StrideW: 2}
	for _, c := range []struct {
		op           program.Op
		flops, bytes float64
	}{
		// 588 of the 28*28 pairs of rows meet, and of columns.
		{program.Conv2D{Geometry: large, Epilogue: program.Epilogue{Bias: true}}, 2 * 588 * 588 * 32, 4 * (28*28*32 + 28*28*32 + 1 + 28*28)},
		{program.Conv2DFilterGrad{Geometry: large}, 2 * 588 * 588 * 32, 4 * (28*28*32 + 28*28 + 28*28*32)},
		// The padding is after the image, so that one of 7 positions has 2 taps and the others 3.
		{program.Conv2DTranspose{Geometry: strided}, 2 * 2 * 20 * 20 * 3 * 5, 4 * (2*7*7*5 + 9*3*5 + 2*14*14*3)},
		{program.Conv2DInputGrad{Geometry: strided}, 2 * 2 * 20 * 20 * 3 * 5, 4 * (2*7*7*5 + 9*3*5 + 2*14*14*3)},
		{program.MatMul{M: 2, N: 3, K: 5, TransA: true}, 60, 4 * (10 + 15 + 6)},
		{program.NewMap([]int{10}, func(x ...expr.Expr) expr.Expr { return x[0].Mul(x[1]) }, []int{10}, []int{10}), 0, 120},
		{program.Adam{N: 10}, 0, 4 * (10 + 1 + 2*30)},
		{program.Images{Batch: 2, Pixels: 9, Count: 1000}, 0, 2*9 + 2*4 + 4*2*9},
	} {
		if got := FLOPs(c.op); got != c.flops {
			t.Errorf("%T: %v FLOP, want %v", c.op, got, c.flops)
		}
		if got := Bytes(c.op); got != c.bytes {
			t.Errorf("%T: %v bytes, want %v", c.op, got, c.bytes)
		}
	}
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
			layer += FLOPs(s.Op)
		}
	}
	if layer < 16.9e9 || layer > 17.1e9 {
		t.Errorf("%.4g FLOP in the 28x28 convolution, want 17 GFLOP", layer)
	}
}
