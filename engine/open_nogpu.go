//go:build !(gpu && linux && cgo && (amd64 || arm64))

package engine

import "gangpu/engine/cuda"

// CUDA says whether this build can use GPUs.
const CUDA = false

func gpuDriver() (cuda.Driver, error) {
	return nil, &cuda.NoDeviceError{Reason: "this build is for the CPU alone"}
}
