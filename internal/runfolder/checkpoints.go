package runfolder

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// Snapshot is a state of a run, apart from what goes on: what a file of it holds.
type Snapshot interface {
	// Iterations is how many had been made.
	Iterations() int
	// Score is what the state was saved with; nil if it was not judged.
	Score() *float64
	// Save makes or replaces the file at path, with the score, which may be nil.
	Save(path string, score *float64) error
}

// Loader reads the file of a state, all of it: a damaged one is an error that names the file.
type Loader func(path string) (Snapshot, error)

// Checkpoint is a state of a run that is kept.
type Checkpoint struct {
	Iterations int      `json:"iterations"` // made
	Score      *float64 `json:"score"`      // as in Snapshot
}

// Checkpoints are a run's: the newest, and the one of the best score. The newest state is in
// the model file too, so that one damaged file loses nothing.
type Checkpoints struct {
	folder  Folder
	keep    int
	measure Measure
	kept    []Checkpoint // the newest last
}

// OpenCheckpoints finds the checkpoints of a run that goes on after so many iterations; keep is
// how many of the newest to keep, at least 1, and measure what their scores are.
func (r Folder) OpenCheckpoints(load Loader, iterations, keep int, measure Measure) (*Checkpoints, error) {
	c := &Checkpoints{folder: r, keep: max(keep, 1), measure: measure}
	all, err := r.checkpoints()
	if err != nil {
		return nil, err
	}
	for _, n := range all {
		if n > iterations {
			continue
		}
		if f, err := load(r.Checkpoint(n)); err == nil { // else it is damaged, and of no use
			c.kept = append(c.kept, Checkpoint{n, f.Score()})
		}
	}
	return c, nil
}

// Best is the checkpoint of the best score, nil if none was judged.
func (c *Checkpoints) Best() *Checkpoint {
	var best *Checkpoint
	for i, p := range c.kept {
		if p.Score != nil && (best == nil || c.measure.Better(*p.Score, *best.Score)) {
			best = &c.kept[i]
		}
	}
	return best
}

// Has reports whether the state after so many iterations is kept.
func (c *Checkpoints) Has(iterations int) bool {
	return slices.ContainsFunc(c.kept, func(p Checkpoint) bool { return p.Iterations == iterations })
}

// Save makes f the newest state. The score may be nil.
func (c *Checkpoints) Save(f Snapshot, score *float64) error {
	// The model file comes first: it is what a run goes on from, and never behind the checkpoints.
	if err := f.Save(c.folder.Model(), score); err != nil {
		return err
	}
	if err := os.MkdirAll(c.folder.checkpointsFolder(), 0o777); err != nil {
		return fmt.Errorf("making the folder of checkpoints: %w", err)
	}
	if err := f.Save(c.folder.Checkpoint(f.Iterations()), score); err != nil {
		return err
	}
	c.kept = append(slices.DeleteFunc(c.kept, func(p Checkpoint) bool { return p.Iterations >= f.Iterations() }),
		Checkpoint{f.Iterations(), score})
	return nil
}

// Prune removes the files of checkpoints that are no longer kept, of damaged ones, and of those beyond the
// newest, which a run leaves that goes on from an earlier one.
func (c *Checkpoints) Prune() error {
	if old := len(c.kept) - c.keep; old > 0 {
		best := c.Best()
		isBest := func(p Checkpoint) bool { return best != nil && p.Iterations == best.Iterations }
		c.kept = append(slices.DeleteFunc(slices.Clone(c.kept[:old]), func(p Checkpoint) bool { return !isBest(p) }), c.kept[old:]...)
	}
	all, err := c.folder.checkpoints()
	if err != nil {
		return err
	}
	for _, n := range all {
		if !c.Has(n) {
			if err := os.Remove(c.folder.Checkpoint(n)); err != nil {
				return fmt.Errorf("removing an old checkpoint: %w", err)
			}
		}
	}
	return nil
}

func (r Folder) checkpointsFolder() string { return filepath.Join(string(r), "checkpoints") }

// Checkpoint is the file of the state after so many iterations.
func (r Folder) Checkpoint(iterations int) string {
	return filepath.Join(r.checkpointsFolder(), fmt.Sprintf("iteration-%06d.safetensors", iterations))
}

// checkpoints lists the iterations after which there is a file, in order.
func (r Folder) checkpoints() ([]int, error) {
	entries, err := os.ReadDir(r.checkpointsFolder())
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("looking for checkpoints: %w", err)
	}
	var all []int
	for _, e := range entries {
		digits := strings.TrimSuffix(strings.TrimPrefix(e.Name(), "iteration-"), ".safetensors")
		if n, err := strconv.Atoi(digits); err == nil && e.Name() == filepath.Base(r.Checkpoint(n)) {
			all = append(all, n)
		}
	}
	slices.Sort(all)
	return all, nil
}

// Resumable splits what a run is to go on from into its folder and a file: the model of a folder,
// or the file itself if it is a model or a checkpoint in one. The folder of any other file is empty.
func Resumable(path string) (r Folder, file string, err error) {
	info, err := os.Stat(path)
	if err != nil {
		return "", "", err
	}
	if info.IsDir() {
		r = Folder(path)
		if r.CheckFree() == nil {
			return "", "", fmt.Errorf("%s holds no run", path)
		}
		return r, r.Model(), nil
	}
	dir := filepath.Dir(path)
	if filepath.Clean(path) == Folder(dir).Model() {
		return Folder(dir), path, nil
	}
	if r = Folder(filepath.Dir(dir)); dir == r.checkpointsFolder() {
		return r, path, nil
	}
	return "", path, nil
}

// NewestBefore is the newest checkpoint, older than that file, that is whole; empty if there is none.
func (r Folder) NewestBefore(file string, load Loader) (path string, err error) {
	all, err := r.checkpoints()
	if err != nil {
		return "", err
	}
	at := slices.IndexFunc(all, func(n int) bool { return r.Checkpoint(n) == filepath.Clean(file) })
	if at >= 0 {
		all = all[:at]
	}
	for _, n := range slices.Backward(all) {
		if _, err := load(r.Checkpoint(n)); err == nil {
			return r.Checkpoint(n), nil
		}
	}
	return "", nil
}
