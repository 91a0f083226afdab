package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// explainLink adds to the error of a file that is not there which link on the way to it leads nowhere: a listing
// shows the link, as if it were the file.
func explainLink(err error) error {
	missing := (*fs.PathError)(nil)
	if !errors.As(err, &missing) || !errors.Is(missing, fs.ErrNotExist) {
		return err
	}
	for path := missing.Path; ; path = filepath.Dir(path) {
		target, linkErr := os.Readlink(path)
		if linkErr == nil {
			if _, statErr := os.Stat(path); errors.Is(statErr, fs.ErrNotExist) {
				return fmt.Errorf("%w: %s is a link to %s, which is not there", err, path, target)
			}
		}
		if path == filepath.Dir(path) {
			return err
		}
	}
}
