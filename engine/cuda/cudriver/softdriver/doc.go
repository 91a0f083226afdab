// Package softdriver serves the CUDA driver API inside the process from any [cuda.Driver], so that
// package cudriver, gorgonia.org/cu and the trampolines of package libcuda run on a machine
// without a GPU as they do on one with it: every call of the API goes through them.
//
// The package is empty without the build tag gpu.
package softdriver
