package gan

import (
	"testing"

	"gangpu/engine/enginetest"
	"gangpu/engine/program"
)

// The presets' training steps take little more scratch memory than the order of their steps allows.
func TestScratchOfPresets(t *testing.T) {
	for _, preset := range Presets() {
		s := preset.Settings
		m, err := preset.Model(s)
		if err != nil {
			t.Fatal(err)
		}
		l, err := m.layouts()
		if err != nil {
			t.Fatal(err)
		}
		b := steps{layouts: l, s: s, batchD: s.Batch, batchG: s.Batch}
		for name, build := range map[string]func() (*program.Program, error){
			"D": func() (*program.Program, error) { return b.stepD(60_000) }, "G": b.stepG,
		} {
			p, err := build()
			if err != nil {
				t.Fatal(err)
			}
			size, bound, err := enginetest.Scratch(p)
			if err != nil {
				t.Fatalf("%s, %s: %v", preset.Name, name, err)
			}
			ratio := float64(size) / float64(bound)
			t.Logf("%s, %s: %d elements of scratch, %.4f times the bound", preset.Name, name, size, ratio)
			if !(ratio <= 1.1) {
				t.Errorf("%s, %s: %d elements of scratch, %.3f times the bound of %d", preset.Name, name, size, ratio, bound)
			}
		}
	}
}
