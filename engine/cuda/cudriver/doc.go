// Package cudriver drives NVIDIA GPUs through gorgonia.org/cu, with a few calls beside it that cu
// lacks: launches without allocation, CUDA graphs, dynamic shared memory beyond 48 KiB, the log of
// the PTX compiler, and copies to any bytes of a Go program. It is the only package that imports cu.
//
// It needs the build tag gpu and a C compiler, and CGO_CFLAGS must lead gorgonia.org/cu to the cuda.h of package
// libcuda: cgo-flags.sh prints it, which `make build` uses. Neither a CUDA toolkit nor the CUDA library is needed;
// package libcuda binds the library at run time. Without the tag the package is empty.
package cudriver
