//go:build gpu && linux && cgo && (amd64 || arm64)

package engine

import (
	"os"

	"gangpu/engine/cuda"
	"gangpu/engine/cuda/cudriver"
	"gangpu/engine/cuda/cudriver/softdriver"
	"gangpu/kernels/ptxemu"
)

// CUDA says whether this build can use GPUs.
const CUDA = true

// gpuDriver starts the CUDA driver. With GANGPU_LIBCUDA=emulated that is package ptxemu behind the
// driver's own C interface: all that runs on a machine with a GPU but for the hardware.
func gpuDriver() (cuda.Driver, error) {
	if os.Getenv("GANGPU_LIBCUDA") == "emulated" {
		if err := softdriver.Install(ptxemu.New(ptxemu.Options{Checks: true})); err != nil {
			return nil, err
		}
	}
	driver, err := cudriver.New()
	if err != nil {
		return nil, &cuda.NoDeviceError{Reason: err.Error()}
	}
	return driver, nil
}
