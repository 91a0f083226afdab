package runfolder

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"gangpu/internal/atomicfile"

	"github.com/gofrs/flock"
)

// Lock is held by the process that trains a run. The system frees it when that ends, however it
// ends.
type Lock struct{ *flock.Flock }

// BusyError is a run that another process trains.
type BusyError struct{ Folder }

func (e *BusyError) Error() string {
	return fmt.Sprintf("%s is being trained by another process", e.Folder)
}

// Lock locks the run, and removes files that a killed process left half written. If another process
// trains it, that is a *BusyError.
func (r Folder) Lock() (*Lock, error) {
	// Who asks whether the run is trained holds the lock for an instant.
	const patience, pause = 500 * time.Millisecond, 20 * time.Millisecond
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	l := flock.New(r.lock(), flock.SetPermissions(0o666))
	switch ok, err := l.TryLockContext(ctx, pause); {
	case errors.Is(err, context.DeadlineExceeded):
		return nil, &BusyError{r}
	case err != nil || !ok:
		return nil, fmt.Errorf("locking the run in %s: %w", r, err)
	}
	for _, folder := range []string{string(r), r.checkpointsFolder(), r.Samples()} {
		if err := atomicfile.RemoveTemporary(folder); err != nil {
			return nil, errors.Join(fmt.Errorf("cleaning the run's folder: %w", err), l.Close())
		}
	}
	if err := r.detachModel(); err != nil {
		return nil, errors.Join(fmt.Errorf("taking %s from the checkpoints: %w", r.Model(), err), l.Close())
	}
	return &Lock{l}, nil
}

// detachModel makes a model file that is a link to one of the run's checkpoints a file of its own, with the same
// state: written through, the link would make a later state of that checkpoint, which keeps its name.
func (r Folder) detachModel() error {
	to, err := os.Readlink(r.Model())
	if err != nil {
		return nil // no link
	}
	if !filepath.IsAbs(to) {
		to = filepath.Join(string(r), to)
	}
	own, err := os.Stat(r.checkpointsFolder())
	folder, err2 := os.Stat(filepath.Dir(to))
	if err != nil || err2 != nil || !os.SameFile(own, folder) {
		return nil
	}
	temporary := r.Model() + ".00000000.tmp" // as those that RemoveTemporary removes
	if err := os.Link(to, temporary); err != nil {
		return err
	}
	return os.Rename(temporary, r.Model())
}

// locked reports whether a process trains the run.
func (r Folder) locked() (bool, error) {
	l := flock.New(r.lock(), flock.SetFlag(os.O_RDONLY)) // which makes no file
	ok, err := l.TryRLock()
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err = errors.Join(err, l.Close()); err != nil {
		return false, fmt.Errorf("asking who trains the run in %s: %w", r, err)
	}
	return !ok, nil
}
