package main

import (
	"fmt"
	"slices"
	"strings"

	"gangpu/gan/run"
	"gangpu/internal/runfolder"
	"gangpu/internal/runplot"

	"github.com/urfave/cli/v2"
)

func plotCommand() *cli.Command {
	return &cli.Command{
		Name:      "plot",
		Usage:     "draw the curves of runs into one picture: losses, accuracies, scores",
		ArgsUsage: "RUN...",
		Description: "A curve is the mean of the last epoch's iterations, at each iteration. Of a single run the\n" +
			"iterations themselves are drawn too, faintly. The dotted line is D's loss where it cannot tell\n" +
			"real from fake: log 2, unless --loss says otherwise.",
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "out", Value: "curves.png", TakesFile: true, Usage: "write the picture to this `FILE`, a .png or an .svg"},
		},
		Action: plotRuns,
	}
}

func plotRuns(c *cli.Context) error {
	if c.Args().Len() == 0 {
		return usagef("no run to draw: give the folders of some, as gangpu plot runs/001")
	}
	if i := slices.IndexFunc(c.Args().Slice(), func(a string) bool { return strings.HasPrefix(a, "-") }); i >= 0 {
		return usagef("%s comes after a run: flags come first, as gangpu plot --out curves.svg runs/001", c.Args().Get(i))
	}
	out := c.String("out")
	if err := runplot.CheckPath(out); err != nil {
		return usagef("--out %v", err)
	}
	var inputs []string
	for _, path := range c.Args().Slice() {
		inputs = append(inputs, runfolder.Folder(path).Files()...)
	}
	if err := checkOutputs(c, fileOutputs(c, "out"), inputs...); err != nil {
		return err
	}
	if err := run.Plot(out, c.Args().Slice()...); err != nil {
		return err
	}
	_, err := fmt.Fprintf(c.App.Writer, "curves  %s\n", out)
	return err
}
