package runfolder

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"gangpu/internal/atomicfile"
)

// Row is what a run has of an iteration: a line of metrics.csv.
type Row struct {
	Epoch     int           // from 0
	Iteration int           // within the epoch, from 0
	Values    []float32     // of the run's columns
	Taken     time.Duration // by the iteration
}

// Clone is a row with values of its own.
func (r Row) Clone() Row {
	r.Values = slices.Clone(r.Values)
	return r
}

// Finite reports whether all values are.
func (r Row) Finite() bool {
	return !slices.ContainsFunc(r.Values, func(v float32) bool { return v-v != 0 })
}

// rowColumns are the columns of metrics.csv beside the run's own, which stand between the second and the third.
var rowColumns = []string{"epoch", "iteration", "seconds"}

// metricsHeader is the first line of metrics.csv.
func metricsHeader(columns []Column) string {
	names := slices.Clone(rowColumns[:2])
	for _, c := range columns {
		names = append(names, c.Name)
	}
	return strings.Join(append(names, rowColumns[2:]...), ",")
}

// MetricsFile is metrics.csv, open at its end.
type MetricsFile struct {
	rowWriter
	file *os.File
}

// rowWriter writes rows as lines, and allocates nothing for one.
type rowWriter struct {
	out  *bufio.Writer
	line []byte
}

// Write adds a row.
func (w *rowWriter) Write(r Row) error {
	b := append(strconv.AppendInt(w.line[:0], int64(r.Epoch), 10), ',')
	b = append(strconv.AppendInt(b, int64(r.Iteration), 10), ',')
	for _, v := range r.Values {
		b = append(strconv.AppendFloat(b, float64(v), 'g', -1, 32), ',')
	}
	b = append(strconv.AppendFloat(b, r.Taken.Seconds(), 'f', 6, 64), '\n')
	w.line = b
	if _, err := w.out.Write(b); err != nil {
		return fmt.Errorf("writing metrics: %w", err)
	}
	return nil
}

// Flush hands what was written on to the file.
func (w *rowWriter) Flush() error {
	if err := w.out.Flush(); err != nil {
		return fmt.Errorf("writing metrics: %w", err)
	}
	return nil
}

// OpenMetrics opens metrics.csv to go on after the given number of iterations. Lines of later iterations, which
// were made after the model was last saved and will be made again, are dropped, and lines that cannot be read.
// known is how many of the iterations have a line: the numbers of the others are lost.
func (r Folder) OpenMetrics(columns []Column, iterations, perEpoch int) (m *MetricsFile, known int, err error) {
	rows, err := r.ReadMetrics(columns)
	if err != nil {
		return nil, 0, fmt.Errorf("continuing the metrics: %w; without this file the run can go on", err)
	}
	rows = inOrder(rows, iterations, perEpoch)
	err = atomicfile.Write(r.Metrics(), func(to io.Writer) error {
		w := rowWriter{out: bufio.NewWriter(to)}
		_, err := w.out.WriteString(metricsHeader(columns) + "\n")
		for _, row := range rows {
			if err == nil {
				err = w.Write(row)
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
	return &MetricsFile{rowWriter{out: bufio.NewWriter(f)}, f}, len(rows), nil
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
func inOrder(rows []Row, iterations, perEpoch int) []Row {
	last := -1
	return slices.DeleteFunc(rows, func(row Row) bool {
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
func (r *Run) Rows() ([]Row, error) {
	rows, err := r.Folder.ReadMetrics(r.Columns)
	return inOrder(rows, r.IterationsAsked, r.IterationsPerEpoch), err
}

// ReadMetrics reads metrics.csv, of a run with these columns: the iterations so far, of a run that is being trained
// too; none if there is no such file. Iterations whose line is lost, or cannot be read, are left out.
func (r Folder) ReadMetrics(columns []Column) ([]Row, error) {
	b, err := os.ReadFile(r.Metrics())
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	rows, err := parseRows(b, columns)
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", r.Metrics(), err)
	}
	return rows, nil
}

// parseRows reads lines. A last one without its end, as of a run that is being written or was killed, is left out,
// and so are damaged ones: what a disk loses of the numbers, no more.
func parseRows(b []byte, columns []Column) ([]Row, error) {
	var rows []Row
	header := metricsHeader(columns)
	for i, line := range bytes.Split(b[:bytes.LastIndexByte(b, '\n')+1], []byte("\n")) {
		text := strings.TrimSuffix(string(line), "\r")
		if i == 0 && text != "" && text != header {
			return nil, fmt.Errorf("no metrics of this run: it begins with %.200q, want %q", text, header)
		}
		if row, err := parseRow(strings.Split(text, ","), len(columns)); err == nil {
			rows = append(rows, row)
		}
	}
	return rows, nil
}

func parseRow(fields []string, columns int) (Row, error) {
	var row Row
	if len(fields) != columns+len(rowColumns) {
		return row, fmt.Errorf("%d fields, want %d", len(fields), columns+len(rowColumns))
	}
	var err error
	for i, v := range []*int{&row.Epoch, &row.Iteration} {
		n, e := strconv.Atoi(fields[i])
		*v, err = n, errors.Join(err, e)
	}
	row.Values = make([]float32, columns)
	for i := range row.Values {
		x, e := strconv.ParseFloat(fields[2+i], 32)
		row.Values[i], err = float32(x), errors.Join(err, e)
	}
	seconds, e := strconv.ParseFloat(fields[2+columns], 64)
	row.Taken = time.Duration(seconds * float64(time.Second))
	return row, errors.Join(err, e)
}
