package bench

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"text/tabwriter"

	"gangpu/gan/train"
)

// WriteComparison prints each measure of r beside that of an earlier result, and their ratio, for
// the devices that both have. That they measured different games or batches or none of the same devices is
// an error: the ratios would say nothing.
func (r *Result) WriteComparison(w io.Writer, earlier *Result) error {
	game, preset, in := r.game()
	if r.Phase != earlier.Phase || !maps.EqualFunc(r.Set, earlier.Set, func(a, b any) bool { return fmt.Sprint(a) == fmt.Sprint(b) }) {
		return fmt.Errorf("the earlier result is of the phase %q with the settings %v, this one of %q with %v", earlier.Phase, earlier.Set, r.Phase, r.Set)
	}
	if g, p, i := earlier.game(); g != game || p != preset || !i.Equal(in) {
		return fmt.Errorf("the earlier result is of game %s, preset %s, images of %s, this one of game %s, preset %s, images of %s", g, p, images(i), game, preset, images(in))
	}
	if r.Batch != earlier.Batch || r.K != earlier.K || max(r.Shards, 1) != max(earlier.Shards, 1) {
		return fmt.Errorf("the earlier result is of batch %d in %d shards, a cycle of %d iterations, this one of batch %d in %d shards, a cycle of %d",
			earlier.Batch, max(earlier.Shards, 1), earlier.K, r.Batch, max(r.Shards, 1), r.K)
	}
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	common := 0
	for i := range r.Devices {
		now := &r.Devices[i]
		at := slices.IndexFunc(earlier.Devices, func(d Device) bool { return d.Name == now.Name && d.Precision == now.Precision })
		if at < 0 {
			continue
		}
		common++
		fmt.Fprintf(t, "\n%s, %s\tnow\t%s\tratio\n", now.Name, now.Precision, earlier.Date.Format("2006-01-02 15:04"))
		for _, row := range rowsOf(r.Devices) {
			a, b := row.value(now), row.value(&earlier.Devices[at])
			if a > 0 && b > 0 {
				fmt.Fprintf(t, "%s\t%s\t%s\t%.3f\n", row.name, row.format(a), row.format(b), a/b)
			}
		}
	}
	if common == 0 {
		return errors.New("the earlier result has none of the devices of this one")
	}
	if a, b := float64(r.PeakMemory), float64(earlier.PeakMemory); a > 0 && b > 0 {
		fmt.Fprintf(t, "peak memory\t%s\t%s\t%.3f\n", mebibytes(a), mebibytes(b), a/b)
	}
	return t.Flush()
}

// images says what images are: "28 x 28 pixels of 1 channel".
func images(in train.Input) string {
	s := fmt.Sprintf("%d x %d pixels of %d channel", in.Width, in.Height, in.Channels)
	if in.Channels != 1 {
		s += "s"
	}
	return s
}
