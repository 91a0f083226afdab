//go:build gpu && linux && cgo && (amd64 || arm64)

package main

import (
	"path/filepath"
	"strings"
	"testing"
)

// The command on a GPU, with the emulator where the driver's library would be: gorgonia.org/cu,
// the C interface, the launches and the shipped PTX are the real ones.
func TestTrainOnDriverInSoftware(t *testing.T) {
	if testing.Short() {
		t.Skip("the emulator is slow under the race detector")
	}
	t.Setenv("GANGPU_LIBCUDA", "emulated")
	if out := succeed(t, "devices"); !strings.Contains(out, "cuda:0") || !strings.Contains(out, "compute capability 8.0") {
		t.Errorf("devices:\n%s", out)
	}
	dir := t.TempDir()
	args := func(device, out string) []string {
		return []string{"train", "--device", device, "--batch", "2", "--iterations", "1", "--require-gpu", "--out", filepath.Join(dir, out)}
	}
	out := succeed(t, args("0", "gpu")...)
	if !strings.Contains(out, "device  cuda:0") {
		t.Errorf("trained on another device:\n%s", out)
	}
	fail(t, exitFailed, "there is no GPU 3: there is 0", args("3", "none")...)
	if same := succeed(t, args("emulated", "emulated")...); strings.Count(same, ">1, 1/") != 1 {
		t.Errorf("trained on the emulator:\n%s", same)
	}
	if !sameTensors(readTensors(t, dir, "gpu", "model.safetensors"), readTensors(t, dir, "emulated", "model.safetensors")) {
		t.Error("the emulator behind the C interface and by itself made different models")
	}
}
