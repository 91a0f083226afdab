package runfolder

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"

	"gangpu/gan"
	"gangpu/internal/atomicfile"
)

// MetricsFile is metrics.csv, open at its end.
type MetricsFile struct {
	*gan.MetricsWriter
	file *os.File
}

// OpenMetrics opens metrics.csv to go on after the given number of iterations. Lines of later iterations, which
// were made after the model was last saved and will be made again, are dropped, and lines that cannot be read.
// known is how many of the iterations have a line: the numbers of the others are lost.
func (r Folder) OpenMetrics(iterations, perEpoch int) (m *MetricsFile, known int, err error) {
	rows, err := r.ReadMetrics()
	if err != nil {
		return nil, 0, fmt.Errorf("continuing the metrics: %w; without this file the run can go on", err)
	}
	rows = inOrder(rows, iterations, perEpoch)
	err = atomicfile.Write(r.Metrics(), func(to io.Writer) error {
		w, err := gan.NewMetricsWriter(to, true)
		for _, row := range rows {
			if err == nil {
				err = w.Write(row.Metrics, row.Taken)
			}
		}
		return errors.Join(err, w.Flush())
	})
	if err != nil {
		return nil, 0, fmt.Errorf("continuing the metrics: %w", err)
	}
	f, err := os.OpenFile(r.Metrics(), os.O_WRONLY|os.O_APPEND, 0o666)
	if err != nil {
		return nil, 0, fmt.Errorf("opening the metrics: %w", err)
	}
	w, err := gan.NewMetricsWriter(f, false)
	if err != nil {
		return nil, 0, errors.Join(err, f.Close())
	}
	return &MetricsFile{w, f}, len(rows), nil
}

// Sync writes all lines to the disk.
func (m *MetricsFile) Sync() error {
	if err := m.Flush(); err != nil {
		return err
	}
	return m.file.Sync()
}

func (m *MetricsFile) Close() error { return errors.Join(m.Flush(), m.file.Close()) }

// inOrder are those of the first so many iterations, without any that a damaged line has out of order.
func inOrder(rows []gan.MetricsRow, iterations, perEpoch int) []gan.MetricsRow {
	last := -1
	return slices.DeleteFunc(rows, func(row gan.MetricsRow) bool {
		if row.Iteration < 0 || row.Iteration >= perEpoch || row.Epoch < 0 || row.Epoch > iterations/perEpoch {
			return true
		}
		i := row.Epoch*perEpoch + row.Iteration
		if i <= last || i >= iterations {
			return true
		}
		last = i
		return false
	})
}

// Rows are those of the run's metrics.csv that are of iterations it can have made, in order.
func (r *Run) Rows() ([]gan.MetricsRow, error) {
	rows, err := r.Folder.ReadMetrics()
	return inOrder(rows, r.IterationsAsked, r.IterationsPerEpoch), err
}

// ReadMetrics reads metrics.csv: the iterations so far, of a run that is being trained too; none if there
// is no such file. Iterations whose line is lost, or cannot be read, are left out.
func (r Folder) ReadMetrics() ([]gan.MetricsRow, error) {
	f, err := os.Open(r.Metrics())
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
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
