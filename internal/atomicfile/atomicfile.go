// Package atomicfile writes files that are either whole or not there: to a temporary name in
// the same folder, synced, then renamed. What was there before stays until the rename.
package atomicfile

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
)

// Write makes or replaces the file at path with what write puts into w. Upon an error the file
// that was there before, if any, is untouched and the temporary one is gone. What is at path and no
// regular file, such as a device, is not replaced by one: that is an error.
func Write(path string, write func(w io.Writer) error) error {
	if info, err := os.Stat(path); err == nil && !info.Mode().IsRegular() {
		return fmt.Errorf("writing %s: not a regular file", path)
	}
	f, err := create(path)
	if err != nil {
		return fmt.Errorf("writing %s: %w", path, err)
	}
	if err := fill(f, write); err != nil {
		return fmt.Errorf("writing %s: %w", path, errors.Join(err, os.Remove(f.Name())))
	}
	if err := os.Rename(f.Name(), path); err != nil {
		return fmt.Errorf("writing %s: %w", path, errors.Join(err, os.Remove(f.Name())))
	}
	syncFolder(filepath.Dir(path))
	return nil
}

// temporaryName is of the files that create makes.
var temporaryName = regexp.MustCompile(`\.[0-9a-f]{8}\.tmp$`)

// create opens a new file beside path. Unlike os.CreateTemp's it gets the permissions that the
// user's umask gives to any file.
func create(path string) (*os.File, error) {
	const attempts = 100
	for i := 0; ; i++ {
		name := fmt.Sprintf("%s.%08x.tmp", path, rand.Uint32())
		f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
		if errors.Is(err, fs.ErrExist) && i < attempts {
			continue
		}
		return f, err
	}
}

func fill(f *os.File, write func(w io.Writer) error) (err error) {
	defer func() { err = errors.Join(err, f.Close()) }()
	w := bufio.NewWriterSize(f, 1<<20)
	if err := write(w); err != nil {
		return err
	}
	if err := w.Flush(); err != nil {
		return err
	}
	return f.Sync()
}

// RemoveTemporary removes the temporary files that processes which were killed left in a folder, if
// there is one. None may be writing there.
func RemoveTemporary(folder string) error {
	entries, err := os.ReadDir(folder)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	for _, e := range entries {
		if temporaryName.MatchString(e.Name()) && e.Type().IsRegular() {
			if err := os.Remove(filepath.Join(folder, e.Name())); err != nil {
				return err
			}
		}
	}
	return nil
}

// syncFolder makes a rename in the folder last through a loss of power, where the system can:
// some file systems cannot sync folders, and the rename itself has been done.
func syncFolder(path string) {
	d, err := os.Open(path)
	if err != nil {
		return
	}
	_ = d.Sync()
	_ = d.Close()
}
