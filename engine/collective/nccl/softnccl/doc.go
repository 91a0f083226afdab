// Package softnccl serves NCCL's C interface inside the process, for ranks that are goroutines with emulated devices, so that
// package nccl runs on a machine without a GPU as it does on one with several: every call goes through C.
//
// The package is empty without the build tag gpu.
package softnccl
