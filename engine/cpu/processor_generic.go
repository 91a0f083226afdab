//go:build !amd64 || noasm

package cpu

import "runtime"

// instructionSet names what the kernels are written in.
const instructionSet = "plain Go"

func processor() string { return runtime.GOARCH + " processor" }
