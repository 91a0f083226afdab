//go:build gpu && linux && cgo && (amd64 || arm64)

package engine

import (
	"gangpu/engine/cuda"
	"gangpu/engine/cuda/cudriver"
)

// Built says what devices this build knows.
const Built = "with CUDA"

func gpuDriver() (cuda.Driver, error) {
	driver, err := cudriver.New()
	if err != nil {
		return nil, &cuda.NoDeviceError{Reason: err.Error()}
	}
	return driver, nil
}
