package bench

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func countRoofline(t *testing.T, batch int, precision string) *Roofline {
	t.Helper()
	card, err := LookupCard("h200")
	if err != nil {
		t.Fatal(err)
	}
	r, err := CountRoofline(Options{Batch: batch, Measurements: 1}, precision, card)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// What the shipped kernels move, over a step and operation by operation. Sums that are split over blocks are written and
// read once more, which weighs more in a small batch: the bounds are of this one, not of 256, where a step's ratio is smaller.
func TestRoofline(t *testing.T) {
	if testing.Short() {
		t.Skip("the emulator takes some seconds for both steps")
	}
	const batch = 8
	r := countRoofline(t, batch, "tf32")
	if r.Batch != batch || r.Precision != "tf32" || len(r.Steps) != 2 {
		t.Fatalf("the roofline is of batch %d, %s, %d steps", r.Batch, r.Precision, len(r.Steps))
	}
	for i, most := range []float64{1.3, excess} {
		s := &r.Steps[i]
		sum := s.sum()
		all := sum.all()
		if ratio := all.UniqueBytes / sum.Bytes; !(ratio >= 1 && ratio <= most) {
			t.Errorf("the %s moves %.3f times its floor, want 1 to %v", s.Name, ratio, most)
		} else {
			t.Logf("the %s moves %.3f times its floor", s.Name, ratio)
		}
		for _, o := range s.Operations {
			all := o.all()
			if strings.HasSuffix(o.Name, "/fill") { // once, before the steps
				continue
			}
			// It executes less than the direct convolution that is counted as useful, and has spectra between its launches.
			fft := o.launches("conv2d_fft_transform")
			if len(o.Kernels) == 0 || all.Blocks == 0 || all.Instructions == 0 || !(o.Seconds > 0) {
				t.Errorf("%s has no launches: %+v", o.Name, o)
			}
			if all.FP32FLOPs+all.MatrixFLOPs < o.FLOPs && !fft {
				t.Errorf("%s executes %v FLOP for %v useful ones", o.Name, all.FP32FLOPs+all.MatrixFLOPs, o.FLOPs)
			}
			// Sectors round small operands up, and what several blocks read is unique once.
			const rounding = 4 * sectorBytes
			if all.UniqueBytes+rounding < o.Bytes && !strings.HasPrefix(o.Name, "real") {
				t.Errorf("%s moves %v bytes, less than its floor of %v", o.Name, all.UniqueBytes, o.Bytes)
			}
			if !(all.UniqueBytes <= all.BlockBytes && all.BlockBytes <= all.SectorBytes) {
				t.Errorf("%s: %v bytes once a launch, %v once a block, %v in all", o.Name, all.UniqueBytes, all.BlockBytes, all.SectorBytes)
			}
			// Parts of a gradient's sum are written here, and added where Adam reads it.
			splits := o.launches("split_sum") || o.launches("split_sums") ||
				strings.HasSuffix(o.Name, "filter_grad") || strings.HasSuffix(o.Name, "bias_grad")
			if !splits && !fft && all.UniqueBytes > 1.1*o.Bytes+rounding {
				t.Errorf("%s moves %.3f times its floor without splitting its sum", o.Name, all.UniqueBytes/o.Bytes)
			}
			// Tensor cores have every product with work worth it.
			if o.FLOPs > 1e6 && all.MatrixFLOPs == 0 && !fft {
				t.Errorf("%s does %v FLOP without mma", o.Name, o.FLOPs)
			}
		}
	}

	o := Options{Batch: batch, Measurements: 1}
	// Any device has the same operations, so that each gets its time.
	if err := r.Measure(openCPU(t), o); err == nil || !strings.Contains(err.Error(), "fp32") {
		t.Errorf("times of another precision are put beside the predictions: %v", err)
	}
	r.Precision = "fp32"
	if err := r.Measure(openCPU(t), o); err != nil {
		t.Fatal(err)
	}
	for _, s := range r.Steps {
		for _, o := range s.Operations {
			if !(o.Measured > 0) {
				t.Errorf("%s has no time", o.Name)
			}
		}
	}
}

func cost(name string, floor float64, kernels ...KernelCost) OperationCost {
	o := OperationCost{Name: name, FLOPs: 1e9, Bytes: floor, Kernels: kernels}
	for _, k := range kernels {
		o.Seconds += k.Seconds
	}
	return o
}

func sampleRoofline(precision string, seconds float64) *Roofline {
	card, _ := LookupCard("h200")
	return &Roofline{Game: "tutorial", Preset: "tutorial", Input: digits, Batch: 256, Precision: precision, Card: card, Steps: []StepCost{
		{"phase g", 1, []OperationCost{
			cost("product", 10e6, KernelCost{Kernel: "matmul", Blocks: 9, MatrixFLOPs: 2e9, UniqueBytes: 20e6, BlockBytes: 30e6, Seconds: seconds, Bound: "mma"},
				KernelCost{Kernel: "split_sum", Blocks: 3, UniqueBytes: 11e6, Seconds: 2e-6, Bound: "launch"}),
			cost("tiny", 100, KernelCost{Kernel: "fill", Blocks: 1, UniqueBytes: 3200, Seconds: 2e-6, Bound: "launch"}),
		}},
		{"phase d", 0.5, []OperationCost{cost("copied", 1e6, KernelCost{Kernel: "copy", Blocks: 4, UniqueBytes: 1e6, Seconds: 4e-6, Bound: "memory"})}},
	}}
}

func TestRooflineTable(t *testing.T) {
	r := sampleRoofline("tf32", 50e-6)
	got := text(t, func(b *strings.Builder) error { return r.WriteTable(b) })
	contains(t, got, "tutorial, preset tutorial, images of 28 x 28 pixels of 1 channel, batch 256, tf32", "h200: 132 multiprocessors", "product matmul + split_sum 2 12 1.000 0.000 2.000",
		"31.00 10.00 3.10 52.0 mma\n", "product moves 3.1 times its floor, 21.0 MB more: the parts of its sum",
		"phase g 3 13 2.000", "iteration, 1 phase g + 0.5 phase d: predicted 56.0 us\n")
	if strings.Contains(got, "tiny moves") || strings.Contains(got, "measured") {
		t.Errorf("too much is said in\n%s", got)
	}
	r.Device, r.Steps[0].Operations[0].Measured = "a card", 104e-6
	got = text(t, func(b *strings.Builder) error { return r.WriteTable(b) })
	contains(t, got, "measured on a card", "52.0 mma 104.0 2.00\n", "measured 104.0 us, 1.86 times that\n")
}

func TestRooflineGames(t *testing.T) {
	h100 := sampleRoofline("tf32", 60e-6)
	h100.Card.Name = "h100"
	other := sampleRoofline("tf32", 70e-6)
	other.Game = "dcgan"
	got := text(t, func(b *strings.Builder) error {
		return WriteRooflineGames(b, []*Roofline{sampleRoofline("tf32", 50e-6), h100, other})
	})
	contains(t, got, "| moved / floor | h200, us | h100, us |\n",
		"| tutorial, 28 x 28 pixels of 1 channel, batch 256, tf32 | phase g | 3 | 2.00 | 10.0 | 31.0 | 3.10 | 54 | 64 |\n", "| phase d | 1 | 1.00 | 1.0 | 1.0 | 1.00 | 4 | 4 |\n",
		"| dcgan, 28 x 28 pixels of 1 channel, batch 256, tf32 | phase g | 3 | 2.00 | 10.0 | 31.0 | 3.10 | 74 | |\n")
}

func TestRooflineConvolutions(t *testing.T) {
	card, err := LookupCard("h200")
	if err != nil {
		t.Fatal(err)
	}
	r, err := CountConvolutions(ConvOptions{Batches: []int{1}, Shapes: "4x4/2 3-64"}, "tf32", card)
	if err != nil {
		t.Fatal(err)
	}
	if len(r.Steps) != 1 {
		t.Fatalf("%d layers", len(r.Steps))
	}
	g := ConvShape{Batch: 1, In: 3, Out: 64, Size: 64, Filter: 4, Stride: 2, Padding: 1}.geometry()
	for i, o := range r.Steps[0].Operations {
		all := o.all()
		if o.Name != ConvPasses[i] || o.FLOPs != 2*float64(g.MACs()) || !(all.UniqueBytes >= o.Bytes) || !(all.MatrixFLOPs >= o.FLOPs) {
			t.Errorf("%s of %s: %+v", o.Name, r.Steps[0].Name, o)
		}
	}
	got := text(t, func(b *strings.Builder) error { return r.WriteConvRoofline(b, card) })
	contains(t, got, "| h200, us | bound | of the peak |\n", "| 4x4/2 3-64 @64 b1 | forward | conv2d_")
	if err := r.WriteConvRoofline(&strings.Builder{}, Cards[0]); err == nil || !strings.Contains(err.Error(), "v100 runs other kernels") {
		t.Errorf("error is %v", err)
	}
	if err := sampleRoofline("tf32", 1).WriteConvRoofline(&strings.Builder{}); err == nil {
		t.Error("a game's roofline is taken for one of convolutions")
	}
}

func TestRooflineMarkdown(t *testing.T) {
	path := filepath.Join(t.TempDir(), "r.json")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := sampleRoofline("tf32", 50e-6).Write(f); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	r, err := ReadRoofline(path)
	if err != nil {
		t.Fatal(err)
	}
	other := sampleRoofline("fp32", 90e-6)
	got := text(t, func(b *strings.Builder) error { return r.WriteMarkdown(b, other) })
	contains(t, got, "| bound | fp32, us | bound |\n", "| product | matmul + split_sum | 12 | 1.00 | 2.00 | 10.0 | 31.0 | 30.0 | 52.0 | mma | 92.0 | mma |\n",
		"| 1 others | | 1 |", "| all | 3 launches |", "- product moves 3.1 times", "in tf32: 56 us. An iteration in fp32: 96 us.\n")
	other.Batch = 8
	if err := r.WriteMarkdown(&strings.Builder{}, other); err == nil || !strings.Contains(err.Error(), "batch 8") {
		t.Errorf("two batches are in one table: %v", err)
	}
	if err := os.WriteFile(path, []byte("{}"), 0o666); err != nil {
		t.Fatal(err)
	}
	if _, err := ReadRoofline(path); err == nil || !strings.Contains(err.Error(), path) {
		t.Errorf("an empty file is read: %v", err)
	}
}

// Each bound, on a card of round numbers.
func TestPredict(t *testing.T) {
	card := Card{Processors: 10, Clock: 1e9, FP32: 100, TF32: 1e13, L2: 2e12, Memory: 1e12}
	for _, c := range []struct {
		k       KernelCost
		seconds float64
		bound   string
	}{
		{KernelCost{Blocks: 10}, 2e-6, "launch"},
		{KernelCost{Blocks: 1, UniqueBytes: 85e6}, 100e-6, "memory"},
		{KernelCost{Blocks: 1, UniqueBytes: 1e6, BlockBytes: 100e6}, 50e-6, "L2"},
		{KernelCost{Blocks: 10, SharedWavefronts: 60e4, SectorBytes: 40e4 * 4 * 32}, 100e-6, "L1"},
		{KernelCost{Blocks: 10, FP32FLOPs: 2e8}, 100e-6, "fp32"},
		{KernelCost{Blocks: 10, MatrixFLOPs: 1e9}, 100e-6, "mma"},
		{KernelCost{Blocks: 10, Instructions: 3e6}, 100e-6, "issue"},
		// The eleventh block is another wave; one block has one multiprocessor.
		{KernelCost{Blocks: 11, Instructions: 3.3e6}, 200e-6, "issue"},
		{KernelCost{Blocks: 1, MatrixFLOPs: 1e8}, 100e-6, "mma"},
	} {
		seconds, bound := card.predict(&c.k)
		if bound != c.bound || seconds < c.seconds*0.999 || seconds > c.seconds*1.001 {
			t.Errorf("%+v: %.4g s by %s, want %.4g s by %s", c.k, seconds, bound, c.seconds, c.bound)
		}
	}
	if c, err := LookupCard("NVIDIA H200, compute capability 9.0, 139.8 GiB, driver for CUDA 12.8"); err != nil || c.Name != "h200" {
		t.Errorf("the card is %q, %v", c.Name, err)
	}
	if _, err := LookupCard("emulated sm_80"); err == nil || !strings.Contains(err.Error(), "h100") {
		t.Errorf("an unknown card: %v", err)
	}
}
