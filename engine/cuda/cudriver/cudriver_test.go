//go:build gpu && linux && (amd64 || arm64)

package cudriver

import (
	"os"
	"os/exec"
	"strings"
	"testing"

	"gangpu/engine/cuda"
	"gangpu/engine/cuda/cudriver/libcuda"
)

var _ cuda.Driver = (*Driver)(nil)

// A program linked with gorgonia.org/cu starts, and New says why there is no GPU, whatever
// becomes of the CUDA library.
func TestNewWithoutDriver(t *testing.T) {
	const libraryVariable = "GANGPU_TEST_LIBRARY"
	if library, ok := os.LookupEnv(libraryVariable); ok {
		libcuda.Use(library)
		_, err := New()
		os.Stdout.WriteString("New: " + err.Error() + "\n")
		os.Exit(0)
	}
	notALibrary := t.TempDir() + "/libcuda.so.1"
	if err := os.WriteFile(notALibrary, []byte("no library"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ library, want string }{
		{"", "CUDA is switched off"},
		{"/nowhere/libcuda.so.1", "no NVIDIA driver (/nowhere/libcuda.so.1: cannot open"},
		{notALibrary, "no NVIDIA driver (" + notALibrary},
		{"libm.so.6", "the NVIDIA driver does not start (cuInit: CUDA error 500)"},
	} {
		cmd := exec.Command(os.Args[0], "-test.run=^TestNewWithoutDriver$")
		cmd.Env = append(os.Environ(), libraryVariable+"="+c.library)
		out, err := cmd.CombinedOutput()
		if err != nil || !strings.Contains(string(out), "New: "+c.want) {
			t.Errorf("library %q: %v\n%s\nwant %q", c.library, err, out, c.want)
		}
	}
}
