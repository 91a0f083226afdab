package engine_test

import (
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// A program that imports package engine does not hold the emulator, with or without GPUs.
func TestEngineHoldsNoEmulator(t *testing.T) {
	for _, tags := range []string{"", "gpu"} {
		out, err := exec.Command("go", "list", "-deps", "-tags", tags, "gangpu/engine").Output()
		if err != nil {
			t.Fatalf("go list -deps -tags %q: %v", tags, err)
		}
		packages := strings.Fields(string(out))
		if !slices.Contains(packages, "gangpu/engine/cuda") {
			t.Fatalf("tags %q: package engine/cuda is not among %d dependencies", tags, len(packages))
		}
		for _, p := range packages {
			if strings.HasPrefix(p, "gangpu/kernels/ptxemu") || strings.HasSuffix(p, "/softdriver") {
				t.Errorf("tags %q: package engine depends on %s", tags, p)
			}
		}
	}
}
