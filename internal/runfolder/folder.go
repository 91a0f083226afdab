// Package runfolder lays out the folder of a training run, and reads and writes what it holds.
package runfolder

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"gangpu/internal/atomicfile"
)

// Folder is the path of a run's folder:
//
//	run.json           an Info: settings, state, last numbers
//	model.safetensors  the newest state that was saved
//	checkpoints/       states by the iterations made: iteration-000468.safetensors
//	metrics.csv        a line an iteration
//	judge.csv          a line an epoch that was judged
//	samples/           a picture an epoch: epoch-001.png
//	tensorboard/       metrics and samples as TensorBoard reads them
//	findings.txt       what went wrong, a line each
//	report.html        all of it to look at in a browser
//	lock               locked by the process that trains the run
type Folder string

func (r Folder) Info() string    { return filepath.Join(string(r), "run.json") }
func (r Folder) Model() string   { return filepath.Join(string(r), "model.safetensors") }
func (r Folder) Metrics() string { return filepath.Join(string(r), "metrics.csv") }
func (r Folder) Judge() string   { return filepath.Join(string(r), "judge.csv") }
func (r Folder) Samples() string { return filepath.Join(string(r), "samples") }

func (r Folder) TensorBoard() string { return filepath.Join(string(r), "tensorboard") }
func (r Folder) Findings() string    { return filepath.Join(string(r), "findings.txt") }
func (r Folder) Report() string      { return filepath.Join(string(r), "report.html") }

func (r Folder) lock() string { return filepath.Join(string(r), "lock") }

// Sample is the picture of an epoch, counted from 1.
func (r Folder) Sample(epoch int) string {
	return filepath.Join(r.Samples(), fmt.Sprintf("epoch-%03d.png", epoch))
}

// CheckWritable reports why a run's states and samples could not be written in the folder, which is made
// if it is not there; of the empty path, the next that is free, in that of all runs.
func (r Folder) CheckWritable() error {
	if r == "" {
		return atomicfile.CheckFolder(runsFolder)
	}
	for _, folder := range []string{string(r), r.checkpointsFolder(), r.Samples()} {
		if err := atomicfile.CheckFolder(folder); err != nil {
			return err
		}
	}
	if _, err := os.Lstat(r.Model()); err == nil {
		return atomicfile.Check(r.Model())
	}
	return nil
}

// Files are the run's own files, those that are there and those that may come.
func (r Folder) Files() []string {
	files := []string{r.Info(), r.Model(), r.Metrics(), r.Judge(), r.Findings(), r.Report(), r.lock()}
	for _, folder := range []string{r.checkpointsFolder(), r.Samples(), r.TensorBoard()} {
		entries, _ := os.ReadDir(folder) // of one that is not there or cannot be read, none is known
		for _, e := range entries {
			files = append(files, filepath.Join(folder, e.Name()))
		}
	}
	return files
}

// DropSamples removes the pictures of the epochs after so many, which a run leaves that goes on from an earlier state.
func (r Folder) DropSamples(epochs int) error {
	entries, err := os.ReadDir(r.Samples())
	if err != nil {
		return fmt.Errorf("looking for samples: %w", err)
	}
	for _, e := range entries {
		digits := strings.TrimSuffix(strings.TrimPrefix(e.Name(), "epoch-"), ".png")
		if n, err := strconv.Atoi(digits); err != nil || n <= epochs || e.Name() != filepath.Base(r.Sample(n)) {
			continue
		}
		if err := os.Remove(filepath.Join(r.Samples(), e.Name())); err != nil {
			return fmt.Errorf("removing samples of an epoch that is made anew: %w", err)
		}
	}
	return nil
}

// runsFolder is the folder of the runs that no path is given for.
const runsFolder = "runs"

// Create makes a folder for a new run and locks it: path, where no run may be, or, if path is
// empty, the first of runs/001, runs/002 ... that is not there.
func Create(path string) (Folder, *Lock, error) {
	r := Folder(path)
	if path == "" {
		var err error
		if r, err = next(runsFolder); err != nil {
			return "", nil, fmt.Errorf("making the run's folder: %w", err)
		}
	}
	if err := os.MkdirAll(r.Samples(), 0o777); err != nil {
		return "", nil, fmt.Errorf("making the run's folder: %w", err)
	}
	lock, err := r.Lock()
	if err != nil {
		return "", nil, err
	}
	if err := r.CheckFree(); err != nil { // another may have begun one meanwhile
		return "", nil, errors.Join(err, lock.Close())
	}
	return r, lock, nil
}

// next makes the first of a folder's numbered ones that is not there.
func next(parent string) (Folder, error) {
	if err := os.MkdirAll(parent, 0o777); err != nil {
		return "", err
	}
	for i := 1; ; i++ {
		path := filepath.Join(parent, fmt.Sprintf("%03d", i))
		if err := os.Mkdir(path, 0o777); !errors.Is(err, fs.ErrExist) {
			return Folder(path), err
		}
	}
}

// OccupiedError is a folder that holds a run already.
type OccupiedError struct {
	Folder
	File      string // that tells of it
	Resumable bool   // whether there is a state to go on from
}

func (e *OccupiedError) Error() string {
	return fmt.Sprintf("%s holds another run (%s)", e.Folder, filepath.Base(e.File))
}

// CheckFree reports what is in the way of a new run in the folder: an *OccupiedError if it is a
// run. The empty path, the next that is free, is free.
func (r Folder) CheckFree() error {
	if r == "" {
		return nil
	}
	if info, err := os.Stat(string(r)); err == nil && !info.IsDir() {
		return fmt.Errorf("%s is not a folder", r)
	}
	for _, file := range []string{r.Model(), r.Info(), r.Metrics()} {
		_, err := os.Lstat(file)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return fmt.Errorf("looking into the run's folder: %w", err)
		}
		return &OccupiedError{Folder: r, File: file, Resumable: file == r.Model()}
	}
	return nil
}
