//go:build unix

package atomicfile

import (
	"os"

	"golang.org/x/sys/unix"
)

// writable reports why a device cannot be written to, without opening it: the reader of a pipe would see its end.
func writable(path string) error {
	if err := unix.Access(path, unix.W_OK); err != nil {
		return &os.PathError{Op: "open", Path: path, Err: err}
	}
	return nil
}
