// Package cudriver drives NVIDIA GPUs through gorgonia.org/cu, with the few calls beside it that
// cu lacks: launches without allocation, CUDA graphs, dynamic shared memory beyond 48 KiB and the
// log of the PTX compiler. It is the only package that imports cu, and the only one with cgo.
//
// It needs the build tag gpu, a C compiler and cuda.h; not the CUDA library, which package libcuda
// binds at run time. Without the tag the package is empty.
package cudriver
