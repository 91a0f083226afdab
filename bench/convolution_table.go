package bench

import (
	"encoding/json"
	"fmt"
	"io"
)

const convColumns = "%-34s %-12s %-10s %10s %9s %6s %10s %6s %9s\n"

// WriteConvHead prints what the columns of WriteConvRow are.
func WriteConvHead(w io.Writer) error {
	_, err := fmt.Fprintf(w, convColumns, "layer", "pass", "algorithm", "ms", "GFLOP/s", "peak", "PyTorch ms", "ratio", "error")
	return err
}

// WriteConvRow prints a row: the share of the peak, and how much longer PyTorch takes.
func (r *ConvResult) WriteConvRow(w io.Writer, t ConvTime) error {
	peer, ratio := "", ""
	if t.Ratio() > 0 {
		peer, ratio = fmt.Sprintf("%.3f", t.Ratio()*t.Seconds*1e3), fmt.Sprintf("%.2f", t.Ratio())
	}
	rate := t.FLOPs / t.Seconds
	_, err := fmt.Fprintf(w, convColumns, t.ConvShape, t.Pass, t.Algorithm, fmt.Sprintf("%.3f", t.Seconds*1e3), giga(rate),
		fmt.Sprintf("%.0f%%", 100*rate/r.Peak), peer, ratio, fmt.Sprintf("%.1e", t.Error))
	return err
}

// WriteConvSummary prints means over the rows, of each pass.
func (r *ConvResult) WriteConvSummary(w io.Writer) error {
	if _, err := fmt.Fprintf(w, "\n%s: peak %s GFLOP/s\n", r.Processor, giga(r.Peak)); err != nil || r.PyTorch == "" {
		return err
	}
	if _, err := fmt.Fprintf(w, "PyTorch %s, the better of its layouts; geometric mean of the ratios, and rows below 0.8:\n", r.PyTorch); err != nil {
		return err
	}
	for _, pass := range append(ConvPasses[:], "") {
		var rows []ConvTime
		slow := 0
		for _, t := range r.Rows {
			if pass != "" && t.Pass != pass {
				continue
			}
			rows = append(rows, t)
			if t.Ratio() < 0.8 {
				slow++
			}
		}
		name := pass
		if pass == "" {
			name = "all"
		}
		if _, err := fmt.Fprintf(w, "%-12s %.2f, %d of %d below 0.8\n", name, meanRatio(rows), slow, len(rows)); err != nil {
			return err
		}
	}
	return nil
}

// Write writes the result as JSON.
func (r *ConvResult) Write(w io.Writer) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	return e.Encode(r)
}
