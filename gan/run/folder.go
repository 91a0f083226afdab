package run

import (
	"errors"
	"fmt"
	"io/fs"

	"gangpu/internal/runfolder"
)

// Run is a run that this process alone may train, until it is closed.
type Run struct {
	folder runfolder.Folder
	lock   *runfolder.Lock
	load   Loader
	from   string   // the file of the state to go on from; empty of a new run
	saved  Snapshot // what that holds
	before *Info    // what run.json said; nil if it has none
}

// CheckNew reports why no new run could be made in a folder: an *OccupiedError if it holds one. The empty path, which
// stands for the next of runs/001, runs/002 ..., is free.
func CheckNew(folder string) error {
	r := runfolder.Folder(folder)
	if err := r.CheckFree(); err != nil {
		return err
	}
	return r.CheckWritable()
}

// Create makes the folder of a new run, the next of runs/001, runs/002 ... if the path is empty. A folder that holds a
// run is an *OccupiedError. The trainer need not be at its first iteration.
func Create(folder string, load Loader) (*Run, error) {
	f, lock, err := runfolder.Create(folder)
	if err != nil {
		return nil, err
	}
	return &Run{folder: f, lock: lock, load: load}, nil
}

// Resume takes a run to go on with: by its folder or, to go on from an earlier state, by the file of a checkpoint. A
// state that cannot be loaded is a *DamagedError, a run that is being trained a *BusyError.
func Resume(path string, load Loader) (_ *Run, err error) {
	r := &Run{load: load}
	if r.folder, r.from, err = runfolder.Resumable(path); err != nil {
		return nil, fmt.Errorf("resuming: %w", err)
	}
	if r.folder == "" {
		return nil, fmt.Errorf("resuming: %s is in no run's folder: a trainer that has loaded it can go on in a new run", path)
	}
	if r.lock, err = r.folder.Lock(); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, r.Close())
		}
	}()
	if err := r.folder.CheckWritable(); err != nil {
		return nil, fmt.Errorf("resuming %s: %w", r.folder, err)
	}
	if r.saved, err = load(r.from); err != nil {
		damaged := &DamagedError{Err: fmt.Errorf("resuming %s: %w", r.folder, err)}
		var checkpointErr error
		if damaged.Newest, checkpointErr = r.folder.NewestBefore(r.from, load); checkpointErr != nil {
			return nil, errors.Join(damaged.Err, checkpointErr)
		}
		return nil, damaged
	}
	if r.before, err = r.folder.ReadInfo(); errors.Is(err, fs.ErrNotExist) { // one of a version that wrote none
		r.before, err = nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("%w; once this file is removed, the run can go on", err)
	}
	return r, nil
}

// Folder is the path of the run's folder.
func (r *Run) Folder() string { return string(r.folder) }

// Saved is the state to go on from, and its file; nil of a new run.
func (r *Run) Saved() (s Snapshot, file string) { return r.saved, r.from }

// Before is what run.json said when the run was resumed; nil of a new run, and where there is no such file.
func (r *Run) Before() *Info { return r.before }

// Close lets others have the run.
func (r *Run) Close() error { return r.lock.Close() }
