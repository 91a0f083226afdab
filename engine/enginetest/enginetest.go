// Package enginetest is the conformance suite of devices: what every [program.Device] must do,
// tested through that interface alone.
//
// Every operation runs at random geometries, as a program of one step, on views into larger
// storages. All that a step does not read is poison: its output and what lies around each view
// are NaN, so that reading what is not an operand shows in the result, and not writing all of a
// result shows too. What is not the step's to write must keep its bits. Results are compared with
// those of package reference in float64, see [Tolerance].
package enginetest

import (
	"fmt"
	"strings"
	"testing"
	"text/tabwriter"

	"gangpu/engine/program"
)

// An Option changes how much [Run] does.
type Option func(*suite)

// Cases sets the number of random shapes an operation, 40 unless told.
func Cases(n int) Option { return func(s *suite) { s.cases = n } }

// Work sets the size of the largest case, in multiply-adds or elements: 1<<25 unless told, which
// lets all layers of a GAN on 28x28 images run, with two images a batch. Random cases take at
// most a sixteenth of it.
func Work(n int) Option { return func(s *suite) { s.work = n } }

type suite struct {
	open        func(t *testing.T) program.Device
	cases, work int
}

// Run tests the device that open starts, several of them in turn. It closes them. The worst
// error of each operation is logged as a table.
func Run(t *testing.T, open func(t *testing.T) program.Device, options ...Option) {
	s := &suite{open: open, cases: 40, work: 1 << 25}
	for _, o := range options {
		o(s)
	}
	t.Run("Memory", func(t *testing.T) { s.each(t, memoryChecks) })
	t.Run("Operations", s.operations)
	t.Run("Programs", func(t *testing.T) { s.each(t, programChecks) })
	t.Run("Refusals", func(t *testing.T) { s.each(t, refusalChecks) })
	t.Run("Close", func(t *testing.T) { s.each(t, closeChecks) })
}

// check is a test of one aspect of a device. It returns an error, and does not fail a test, so
// that the suite can be tested on devices that have faults.
type check struct {
	name string
	run  func(dev program.Device) error
}

// each runs checks, each on a device of its own.
func (s *suite) each(t *testing.T, checks []check) {
	for _, c := range checks {
		t.Run(c.name, func(t *testing.T) {
			dev := s.open(t)
			if err := c.run(dev); err != nil {
				t.Error(err)
			}
			if err := dev.Close(); err != nil {
				t.Errorf("closing the device: %v", err)
			}
		})
	}
}

// maxFailures is the number of failures of an operation after which the next one is tested.
const maxFailures = 3

// operations tests every operation by itself.
func (s *suite) operations(t *testing.T) {
	dev := s.open(t)
	defer func() {
		if err := dev.Close(); err != nil {
			t.Errorf("closing the device: %v", err)
		}
	}()
	var table strings.Builder
	w := tabwriter.NewWriter(&table, 0, 0, 2, ' ', 0)
	fmt.Fprintf(w, "operation\tcases\tworst error\ttolerance\tworst case\n")
	for _, o := range operations {
		t.Run(o.name, func(t *testing.T) {
			tolerance := Tolerance(o.name, dev.Info().Precision)
			var worst float64
			var worstCase string
			n, failures := 0, 0
			for c := range s.casesOf(o) {
				got, err := c.check(dev, tolerance)
				if err != nil {
					t.Errorf("%v\n%v", c, err)
					if failures++; failures == maxFailures {
						break
					}
				}
				n++
				if got > worst || worstCase == "" {
					worst, worstCase = got, describe(c.op)
				}
			}
			fmt.Fprintf(w, "%s\t%d\t%.1e\t%.0e\t%s\n", o.name, n, worst, tolerance, worstCase)
		})
	}
	w.Flush()
	info := dev.Info()
	t.Logf("%s (%s), %s:\n%s", info.Name, info.Description, info.Precision, table.String())
}

// describe is an operation with its attributes on a line.
func describe(op program.Op) string {
	if g, ok := op.(fmt.Stringer); ok { // a bare geometry
		return g.String()
	}
	s := fmt.Sprintf("%+v", op)
	return strings.ReplaceAll(s[1:len(s)-1], "Geometry:", "")
}
