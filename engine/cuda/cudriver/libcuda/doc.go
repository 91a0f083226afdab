// Package libcuda supplies the symbols of the CUDA driver API to gorgonia.org/cu, and binds them
// when they are first needed to the machine's libcuda.so.1, if there is one.
//
// A program linked against libcuda itself does not start where the driver is not installed. Here
// every symbol is a jump through a pointer (libcuda.c); the pointers lead to a stub that returns
// CUDA_ERROR_NOT_INITIALIZED until the library is loaded. The linker finds libcuda.a in this
// folder, an empty archive, where gorgonia.org/cu asks for -lcuda.
//
// Whatever imports gorgonia.org/cu must import this package, in an import group above it:
// cgo passes library folders in the order of imports, and ours must come before those of a CUDA
// toolkit.
//
// cuda.h declares the part of the driver API that is called; the jumps are made of its list of functions.
//
// The package is empty without the build tag gpu.
package libcuda
