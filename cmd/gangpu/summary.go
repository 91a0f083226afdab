package main

import (
	"fmt"
	"io"

	"gangpu/gan"
	"gangpu/internal/atomicfile"

	"github.com/urfave/cli/v2"
)

func summaryCommand() *cli.Command {
	return &cli.Command{
		Name:  "summary",
		Usage: "show the layers, shapes and parameters of the model",
		Flags: append(settingsFlags(),
			&cli.StringFlag{Name: "model", TakesFile: true, Usage: "show what this model `FILE` of a game holds"},
			&cli.StringFlag{Name: "dot", TakesFile: true, Usage: "write the networks as a Graphviz graph to `FILE`"},
		),
		Action: summary,
	}
}

func summary(c *cli.Context) error {
	if err := checkOutputs(c, fileOutputs(c, "dot")); err != nil {
		return err
	}
	if file := c.String("model"); file != "" && c.IsSet("model") {
		m, err := gameModel(file)
		if err == nil && m == nil {
			_, err = gan.Load(file)
			if err == nil {
				err = usagef("--model %s: of the tutorial's models the flags of train say what they are", file)
			}
		}
		if err != nil {
			return err
		}
		return summarizeGame(c, file, m)
	}
	d := gan.DefaultSettings()
	_, m, err := recipe(c, d.Height, d.Width, usualClasses)
	if err != nil {
		return err
	}
	if err := gan.WriteSummary(c.App.Writer, m); err != nil {
		return err
	}
	if file := c.String("dot"); file != "" {
		if err := atomicfile.Write(file, func(w io.Writer) error { return gan.WriteDot(w, m) }); err != nil {
			return err
		}
		_, err = fmt.Fprintf(c.App.Writer, "graph in %s\n", file)
	}
	return err
}
