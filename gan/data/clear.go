package data

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/gofrs/flock"
)

// Cached is the number of bytes that decoded pictures take in a cache folder, which is as Options.Cache.
func Cached(folder string) (bytes int64, err error) {
	folder, err = cacheFolder(folder)
	if err != nil {
		return 0, err
	}
	err = filepath.WalkDir(filepath.Join(folder, "pictures"), func(_ string, e fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err == nil && e.Type().IsRegular() {
			if info, infoErr := e.Info(); infoErr == nil {
				bytes += info.Size()
			}
		}
		return err
	})
	return bytes, err
}

// Clear removes decoded pictures from a cache folder, which is as Options.Cache, and returns how many bytes they took.
// Those that another process is decoding stay, and so do the files of datasets that were fetched.
func Clear(folder string) (bytes int64, err error) {
	folder, err = cacheFolder(folder)
	if err != nil {
		return 0, err
	}
	before, err := Cached(folder)
	if err != nil {
		return 0, err
	}
	entries, err := os.ReadDir(filepath.Join(folder, "pictures"))
	if errors.Is(err, fs.ErrNotExist) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	for _, e := range entries {
		dir := filepath.Join(folder, "pictures", e.Name())
		lock := flock.New(filepath.Join(dir, lockName))
		if locked, lockErr := lock.TryLock(); lockErr == nil && !locked {
			continue
		}
		inside, readErr := os.ReadDir(dir)
		err = errors.Join(err, readErr)
		for _, one := range inside {
			if one.Name() != lockName {
				err = errors.Join(err, os.RemoveAll(filepath.Join(dir, one.Name())))
			}
		}
		err = errors.Join(err, lock.Unlock(), os.RemoveAll(dir))
	}
	after, countErr := Cached(folder)
	return before - after, errors.Join(err, countErr)
}
