// Package enginetest is the conformance suite of devices: the checks of package selftest as tests.
package enginetest

import (
	"fmt"
	"strings"
	"testing"
	"text/tabwriter"

	"gangpu/engine/program"
	"gangpu/engine/selftest"
)

// Run tests the device that open starts, several of them in turn. It closes them. The worst
// error of each operation is logged as a table.
func Run(t *testing.T, open func(t *testing.T) program.Device, size selftest.Size) {
	for _, g := range selftest.Checks() {
		t.Run(g.Name, func(t *testing.T) {
			for _, c := range g.Checks {
				t.Run(c.Name, func(t *testing.T) {
					dev := open(t)
					if err := c.Run(dev); err != nil {
						t.Error(err)
					}
					closeDevice(t, dev)
				})
			}
		})
	}
	t.Run("Operations", func(t *testing.T) {
		dev := open(t)
		defer closeDevice(t, dev)
		var table strings.Builder
		w := tabwriter.NewWriter(&table, 0, 0, 2, ' ', 0)
		fmt.Fprintf(w, "operation\tcases\tworst error\ttolerance\tworst case\n")
		report := func(r selftest.Result) {
			fmt.Fprintf(w, "%s\t%d\t%.1e\t%.0e\t%s\n", r.Operation, r.Cases, r.Worst, r.Tolerance, r.WorstCase)
			for _, err := range r.Failures {
				t.Errorf("%s: %v", r.Operation, err)
			}
		}
		selftest.Operations(dev, size, report)
		w.Flush()
		info := dev.Info()
		t.Logf("%s (%s), %s:\n%s", info.Name, info.Description, info.Precision, table.String())
	})
}

func closeDevice(t *testing.T, dev program.Device) {
	if err := dev.Close(); err != nil {
		t.Errorf("closing the device: %v", err)
	}
}
