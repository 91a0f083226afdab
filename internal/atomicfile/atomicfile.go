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
	"strings"
)

// Write makes or replaces the file at path with what write puts into w. Upon an error the file
// that was there before, if any, is untouched and the temporary one is gone. Links are followed: they
// stay, and the file that they lead to is replaced. What is no regular file, such as a device or a
// pipe, and what the process has open, as /dev/stdout, is written to in place.
func Write(path string, write func(w io.Writer) error) error {
	t, err := resolve(path)
	if err == nil {
		err = t.write(write)
	}
	if err != nil {
		return fmt.Errorf("writing %s: %w", path, err)
	}
	return nil
}

func (t target) write(write func(w io.Writer) error) error {
	switch {
	case t.open != nil:
		return fill(t.open, write)
	case t.device:
		f, err := os.OpenFile(t.path, os.O_WRONLY, 0)
		if err != nil {
			return err
		}
		return errors.Join(fill(f, write), f.Close())
	}
	f, err := create(t.path)
	if err != nil {
		return err
	}
	err = fill(f, write)
	if err == nil {
		err = f.Sync()
	}
	if err := errors.Join(err, f.Close()); err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	if err := os.Rename(f.Name(), t.path); err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	syncFolder(filepath.Dir(t.path))
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

func fill(f *os.File, write func(w io.Writer) error) error {
	w := bufio.NewWriterSize(f, 1<<20)
	if err := write(w); err != nil {
		return err
	}
	return w.Flush()
}

// RemoveTemporary removes the temporary files that processes which were killed left in a folder, if
// there is one, and beside the files elsewhere that its links lead to. None may be writing there.
func RemoveTemporary(folder string) error {
	entries, err := os.ReadDir(folder)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	for _, e := range entries {
		path := filepath.Join(folder, e.Name())
		switch {
		case temporaryName.MatchString(e.Name()) && e.Type().IsRegular():
			err = os.Remove(path)
		case e.Type()&fs.ModeSymlink != 0:
			err = removeTemporaryOf(path)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// removeTemporaryOf removes the temporary files of the one that a link leads to.
func removeTemporaryOf(link string) error {
	t, err := resolve(link)
	if err != nil || t.device || t.open != nil {
		return nil // what is no file, or in no folder, has none
	}
	folder, name := filepath.Split(t.path)
	entries, err := os.ReadDir(folder)
	if err != nil {
		return err
	}
	for _, e := range entries {
		rest, ok := strings.CutPrefix(e.Name(), name)
		if at := temporaryName.FindStringIndex(rest); ok && at != nil && at[0] == 0 && e.Type().IsRegular() {
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
