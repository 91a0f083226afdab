//go:build gpu && linux && (amd64 || arm64)

package cudriver

import (
	"os"
	"testing"

	"gangpu/engine/cuda/cudriver/softdriver"
	"gangpu/kernels/ptxemu"
)

// start starts the driver. Without a GPU the test is skipped; GANGPU_REQUIRE_GPU=1 makes that a failure. As for the
// command, GANGPU_LIBCUDA=emulated puts the emulator behind the driver's interface, so that what a GPU machine will run
// is tried without one.
func start(t *testing.T) *Driver {
	t.Helper()
	if os.Getenv("GANGPU_LIBCUDA") == "emulated" {
		if err := softdriver.Install(ptxemu.New(ptxemu.Options{Checks: true})); err != nil {
			t.Fatal(err)
		}
	}
	driver, err := New()
	if err != nil {
		if os.Getenv("GANGPU_REQUIRE_GPU") == "1" {
			t.Fatal(err)
		}
		t.Skipf("no GPU: %v", err)
	}
	return driver
}
