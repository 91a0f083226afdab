//go:build !amd64 || noasm

package cpu

import "runtime"

func processor() string { return runtime.GOARCH + " processor" }

func pause() {}
