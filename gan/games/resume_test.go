package games_test

import (
	"path/filepath"
	"slices"
	"testing"

	"gangpu/engine/program"
	"gangpu/gan/games/cyclegan"
	"gangpu/gan/games/pix2pix"
	"gangpu/gan/train"
	"gangpu/gan/train/traintest"
)

// A run of pairs that was killed goes on from its file to the bits that it would have come to, pools included, on the
// CPU and on the emulated GPU.
func TestPairsResumeToTheSameBits(t *testing.T) {
	in := train.Input{Height: 8, Width: 8, Channels: 3, Fields: []string{"a", "b"}, Iterations: 6}
	pix := pix2pix.System.Presets[1].Settings.(pix2pix.Settings)
	pix.Filters, pix.DFilters, pix.DLayers = 2, 2, 1
	cycle := cyclegan.System.Presets[1].Settings.(cyclegan.Settings)
	cycle.Filters, cycle.DFilters, cycle.DLayers, cycle.Blocks, cycle.Pool = 2, 2, 1, 1, 3
	for name, settings := range map[string]any{"pix2pix": pix, "cyclegan": cycle} {
		of := map[string]train.System{"pix2pix": pix2pix.System, "cyclegan": cyclegan.System}[name]
		g, err := of.New(settings, in)
		if err != nil {
			t.Fatal(err)
		}
		for device, open := range map[string]func(testing.TB) program.Device{"cpu": traintest.CPU, "emulated": traintest.Emulated} {
			t.Run(name+" "+device, func(t *testing.T) {
				if device == "emulated" && testing.Short() {
					t.Skip("-short leaves out the emulator, which the race detector makes too slow; make test runs this")
				}
				resumes(t, open(t), g, map[string]int{"cpu": 2, "emulated": 1}[device])
			})
		}
	}
}

func resumes(t *testing.T, dev program.Device, g train.Game, shards int) {
	t.Helper()
	d := traintest.Pairs(6, 8, 8, 3)
	steps := func(tr *train.Trainer, n int) *train.Model {
		for range n {
			if err := tr.Step(); err != nil {
				t.Fatal(err)
			}
			if _, err := tr.Metrics(); err != nil {
				t.Fatal(err)
			}
		}
		m, err := tr.Snapshot()
		if err != nil {
			t.Fatal(err)
		}
		return m
	}
	tr, err := train.New(dev, g, train.Settings{Batch: 2 * shards, Shards: shards, Seed: 7, Iterations: 6}, d)
	if err != nil {
		t.Fatal(err)
	}
	defer tr.Close()
	path := filepath.Join(t.TempDir(), "model.safetensors")
	if err := steps(tr, 2).Save(path); err != nil {
		t.Fatal(err)
	}
	whole := steps(tr, 2)
	m, err := train.Load(path)
	if err != nil {
		t.Fatal(err)
	}
	again, err := train.Resume(dev, g, m, d)
	if err != nil {
		t.Fatal(err)
	}
	defer again.Close()
	parts := steps(again, 2)
	if len(parts.Arrays) != len(whole.Arrays) {
		t.Errorf("%d arrays after a resume, %d without", len(parts.Arrays), len(whole.Arrays))
	}
	for _, a := range whole.Arrays {
		if b, ok := parts.Array(a.Name); !ok || !slices.Equal(a.Values, b.Values) {
			t.Errorf("%s is other after a resume", a.Name)
		}
	}
}
