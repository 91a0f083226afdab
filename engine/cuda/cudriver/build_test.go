package cudriver_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// makeCommand builds the command of this source by make, in an environment with these variables, and returns what make said.
func makeCommand(t *testing.T, environment []string, args ...string) string {
	t.Helper()
	if _, err := exec.LookPath("make"); err != nil {
		t.Skip("make is not installed here, and the test builds the command by it")
	}
	// A test's result is kept while the files that it looked at stay as they are.
	for _, file := range []string{"../../../Makefile", "cgo-flags.sh", "libcuda/cuda.h", "libcuda/cuda_functions.h"} {
		if _, err := os.Stat(file); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.Command("make", append([]string{"--no-print-directory", "-C", "../../.."}, args...)...)
	cmd.Env = append(os.Environ(), environment...)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %v\n%s", cmd.Args, err, out)
	}
	return strings.TrimSpace(string(out))
}

// devices is what the command says of GPUs where there is no NVIDIA driver.
func devices(t *testing.T, gangpu string) string {
	t.Helper()
	cmd := exec.Command(gangpu, "devices")
	cmd.Env = append(os.Environ(), "GANGPU_LIBCUDA=/nowhere/libcuda.so.1")
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %v\n%s", cmd.Args, err, out)
	}
	_, text, _ := strings.Cut(string(out), "no GPU: ")
	return text
}

// With a C compiler `make build` makes the command that asks the driver, with no CUDA toolkit and without a word.
func TestMakeBuildsForGPU(t *testing.T) {
	compiler(t)
	gangpu := filepath.Join(t.TempDir(), "gangpu")
	if said := makeCommand(t, nil, "build", "BINARY="+gangpu); said != "" {
		t.Errorf("make build said: %s", said)
	}
	if got := devices(t, gangpu); !strings.HasPrefix(got, "no NVIDIA driver (/nowhere/libcuda.so.1") {
		t.Errorf("without a driver the command for GPUs says: no GPU: %s", got)
	}
}

// Without a C compiler the command is made for the CPU alone, as make and the command say.
func TestMakeInstallsForCPU(t *testing.T) {
	dir := t.TempDir()
	const compiler = "/nowhere/cc"
	said := makeCommand(t, []string{"CC=" + compiler, "GOBIN=" + dir}, "install")
	if want := "this gangpu computes on the CPU alone: "; !strings.HasPrefix(said, want) || strings.Contains(said, "\n") {
		t.Errorf("make install without a C compiler said %q, want a line that starts with %q", said, want)
	}
	if got := devices(t, filepath.Join(dir, "gangpu")); !strings.HasPrefix(got, "this build is for the CPU alone; make") {
		t.Errorf("the command for the CPU says: no GPU: %s", got)
	}
}
