package bench

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"slices"
	"text/tabwriter"

	"gangpu/gan"
)

// WriteComparison prints each measure of r beside that of an earlier result, and their ratio, for
// the devices that both have. That they measured different batches or none of the same devices is
// an error: the ratios would say nothing.
func (r *Result) WriteComparison(w io.Writer, earlier *Result) error {
	if before := cmp.Or(earlier.Preset, gan.TutorialName); r.Preset != "" && r.Preset != before {
		return fmt.Errorf("the earlier result is of preset %s, this one of preset %s", before, r.Preset)
	}
	if r.Batch != earlier.Batch || r.K != earlier.K {
		return fmt.Errorf("the earlier result is of batch %d, k = %d, this one of batch %d, k = %d", earlier.Batch, earlier.K, r.Batch, r.K)
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
		for _, row := range rows {
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
