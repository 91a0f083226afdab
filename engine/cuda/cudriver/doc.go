// Package cudriver drives NVIDIA GPUs through gorgonia.org/cu, with a few calls beside it that cu
// lacks: launches without allocation, CUDA graphs, dynamic shared memory beyond 48 KiB, the log of
// the PTX compiler, and copies to any bytes of a Go program. It is the only package that imports cu.
//
// It needs the build tag gpu, a C compiler and cuda.h; not the CUDA library, which package libcuda
// binds at run time. Without the tag the package is empty.
package cudriver
