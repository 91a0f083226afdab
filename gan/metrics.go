package gan

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"
)

// Metrics are the numbers of an iteration: of its own steps, or of the last step of a network
// that made none.
type Metrics struct {
	Epoch     int     `json:"epoch"`     // from 0
	Iteration int     `json:"iteration"` // within the epoch, from 0
	DLoss     float32 `json:"d_loss"`
	GLoss     float32 `json:"g_loss"`
	// The shares of the last D step's images that D called rightly, before its update.
	AccuracyReal float32 `json:"accuracy_real"`
	AccuracyFake float32 `json:"accuracy_fake"`
}

// DivergedError says that a loss, a weight or a moment of Adam is no longer a number.
type DivergedError struct {
	Epoch, Iteration int    // where it was found, as in Metrics
	What             string // "the discriminator's loss"
	Value            float32
}

func (e *DivergedError) Error() string {
	return fmt.Sprintf("training diverged: %s is %v in %s", e.What, e.Value, position(e.Epoch, e.Iteration))
}

// position tells people where in a run something happened. They count from 1.
func position(epoch, iteration int) string {
	return fmt.Sprintf("epoch %d, iteration %d", epoch+1, iteration+1)
}

// check reports a loss that is not finite.
func (m Metrics) check() error {
	for _, v := range []struct {
		what  string
		value float32
	}{{"the discriminator's loss", m.DLoss}, {"the generator's loss", m.GLoss}} {
		if !isFinite(v.value) {
			return &DivergedError{Epoch: m.Epoch, Iteration: m.Iteration, What: v.what, Value: v.value}
		}
	}
	return nil
}

// MetricsWriter writes metrics as CSV, a line an iteration.
type MetricsWriter struct {
	csv *csv.Writer
	row []string
}

// MetricsHeader is the first line of a file of metrics.
var MetricsHeader = []string{"epoch", "iteration", "d_loss", "g_loss", "accuracy_real", "accuracy_fake", "seconds"}

// NewMetricsWriter makes a writer to w, which begins with the header if header is true: not so
// where an earlier run's file is continued.
func NewMetricsWriter(w io.Writer, header bool) (*MetricsWriter, error) {
	m := &MetricsWriter{csv: csv.NewWriter(w), row: make([]string, len(MetricsHeader))}
	if header {
		if err := m.csv.Write(MetricsHeader); err != nil {
			return nil, fmt.Errorf("writing metrics: %w", err)
		}
	}
	return m, nil
}

// Write adds a line; taken is how long the iteration took.
func (w *MetricsWriter) Write(m Metrics, taken time.Duration) error {
	float := func(x float64, bits int) string { return strconv.FormatFloat(x, 'g', -1, bits) }
	w.row = append(w.row[:0], strconv.Itoa(m.Epoch), strconv.Itoa(m.Iteration),
		float(float64(m.DLoss), 32), float(float64(m.GLoss), 32),
		float(float64(m.AccuracyReal), 32), float(float64(m.AccuracyFake), 32),
		strconv.FormatFloat(taken.Seconds(), 'f', 6, 64))
	if err := w.csv.Write(w.row); err != nil {
		return fmt.Errorf("writing metrics: %w", err)
	}
	return nil
}

// Flush hands what was written on to the underlying writer.
func (w *MetricsWriter) Flush() error {
	w.csv.Flush()
	if err := w.csv.Error(); err != nil {
		return fmt.Errorf("writing metrics: %w", err)
	}
	return nil
}

// MetricsRow is a line of a file of metrics.
type MetricsRow struct {
	Metrics
	Taken time.Duration
}

// ReadMetrics reads what a MetricsWriter writes. A last line without its end, as of a run that is
// being written or was killed, is left out, and so are damaged ones: what a disk loses of the numbers, no more.
func ReadMetrics(r io.Reader) ([]MetricsRow, error) {
	b, err := io.ReadAll(r)
	if err != nil {
		return nil, err
	}
	var rows []MetricsRow
	header := strings.Join(MetricsHeader, ",")
	for i, line := range bytes.Split(b[:bytes.LastIndexByte(b, '\n')+1], []byte("\n")) {
		text := strings.TrimSuffix(string(line), "\r")
		if i == 0 && text != "" && text != header {
			return nil, fmt.Errorf("no metrics: it begins with %.200q, want %q", text, header)
		}
		if row, err := parseRow(strings.Split(text, ",")); err == nil {
			rows = append(rows, row)
		}
	}
	return rows, nil
}

func parseRow(fields []string) (MetricsRow, error) {
	var row MetricsRow
	if len(fields) != len(MetricsHeader) {
		return row, fmt.Errorf("%d fields, want %d", len(fields), len(MetricsHeader))
	}
	var err error
	for i, v := range []*int{&row.Epoch, &row.Iteration} {
		n, e := strconv.Atoi(fields[i])
		*v, err = n, errors.Join(err, e)
	}
	for i, v := range []*float32{&row.DLoss, &row.GLoss, &row.AccuracyReal, &row.AccuracyFake} {
		x, e := strconv.ParseFloat(fields[2+i], 32)
		*v, err = float32(x), errors.Join(err, e)
	}
	seconds, e := strconv.ParseFloat(fields[6], 64)
	row.Taken = time.Duration(seconds * float64(time.Second))
	return row, errors.Join(err, e)
}
