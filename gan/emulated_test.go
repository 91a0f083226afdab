package gan

import (
	"maps"
	"math"
	"slices"
	"testing"

	"gangpu/engine/program"
	"gangpu/internal/safetensors"
)

// An iteration of the tutorial, at full image size, by the CUDA kernels under all checks of the
// emulator is that of the CPU: the same draws, and the same weights, moments and numbers after it.
func TestIterationOnEmulatedGPU(t *testing.T) {
	if testing.Short() {
		t.Skip("the emulator takes half a minute for an iteration")
	}
	s := DefaultSettings()
	s.Batch = 2
	m, err := Tutorial(s)
	if err != nil {
		t.Fatal(err)
	}
	gpu := openEmulated(t, "fp32")
	images := discs(20, s.Height, s.Width)
	got, err := NewTrainer(gpu, s, m, images)
	if err != nil {
		t.Fatal(err)
	}
	want, err := NewTrainer(openCPU(t, 0), s, m, images)
	if err != nil {
		t.Fatal(err)
	}
	for _, trainer := range []*Trainer{got, want} {
		t.Cleanup(func() {
			if err := trainer.Close(); err != nil {
				t.Error(err)
			}
		})
		iterate(t, trainer, 1)
	}
	var indices [2][1]uint32
	for i, trainer := range []*Trainer{got, want} {
		if err := read(trainer.arrays, storageIndices, 0, indices[i][:]); err != nil {
			t.Fatal(err)
		}
	}
	if indices[0] != indices[1] {
		t.Errorf("images %v were drawn, want %v", indices[0], indices[1])
	}
	near := func(what string, got, want []float32, tolerance float64) {
		if e := relativeError(got, widen(want)); !(e <= tolerance) {
			t.Errorf("%s: relative error %g, tolerance %g", what, e, tolerance)
		} else {
			t.Logf("%s: relative error %.1e", what, e)
		}
	}
	a, b := snapshot(t, got), snapshot(t, want)
	near("metrics", a.metrics[:], b.metrics[:], 1e-5)
	for i, n := range a.networks(got.layouts) {
		other := b.networks(want.layouts)[i]
		near(n.layout.Name+" parameters", n.parameters, other.parameters, 1e-4)
		near(n.layout.Name+" m", n.m, other.m, 1e-4)
		near(n.layout.Name+" v", n.v, other.v, 1e-4)
		if n.steps != 1 || n.steps != other.steps || slices.ContainsFunc(n.parameters, func(v float32) bool { return math.IsNaN(float64(v)) }) {
			t.Errorf("%s: %d steps", n.layout.Name, n.steps)
		}
	}
	for _, masks := range []string{maskOf(discriminatorName, "dropout"), storageNoise} {
		n := got.arrays.bindings[masks].Len()
		a, b := make([]float32, n), make([]float32, n)
		if err := read(got.arrays, masks, 0, a); err != nil {
			t.Fatal(err)
		}
		if err := read(want.arrays, masks, 0, b); err != nil {
			t.Fatal(err)
		}
		near(masks, a, b, 1e-5)
	}
}

// The tensor cores' products agree with a reference step to the tolerances of tf32 and, where LeakyReLU has
// no kink that an input could change sides at, in gradients too to that of all else.
func TestVerifyTF32(t *testing.T) {
	if testing.Short() {
		t.Skip("the emulator takes seconds for a step")
	}
	path := referencePath(t)
	gpu := openEmulated(t, "tf32")
	v, err := Verify(gpu, path)
	if err != nil {
		t.Fatal(err)
	}
	if !v.OK() {
		t.Errorf("the worst tensor: %+v", v.Worst())
	}

	file, err := safetensors.Read(path)
	if err != nil {
		t.Fatal(err)
	}
	file.Metadata["leaky_alpha"] = "1"
	r, err := readReference(file)
	if err != nil {
		t.Fatal(err)
	}
	var results []map[string][]float32
	for _, dev := range []program.Device{gpu, openCPU(t, 0)} {
		a := newArrays(dev)
		t.Cleanup(func() {
			if err := a.close(); err != nil {
				t.Error(err)
			}
		})
		result, err := r.replay(a)
		if err != nil {
			t.Fatal(err)
		}
		results = append(results, result)
	}
	for _, name := range slices.Sorted(maps.Keys(results[1])) {
		if e := relativeError(results[0][name], widen(results[1][name])); e > toleranceTF32 {
			t.Errorf("without kinks, %s is off by %.1e", name, e)
		}
	}
}
