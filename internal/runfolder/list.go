package runfolder

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
)

// Unreadable is the state of a run whose run.json is damaged; no run.json says it.
const Unreadable State = "unreadable"

// List finds the runs in a folder, or the one that it is. The one whose newest session began last is
// the last; those that cannot be read are the first.
func List(path string) ([]*Run, error) {
	run, err := Open(path)
	if err == nil {
		return []*Run{run}, nil
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	entries, err := os.ReadDir(path)
	if err != nil {
		return nil, fmt.Errorf("looking for runs: %w", err)
	}
	var runs []*Run
	for _, e := range entries {
		path := filepath.Join(path, e.Name())
		if info, err := os.Stat(path); err != nil || !info.IsDir() {
			continue
		}
		run, err := Open(path)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			continue
		case err != nil:
			run = &Run{Folder: Folder(path), Info: Info{State: Unreadable, Reason: err.Error()}}
		}
		runs = append(runs, run)
	}
	slices.SortStableFunc(runs, func(a, b *Run) int { return a.begun().Compare(b.begun()) })
	return runs, nil
}
