package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"gangpu/gan"
	"gangpu/internal/atomicfile"
)

// runFolder is where a training run writes: model.safetensors, metrics.csv, samples/epoch-001.png
// and so on.
type runFolder string

func (r runFolder) model() string   { return filepath.Join(string(r), "model.safetensors") }
func (r runFolder) metrics() string { return filepath.Join(string(r), "metrics.csv") }
func (r runFolder) samples() string { return filepath.Join(string(r), "samples") }

func (r runFolder) tensorboard() string { return filepath.Join(string(r), "tensorboard") }
func (r runFolder) findings() string    { return filepath.Join(string(r), "findings.txt") }

func (r runFolder) sample(epoch int) string {
	return filepath.Join(r.samples(), fmt.Sprintf("epoch-%03d.png", epoch))
}

// newRunFolder makes a folder for a new run: path, which checkFree found free, or, if path is
// empty, the first of runs/001, runs/002 ... that is not there.
func newRunFolder(path string) (runFolder, error) {
	r := runFolder(path)
	if path == "" {
		if err := os.MkdirAll("runs", 0o777); err != nil {
			return "", fmt.Errorf("making the folder of runs: %w", err)
		}
		for i := 1; ; i++ {
			r = runFolder(filepath.Join("runs", fmt.Sprintf("%03d", i)))
			err := os.Mkdir(string(r), 0o777)
			if err == nil {
				break
			}
			if !errors.Is(err, fs.ErrExist) {
				return "", fmt.Errorf("making the run's folder: %w", err)
			}
		}
	}
	if err := os.MkdirAll(r.samples(), 0o777); err != nil {
		return "", fmt.Errorf("making the run's folder: %w", err)
	}
	return r, nil
}

// checkFree reports what is in the way of a new run in the folder: another run. The empty path,
// the next that is free, is free.
func (r runFolder) checkFree() error {
	if r == "" {
		return nil
	}
	if info, err := os.Stat(string(r)); err == nil && !info.IsDir() {
		return fmt.Errorf("%s is not a folder", r)
	}
	for _, file := range []string{r.model(), r.metrics()} {
		_, err := os.Lstat(file)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return fmt.Errorf("looking into the run's folder: %w", err)
		}
		advice := "give another --out"
		if file == r.model() {
			advice += ", or go on with it by --resume " + shellQuote(string(r))
		}
		return fmt.Errorf("%s holds another run (%s): %s", r, filepath.Base(file), advice)
	}
	return nil
}

// metricsFile is metrics.csv, open at its end.
type metricsFile struct {
	*gan.MetricsWriter
	file *os.File
}

// openMetrics opens metrics.csv to go on after the given number of iterations. Lines of later
// iterations, which were made after the model was last saved and will be made again, are dropped.
func (r runFolder) openMetrics(iterations int) (*metricsFile, error) {
	if iterations > 0 {
		if err := keepLines(r.metrics(), 1+iterations); err != nil {
			return nil, err
		}
	}
	f, err := os.OpenFile(r.metrics(), os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o666)
	if err != nil {
		return nil, fmt.Errorf("opening the metrics: %w", err)
	}
	w, err := gan.NewMetricsWriter(f, iterations == 0)
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return &metricsFile{w, f}, nil
}

func (m *metricsFile) Close() error { return errors.Join(m.Flush(), m.file.Close()) }

// keepLines cuts a file off after its first n lines.
func keepLines(path string, n int) error {
	old, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("continuing the metrics: %w", err)
	}
	defer old.Close()
	return atomicfile.Write(path, func(w io.Writer) error {
		in := bufio.NewReader(old)
		for range n {
			line, err := in.ReadBytes('\n')
			if err != nil {
				return fmt.Errorf("continuing the metrics: fewer than the %d lines that the model's iterations wrote: %w", n, err)
			}
			if _, err := w.Write(line); err != nil {
				return err
			}
		}
		return nil
	})
}
