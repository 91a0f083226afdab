//go:build gpu && linux && cgo && (amd64 || arm64)

package main

import (
	"gangpu/engine/cuda/cudriver/libcuda"
	"gangpu/engine/cuda/cudriver/softdriver"
	"gangpu/kernels/ptxemu"
)

// chooseDriver serves the CUDA driver's interface as libraryVariable has it.
func chooseDriver(library string) error {
	switch library {
	case "":
	case "emulated":
		return softdriver.Install(ptxemu.New(ptxemu.Options{Checks: true}))
	case "off":
		libcuda.Use("")
	default:
		libcuda.Use(library)
	}
	return nil
}
