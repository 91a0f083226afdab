// Package ptxemu runs PTX on the CPU: a [Driver] that pretends to be a CUDA device.
package ptxemu
