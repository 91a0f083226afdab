package bench

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"slices"
	"text/tabwriter"
)

// row is one measure of all devices; 0 stands for what a device lacks.
type row struct {
	name   string
	format func(float64) string
	value  func(d *Device) float64
}

// rowsOf are the table's, those of phases as the devices have them, and of two results the comparison's.
func rowsOf(devices []Device) []row {
	rows := timesRows("iteration", func(d *Device) *Times { return &d.Iteration })
	var names []string
	for _, d := range devices {
		for _, p := range d.Phases {
			if !slices.Contains(names, p.Name) {
				names = append(names, p.Name)
			}
		}
	}
	for _, name := range names {
		rows = append(rows, timesRows("phase "+name, func(d *Device) *Times {
			if i := slices.IndexFunc(d.Phases, func(p PhaseTimes) bool { return p.Name == name }); i >= 0 {
				return &d.Phases[i].Times
			}
			return nil
		})...)
	}
	return append(rows, []row{
		{"images/s", plain, func(d *Device) float64 { return d.ImagesPerSecond }},
		{"device memory", mebibytes, func(d *Device) float64 { return float64(d.DeviceMemory) }},
		{"modules", plain, func(d *Device) float64 { return float64(d.Modules) }},
		{"loading modules", milliseconds, func(d *Device) float64 { return d.LoadTime }},
		{"GFLOP/s", giga, func(d *Device) float64 { return orZero(d.Work).FLOPRate }},
		{"GB/s", giga, func(d *Device) float64 { return orZero(d.Work).ByteRate }},
		{"product GFLOP/s", giga, func(d *Device) float64 { return orZero(d.Floor).FLOPRate }},
		{"copy GB/s", giga, func(d *Device) float64 { return orZero(d.Floor).ByteRate }},
		{"direct floor", milliseconds, func(d *Device) float64 { return orZero(d.Floor).Seconds }},
		{"iteration / floor", plain, func(d *Device) float64 {
			if d.Floor == nil {
				return 0
			}
			return d.Iteration.Median / d.Floor.Seconds
		}},
	}...)
}

func timesRows(name string, of func(*Device) *Times) []row {
	times := func(d *Device) Times { return orZero(of(d)) }
	return []row{
		{name + " median", milliseconds, func(d *Device) float64 { return times(d).Median }},
		{name + " p10", milliseconds, func(d *Device) float64 { return times(d).P10 }},
		{name + " p90", milliseconds, func(d *Device) float64 { return times(d).P90 }},
	}
}

// orZero is what p points to, or the zero value.
func orZero[T any](p *T) (v T) {
	if p != nil {
		v = *p
	}
	return v
}

func plain(v float64) string        { return fmt.Sprintf("%.4g", v) }
func giga(v float64) string         { return fmt.Sprintf("%.1f", v/1e9) }
func mebibytes(v float64) string    { return fmt.Sprintf("%.0f MiB", v/(1<<20)) }
func milliseconds(v float64) string { return fmt.Sprintf("%.4g ms", v*1e3) }

// WriteTable prints the result for a person: a column for each device.
func (r *Result) WriteTable(w io.Writer) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	r.writeSubject(t)
	for _, d := range r.Devices {
		fmt.Fprintf(t, "%s: %s, %s\n", d.Name, d.Description, d.Precision)
	}
	for _, n := range r.Notes {
		fmt.Fprintln(t, n)
	}
	fmt.Fprintln(t)
	for _, d := range r.Devices {
		fmt.Fprintf(t, "\t%s", d.Name)
	}
	fmt.Fprintln(t)
	for _, row := range rowsOf(r.Devices) {
		if !slices.ContainsFunc(r.Devices, func(d Device) bool { return row.value(&d) > 0 }) {
			continue
		}
		fmt.Fprint(t, row.name)
		for i := range r.Devices {
			cell := ""
			if v := row.value(&r.Devices[i]); v > 0 {
				cell = row.format(v)
			}
			fmt.Fprintf(t, "\t%s", cell)
		}
		fmt.Fprintln(t)
	}
	if len(r.Devices) > 1 {
		r.writeRelations(t)
	}
	if r.PeakMemory > 0 {
		fmt.Fprintf(t, "peak memory\t%s\n", mebibytes(float64(r.PeakMemory)))
	}
	for _, d := range r.Devices {
		d.writeLayers(t)
	}
	return t.Flush()
}

// writeSubject prints what was measured.
func (r *Result) writeSubject(w io.Writer) {
	if r.Name == gangpu {
		game, preset, in := r.game()
		fmt.Fprintf(w, "%s, preset %s, ", game, preset)
		for _, name := range slices.Sorted(maps.Keys(r.Set)) {
			fmt.Fprintf(w, "%s %v, ", name, r.Set[name])
		}
		fmt.Fprintf(w, "images of %s, ", images(in))
	}
	fmt.Fprintf(w, "batch %d", r.Batch)
	if r.Shards > 1 {
		fmt.Fprintf(w, " in %d shards", r.Shards)
	}
	for i, p := range r.Devices[0].Phases {
		switch {
		case p.Share == 0:
			continue
		case i == 0:
			fmt.Fprint(w, "; an iteration is ")
		default:
			fmt.Fprint(w, " + ")
		}
		fmt.Fprintf(w, "%.3g %s", p.Share, p.Name)
	}
	fmt.Fprintf(w, "; %d measurements after %d iterations of warm-up\n", r.Measurements, r.Warmup)
}

// writeRelations prints how the devices after the first relate to it.
func (r *Result) writeRelations(w io.Writer) {
	first := r.Devices[0].Name
	fmt.Fprintf(w, "iteration / %s's\t", first)
	for _, d := range r.Devices[1:] {
		fmt.Fprintf(w, "\t%.4g", d.Ratio)
	}
	fmt.Fprintln(w)
	for _, d := range r.Devices[1:] {
		fmt.Fprintf(w, "%s differs from %s by %.1e in parameters (%s), %.1e in losses, after %d iterations\n",
			d.Name, first, d.Difference.Parameters, d.Difference.Parameter, d.Difference.Losses, d.Difference.Iterations)
	}
}

// writeLayers prints the device's time per layer, the longest first.
func (d *Device) writeLayers(w io.Writer) {
	if len(d.Layers) == 0 {
		return
	}
	var total float64
	for _, l := range d.Layers {
		total += l.Time
	}
	fmt.Fprintf(w, "\n%s, ms of an iteration\tforward\tinput grad\tfilter grad\trest\tall\tshare\tGFLOP/s\tGB/s\n", d.Name)
	for _, l := range slices.SortedStableFunc(slices.Values(d.Layers), func(a, b Layer) int { return cmp.Compare(b.Time, a.Time) }) {
		fmt.Fprint(w, l.Name)
		for _, seconds := range []float64{l.Forward, l.InputGrad, l.FilterGrad, l.Rest, l.Time} {
			fmt.Fprintf(w, "\t%.3f", seconds*1e3)
		}
		fmt.Fprintf(w, "\t%.1f%%\t%s\t%s\n", 100*l.Time/total, giga(l.FLOPs/l.Time), giga(l.Bytes/l.Time))
	}
}
