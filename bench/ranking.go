package bench

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"
	"text/tabwriter"

	"gangpu/gan/games/tutorial"
)

// Collection is the results of several programs, measured on one machine.
type Collection []*Result

// ReadCollection reads results from files: of each, one as [Result.Write] wrote it or an array of
// them.
func ReadCollection(paths ...string) (Collection, error) {
	var all Collection
	for _, path := range paths {
		data, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		var some Collection
		if bytes.HasPrefix(bytes.TrimSpace(data), []byte("[")) {
			err = json.Unmarshal(data, &some)
		} else {
			some = Collection{{}}
			err = json.Unmarshal(data, some[0])
		}
		if err == nil {
			err = some.check()
		}
		if err != nil {
			return nil, fmt.Errorf("reading the results in %s: %w", path, err)
		}
		all = append(all, some...)
	}
	return all, nil
}

func (c Collection) check() error {
	for _, r := range c {
		if r == nil || len(r.Devices) == 0 {
			return errors.New("a result without devices")
		}
		for _, d := range r.Devices {
			if !(d.Iteration.Median > 0) {
				return fmt.Errorf("%s on %s: no iteration was measured", r.Name, d.Name)
			}
		}
	}
	return nil
}

// Write writes the results as a JSON array.
func (c Collection) Write(w io.Writer) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	return e.Encode(c)
}

// rank is one program on one device.
type rank struct {
	*Result
	*Device
	ratio float64 // of its iteration to gangpu's on the same device, 0 if that was not measured
}

// isTutorial reports whether the tutorial's iteration was measured, which all peers measure.
func (r *Result) isTutorial() bool { return r.Game == "" || r.Game == tutorial.System.Name }

// ranking sorts all programs on all devices by time.
func (c Collection) ranking() []rank {
	var ranks []rank
	for _, r := range c {
		for i := range r.Devices {
			ranks = append(ranks, rank{Result: r, Device: &r.Devices[i]})
		}
	}
	for i := range ranks {
		for _, g := range ranks {
			if g.Result.Name == gangpu && g.isTutorial() == ranks[i].isTutorial() && g.Device.Name == ranks[i].Device.Name && g.Precision == ranks[i].Precision && g.Batch == ranks[i].Batch {
				ranks[i].ratio = ranks[i].Iteration.Median / g.Iteration.Median
				break
			}
		}
	}
	slices.SortStableFunc(ranks, func(a, b rank) int { return cmp.Compare(a.Iteration.Median, b.Iteration.Median) })
	return ranks
}

var rankingHeader = []string{"program", "device", "batch", "iteration", "p10 to p90", "to gangpu's", "peak memory"}

func (r rank) cells() []string {
	ratio, memory, spread := "", "", ""
	if r.ratio > 0 {
		ratio = fmt.Sprintf("%.3g", r.ratio)
	}
	if r.PeakMemory > 0 {
		memory = mebibytes(float64(r.PeakMemory))
	}
	seconds := func(v float64) string { return fmt.Sprintf("%.3g s", v) }
	if r.Iteration.Median < 0.01 {
		seconds = milliseconds
	}
	if r.Measurements > 1 {
		spread = seconds(r.Iteration.P10) + " to " + seconds(r.Iteration.P90)
	}
	name := r.Result.Name
	if !r.isTutorial() {
		name += ", " + r.Game
	}
	return []string{name, r.Device.Name + ", " + r.Precision, fmt.Sprint(r.Batch), seconds(r.Iteration.Median),
		spread, ratio, memory}
}

// WriteText prints the programs sorted by time.
func (c Collection) WriteText(w io.Writer) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, strings.Join(rankingHeader, "\t"))
	for _, r := range c.ranking() {
		fmt.Fprintln(t, strings.Join(r.cells(), "\t"))
	}
	return t.Flush()
}

// WriteMarkdown prints the same as a Markdown table, and below it machine, date and versions.
func (c Collection) WriteMarkdown(w io.Writer) error {
	var b bytes.Buffer
	fmt.Fprintf(&b, "| %s |\n|%s\n", strings.Join(rankingHeader, " | "), strings.Repeat("---|", len(rankingHeader)))
	for _, r := range c.ranking() {
		fmt.Fprintf(&b, "| %s |\n", strings.Join(r.cells(), " | "))
	}
	c.writeOrigin(&b)
	_, err := w.Write(b.Bytes())
	return err
}

// writeOrigin prints machines, dates and versions, below a table.
func (c Collection) writeOrigin(b *bytes.Buffer) {
	versions := map[string]string{}
	var where, dates []string
	add := func(to []string, s string) []string {
		if slices.Contains(to, s) {
			return to
		}
		return append(to, s)
	}
	for _, r := range c.ranking() {
		maps.Copy(versions, r.Versions)
		m := r.Machine
		where = add(where, fmt.Sprintf("%s, %d cores, %s", m.Processor, m.Cores, m.System))
		if r.Device.Name != "cpu" {
			where = add(where, r.Device.Description)
		}
		dates = add(dates, r.Date.Format("2006-01-02"))
	}
	slices.Sort(dates)
	fmt.Fprintf(b, "\n%s; %s.", strings.Join(where, "; "), strings.Join(dates, ", "))
	for _, name := range slices.Sorted(maps.Keys(versions)) {
		if name == gangpu {
			continue
		}
		fmt.Fprintf(b, " %s %s.", name, versions[name])
	}
	b.WriteByte('\n')
}
