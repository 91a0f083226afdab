package bench

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
)

// ReadConvResults reads files that [ConvResult.Write] wrote, and puts those together that were measured with as many
// threads. Of a row that is in several files the last one counts.
func ReadConvResults(paths ...string) (all []*ConvResult, err error) {
	for _, path := range paths {
		data, err := os.ReadFile(path)
		r := &ConvResult{}
		if err == nil {
			if err = json.Unmarshal(data, r); err == nil && len(r.Rows) == 0 {
				err = errors.New("it has no rows")
			}
		}
		if err != nil {
			return nil, fmt.Errorf("reading the convolutions in %s: %w", path, err)
		}
		i := slices.IndexFunc(all, func(a *ConvResult) bool { return a.Threads == r.Threads })
		if i < 0 {
			all = append(all, r)
			continue
		}
		if err := all[i].add(r); err != nil {
			return nil, fmt.Errorf("the convolutions in %s: %w", path, err)
		}
	}
	for _, r := range all {
		slices.SortStableFunc(r.Rows, func(a, b ConvTime) int { return a.Batch - b.Batch })
	}
	return all, nil
}

func (r *ConvResult) add(more *ConvResult) error {
	if r.Processor != more.Processor || r.PyTorch != more.PyTorch {
		return fmt.Errorf("they were measured on %s beside PyTorch %q, others on %s beside %q", more.Processor, more.PyTorch, r.Processor, r.PyTorch)
	}
	r.Peak = max(r.Peak, more.Peak)
	for _, row := range more.Rows {
		if i := slices.IndexFunc(r.Rows, func(t ConvTime) bool { return t.ConvShape == row.ConvShape }); i >= 0 {
			r.Rows[i] = row
		} else {
			r.Rows = append(r.Rows, row)
		}
	}
	return nil
}

// WriteConvRecord writes all rows as a Markdown file.
func WriteConvRecord(w io.Writer, all []*ConvResult) error {
	fmt.Fprint(w, "# Single convolutions, beside PyTorch\n\nRows as `gangpu bench` measures single convolutions, written by `bench/table`. "+
		"A ratio is PyTorch's time to ours. On one thread,\ntimes are of the processor.\n")
	for _, r := range all {
		if _, err := fmt.Fprintf(w, "\n## %s\n\nPeak %s GFLOP/s, PyTorch %s.\n\n"+
			"| layer | pass | algorithm | ms | GFLOP/s | of the peak | PyTorch ms | layout | ratio | error |\n|---|---|---|--:|--:|--:|--:|---|--:|--:|\n",
			r.Processor, giga(r.Peak), r.PyTorch); err != nil {
			return err
		}
		for _, t := range r.Rows {
			layout, seconds := t.peer()
			rate := t.FLOPs / t.Seconds
			if _, err := fmt.Fprintf(w, "| %v | %s | %s | %.3f | %s | %.0f%% | %.3f | %s | %.2f | %.1e |\n", t.ConvShape, t.Pass, t.Algorithm,
				t.Seconds*1e3, giga(rate), 100*rate/r.Peak, seconds*1e3, layout, t.Ratio(), t.Error); err != nil {
				return err
			}
		}
	}
	return nil
}

// WriteConvMeans writes the geometric means of the ratios as Markdown, and the rows in which PyTorch is clearly faster.
func WriteConvMeans(w io.Writer, all []*ConvResult) error {
	mean := func(rows []ConvTime) string {
		if len(rows) == 0 {
			return ""
		}
		return fmt.Sprintf("%.2f", meanRatio(rows))
	}
	fmt.Fprint(w, "| threads | batch | forward | input gradient | filter gradient | Winograd | other algorithms | below 0.8 |\n|--:|--:|--:|--:|--:|--:|--:|--:|\n")
	for _, r := range all {
		for _, batch := range append(r.batches(), 0) {
			of := func(include func(ConvTime) bool) (rows []ConvTime) {
				for _, t := range r.Rows {
					if (batch == 0 || t.Batch == batch) && include(t) {
						rows = append(rows, t)
					}
				}
				return rows
			}
			name, slow := fmt.Sprint(batch), of(func(t ConvTime) bool { return t.Ratio() < 0.8 })
			if batch == 0 {
				name = "all"
			}
			fmt.Fprintf(w, "| %d | %s |", r.Threads, name)
			for _, pass := range ConvPasses {
				fmt.Fprintf(w, " %s |", mean(of(func(t ConvTime) bool { return t.Pass == pass })))
			}
			for _, byWinograd := range []bool{true, false} {
				fmt.Fprintf(w, " %s |", mean(of(func(t ConvTime) bool { return (t.Algorithm == "winograd") == byWinograd })))
			}
			fmt.Fprintf(w, " %d of %d |\n", len(slow), len(of(func(ConvTime) bool { return true })))
		}
	}
	fmt.Fprint(w, "\nWhere PyTorch is faster by more than a twentieth:\n\n"+
		"| threads | layer | pass | algorithm | ms | of the peak | PyTorch ms | ratio |\n|--:|---|---|---|--:|--:|--:|--:|\n")
	for _, r := range all {
		for _, t := range r.Rows {
			if t.Ratio() < 0.95 {
				_, seconds := t.peer()
				fmt.Fprintf(w, "| %d | %v | %s | %s | %.3f | %.0f%% | %.3f | %.2f |\n", r.Threads, t.ConvShape, t.Pass, t.Algorithm, t.Seconds*1e3,
					100*t.FLOPs/t.Seconds/r.Peak, seconds*1e3, t.Ratio())
			}
		}
	}
	r := all[0]
	_, err := fmt.Fprintf(w, "\n%s; PyTorch %s.\n", r.Processor, r.PyTorch)
	return err
}

func (r *ConvResult) batches() (batches []int) {
	for _, t := range r.Rows {
		if !slices.Contains(batches, t.Batch) {
			batches = append(batches, t.Batch)
		}
	}
	return batches
}
