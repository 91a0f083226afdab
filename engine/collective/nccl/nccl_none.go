//go:build !(gpu && linux && cgo && (amd64 || arm64))

package nccl

import (
	"errors"
	"time"

	"gangpu/engine/collective"
	"gangpu/engine/cuda"
)

var errNone = errors.New("this build is for the CPU alone")

// Use names the library to bind, of which there is none in this build.
func Use(string) {}

// Version is an error of a gangpu that was built without GPUs.
func Version() (string, error) { return "", errNone }

// Link links nothing in this build, and says so on all ranks.
func Link(g collective.Group, _ *cuda.Device, limit time.Duration) (why string, err error) {
	return join(g, limit, "", errNone.Error(), nil, nil)
}
