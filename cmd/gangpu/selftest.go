package main

import (
	"errors"
	"fmt"
	"slices"
	"text/tabwriter"

	"gangpu/engine/selftest"

	"github.com/urfave/cli/v2"
)

func selftestCommand() *cli.Command {
	return &cli.Command{
		Name:  "selftest",
		Usage: "check every operation on a device against float64, at random shapes and the model's",
		Flags: slices.Concat([]cli.Flag{
			&cli.IntFlag{Name: "cases", Value: selftest.DefaultSize.Cases, Usage: "`NUMBER` of random shapes an operation"},
			&cli.IntFlag{Name: "work", Value: selftest.DefaultSize.Work, Usage: "`NUMBER` of multiply-adds of the largest case"},
			&cli.IntFlag{Name: "ranks", DefaultText: "none", Usage: "check instead this `NUMBER` of ranks, which mpirun starts: what they exchange, what they add, and that they train to the bits of one"},
		}, deviceFlags()),
		Action: runSelftest,
	}
}

func runSelftest(c *cli.Context) (err error) {
	size := selftest.Size{Cases: c.Int("cases"), Work: c.Int("work")}
	if size.Cases < 1 || size.Work < 1 {
		return usagef("--cases %d --work %d: want at least 1 of either", size.Cases, size.Work)
	}
	if err := checkDeviceFlags(c); err != nil {
		return err
	}
	if c.IsSet("ranks") {
		return testRanks(c)
	}
	endAtOnce()
	dev, err := openDevice(c)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, dev.Close()) }()
	info := dev.Info()
	fmt.Fprintf(c.App.Writer, "%s: %s, %s\n", info.Name, info.Description, info.Precision)
	if onGPU(dev) {
		fmt.Fprintln(c.App.Writer, ncclLine())
	}
	fmt.Fprintln(c.App.Writer)
	w := tabwriter.NewWriter(c.App.Writer, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "OPERATION\tCASES\tWORST ERROR\tALLOWED\t")
	var failures []error
	selftest.Operations(dev, size, func(r selftest.Result) {
		mark := ""
		if len(r.Failures) > 0 {
			mark = "fails"
			failures = append(failures, fmt.Errorf("%s: %w", r.Operation, r.Failures[0]))
		}
		fmt.Fprintf(w, "%s\t%d\t%.1e\t%.0e\t%s\n", r.Operation, r.Cases, r.Worst, r.Tolerance, mark)
	})
	if err := w.Flush(); err != nil {
		return err
	}
	if info := dev.Info(); info.Modules > 0 {
		fmt.Fprintf(c.App.Writer, "\n%d modules, loaded in %.2f s\n", info.Modules, info.LoadTime.Seconds())
	}
	if len(failures) > 0 {
		return fmt.Errorf("%d operations fail on %s, the first: %w", len(failures), info.Name, failures[0])
	}
	return nil
}
