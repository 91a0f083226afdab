// Package selftest checks what every [program.Device] must do, through that interface alone. A
// user runs it on a device at hand; package enginetest runs it as a test.
//
// Every operation runs at random geometries, as a program of one step, on views into larger
// storages. All that a step does not read is poison: its output and what lies around each view
// are NaN, so that reading what is not an operand shows in the result, and not writing all of a
// result shows too. What is not the step's to write must keep its bits. Results are compared with
// those of [program.Compute] in float64, see [program.Comparison].
package selftest

import (
	"fmt"
	"strings"

	"gangpu/engine/program"
)

// Size says how much is checked.
type Size struct {
	// Cases is the number of random shapes an operation.
	Cases int
	// Work is the size of the largest case, in multiply-adds or elements. Random cases take at most
	// a sixteenth of it.
	Work int
}

// DefaultSize lets all layers of a GAN on 28x28 images run, with two images a batch.
var DefaultSize = Size{Cases: 40, Work: 1 << 25}

// Result is how an operation did.
type Result struct {
	Operation string
	Cases     int     // that ran
	Worst     float64 // error of a result, see program.Comparison
	Tolerance float64
	WorstCase string
	Failures  []error // at most three: then the operation's other cases are left out
}

const maxFailures = 3

// Operations checks every operation by itself and hundreds of expressions, and hands each result to report.
func Operations(dev program.Device, size Size, report func(Result)) {
	for _, kind := range program.Kinds() {
		r := Result{Operation: kind.Name(), Tolerance: kind.Tolerance(dev.Info().Precision)}
		for c := range size.casesOf(kind) {
			got, err := c.check(dev, r.Tolerance)
			if err != nil {
				r.Failures = append(r.Failures, fmt.Errorf("%v\n%w", c, err))
				if len(r.Failures) == maxFailures {
					break
				}
			}
			r.Cases++
			if got > r.Worst || r.WorstCase == "" {
				r.Worst, r.WorstCase = got, describe(c.op)
			}
		}
		report(r)
	}
	report(expressions(dev))
}

// Check is a test of one aspect of a device.
type Check struct {
	Name string
	// Run may leave the device in any state: it wants one of its own.
	Run func(dev program.Device) error
}

// Group is checks of one kind.
type Group struct {
	Name   string
	Checks []Check
}

// Checks are those of all that is not an operation's arithmetic.
func Checks() []Group {
	return []Group{
		{"Memory", memoryChecks},
		{"Programs", programChecks},
		{"Refusals", refusalChecks},
		{"Close", closeChecks},
	}
}

// describe is an operation with its attributes on a line.
func describe(op program.Op) string {
	if g, ok := op.(fmt.Stringer); ok { // a bare geometry
		return g.String()
	}
	s := fmt.Sprintf("%+v", op)
	return strings.ReplaceAll(s[1:len(s)-1], "Geometry:", "")
}
