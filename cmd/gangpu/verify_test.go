package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"gangpu/internal/safetensors"
)

// referenceVariable names a reference file in the environment.
const referenceVariable = "GANGPU_REFERENCE"

func referencePath(t *testing.T) string {
	t.Helper()
	path := os.Getenv(referenceVariable)
	if path == "" {
		t.Skip("GANGPU_REFERENCE names no reference file")
	}
	return path
}

func TestVerify(t *testing.T) {
	if testing.Short() {
		t.Skip("TestVerifyPerturbed replays the same step")
	}
	stdout := succeed(t, "verify", "--device", "cpu", "--reference", referencePath(t))
	line := regexp.MustCompile(`(?m)^\S+ +\d\.\d\de[-+]\d\d +1e-04\s*$`)
	if n := len(line.FindAllString(stdout, -1)); n != 32 || !strings.Contains(stdout, "32 tensors agree") {
		t.Errorf("%d lines of 32 tensors in\n%s", n, stdout)
	}
}

func TestVerifyPerturbed(t *testing.T) {
	file := readTensors(t, referencePath(t))
	tensor, err := file.Tensor("expect/grad/generator/conv2d/bias")
	if err != nil {
		t.Fatal(err)
	}
	values, err := tensor.Float64s()
	if err != nil {
		t.Fatal(err)
	}
	values[0] *= 1.001
	if *tensor, err = safetensors.New(tensor.Name, tensor.Shape, values); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "perturbed.safetensors")
	if err := safetensors.Write(path, file); err != nil {
		t.Fatal(err)
	}
	r := gangpu("verify", "--device", "cpu", "--reference", path)
	checkFailure(t, r, exitFailed, "1 of 32 tensors", []string{"verify"})
	if line := regexp.MustCompile(`(?m)^grad/generator/conv2d/bias .* differs$`); !line.MatchString(r.stdout) {
		t.Errorf("no line says which tensor differs:\n%s", r.stdout)
	}
}

// A step of a game says so by its format, and every tensor is named.
func TestVerifyGame(t *testing.T) {
	const step = "../../gan/games/testdata/wgan-clip.safetensors"
	stdout := succeed(t, "verify", "--device", "cpu", "--reference", step)
	line := regexp.MustCompile(`(?m)^critic 2/gradient/critic/conv2d/kernel +\d\.\d\de[-+]\d\d +1e-04\s*$`)
	if !line.MatchString(stdout) || !strings.Contains(stdout, "72 tensors agree") {
		t.Errorf("no line of a gradient, or no 72 tensors, in\n%s", stdout)
	}
	file := readTensors(t, step)
	file.Metadata["system"] = "chess"
	path := filepath.Join(t.TempDir(), "chess.safetensors")
	if err := safetensors.Write(path, file); err != nil {
		t.Fatal(err)
	}
	fail(t, exitFailed, `no game is called "chess"`, "verify", "--device", "cpu", "--reference", path)
}

func TestVerifyDamaged(t *testing.T) {
	whole := readFile(t, referencePath(t))
	path := filepath.Join(t.TempDir(), "damaged.safetensors")
	for _, n := range []int{0, 7, 1000, len(whole) - 1} {
		if err := os.WriteFile(path, whole[:n], 0o666); err != nil {
			t.Fatal(err)
		}
		fail(t, exitFailed, path, "verify", "--device", "cpu", "--reference", path)
	}
}

func TestVerifyOtherFiles(t *testing.T) {
	fail(t, exitFailed, "missing.safetensors", "verify", "--device", "cpu", "--reference", "missing.safetensors")
	fail(t, exitFailed, "not a reference", "verify", "--device", "cpu", "--reference", filepath.Join(trained(t), "model.safetensors"))
	fail(t, exitUsage, "--reference is missing", "verify", "--device", "cpu")
}
