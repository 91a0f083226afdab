package runfolder

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"

	"gangpu/gan"
	"gangpu/internal/atomicfile"
)

// MetricsFile is metrics.csv, open at its end.
type MetricsFile struct {
	*gan.MetricsWriter
	file *os.File
}

// OpenMetrics opens metrics.csv to go on after the given number of iterations. Lines of later
// iterations, which were made after the model was last saved and will be made again, are dropped.
func (r Folder) OpenMetrics(iterations int) (*MetricsFile, error) {
	mode := os.O_TRUNC
	if iterations > 0 {
		mode = os.O_APPEND
		if err := keepLines(r.Metrics(), 1+iterations); err != nil {
			return nil, err
		}
	}
	f, err := os.OpenFile(r.Metrics(), os.O_WRONLY|os.O_CREATE|mode, 0o666)
	if err != nil {
		return nil, fmt.Errorf("opening the metrics: %w", err)
	}
	w, err := gan.NewMetricsWriter(f, iterations == 0)
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return &MetricsFile{w, f}, nil
}

// Sync writes all lines to the disk.
func (m *MetricsFile) Sync() error {
	if err := m.Flush(); err != nil {
		return err
	}
	return m.file.Sync()
}

func (m *MetricsFile) Close() error { return errors.Join(m.Flush(), m.file.Close()) }

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

// ReadMetrics reads metrics.csv: the iterations so far, of a run that is being trained too.
func (r Folder) ReadMetrics() ([]gan.MetricsRow, error) {
	f, err := os.Open(r.Metrics())
	if err != nil {
		return nil, err
	}
	defer f.Close()
	rows, err := gan.ReadMetrics(f)
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", r.Metrics(), err)
	}
	return rows, nil
}
