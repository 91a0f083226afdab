//go:build gpu && linux && cgo && (amd64 || arm64)

package engine

import (
	"gangpu/engine/cuda"
	"gangpu/engine/cuda/cudriver"
)

// CUDA says whether this build can use GPUs.
const CUDA = true

// gpuDriver starts the CUDA driver.
func gpuDriver() (cuda.Driver, error) {
	driver, err := cudriver.New()
	if err != nil {
		return nil, &cuda.NoDeviceError{Reason: err.Error()}
	}
	return driver, nil
}
