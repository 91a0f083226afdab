//go:build !(gpu && linux && cgo && (amd64 || arm64))

package engine

import "gangpu/engine/cuda"

// Built says what devices this build knows.
const Built = "without CUDA"

func gpuDriver() (cuda.Driver, error) {
	return nil, &cuda.NoDeviceError{Reason: "this gangpu was built without CUDA"}
}
