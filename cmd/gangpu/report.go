package main

import (
	"fmt"

	"gangpu/gan/run"
	"gangpu/internal/atomicfile"
	"gangpu/internal/runfolder"

	"github.com/urfave/cli/v2"
)

func reportCommand() *cli.Command {
	return &cli.Command{
		Name:        "report",
		Usage:       "write the report of runs as they stand, as train does when one ends",
		ArgsUsage:   "RUN...",
		Description: "For runs that are being trained, or ended without a report.",
		Action: func(c *cli.Context) error {
			if c.Args().Len() == 0 {
				return usagef("no run to report: give the folders of some, as gangpu report runs/001")
			}
			for _, folder := range c.Args().Slice() {
				if _, err := runfolder.Open(folder); err != nil {
					return fmt.Errorf("opening the run %s: %w", folder, err)
				}
				if err := checkReport(runfolder.Folder(folder)); err != nil {
					return err
				}
			}
			for _, folder := range c.Args().Slice() {
				path, err := run.Report(folder)
				if err != nil {
					return err
				}
				if _, err := fmt.Fprintf(c.App.Writer, "report  %s\n", path); err != nil {
					return err
				}
			}
			return nil
		},
	}
}

// checkReport refuses a report that cannot be written, or is a link to another file of the run.
func checkReport(r runfolder.Folder) error {
	if err := atomicfile.Check(r.Report()); err != nil {
		return err
	}
	for _, file := range r.Files() {
		if file != r.Report() && atomicfile.Same(file, r.Report()) {
			return fmt.Errorf("%s is the same file as %s, which is read", r.Report(), file)
		}
	}
	return nil
}
