//go:build !cgo || !(linux || darwin)

package mpi

import (
	"fmt"
	"os"
	"time"

	"gangpu/engine/collective"
)

// Open is an error of a gangpu that was built without a C compiler.
func Open(l Launch, _ time.Duration, _ func(error)) (collective.Group, error) {
	return nil, fmt.Errorf("%s started %d ranks, and this gangpu was built without a C compiler, which MPI needs: "+
		"make build, where there is one, makes one that can", l.Launcher, l.Size)
}

// Exit ends the process.
func Exit(code int) { os.Exit(code) }
