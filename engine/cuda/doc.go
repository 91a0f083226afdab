// Package cuda runs programs on an NVIDIA GPU: it chooses kernels from package kernels, works out
// their launch geometry, and enqueues them through a [Driver]. It is pure Go; what talks to the
// hardware is behind the Driver.
package cuda
