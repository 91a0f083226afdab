package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"

	"gangpu/gan/train"

	"github.com/urfave/cli/v2"
)

// summarizeGame says what a model file of a game holds.
func summarizeGame(c *cli.Context, file string, m *train.Model) error {
	out := c.App.Writer
	fmt.Fprintf(out, "%s: game %s, %d iterations of batch %d, seed %d\ndata      %s, %d rows", file, m.Game, m.Iterations, m.Settings.Batch, m.Settings.Seed,
		m.Data.Name, m.Rows)
	if n := len(m.Data.Classes); n > 0 {
		fmt.Fprintf(out, "; classes %s", strings.Join(m.Data.Classes, ", "))
	}
	fmt.Fprintf(out, "\nsettings  %s\n", m.GameSettings)
	for _, use := range slices.Sorted(maps.Keys(m.Uses)) {
		var of []string
		for _, in := range m.Uses[use].Inputs {
			if in.Role != "array" {
				of = append(of, fmt.Sprintf("%s %v (%s)", in.Name, in.Shape, in.Role))
			}
		}
		fmt.Fprintf(out, "graph     %s: %d operations of %s\n", use, len(m.Uses[use].Nodes), strings.Join(of, ", "))
	}
	fmt.Fprintln(out)
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "ARRAY\tSHAPE\tNUMBERS")
	others, total := 0, 0
	for _, a := range m.Arrays {
		if strings.HasPrefix(a.Name, "adam/") || strings.HasPrefix(a.Name, "rmsprop/") || strings.HasPrefix(a.Name, "sgd/") || strings.HasPrefix(a.Name, "average/") {
			others++
			continue
		}
		total += len(a.Values)
		fmt.Fprintf(w, "%s\t%v\t%d\n", a.Name, a.Shape, len(a.Values))
	}
	fmt.Fprintf(w, "all\t\t%d\n", total)
	if err := w.Flush(); err != nil {
		return err
	}
	_, err := fmt.Fprintf(out, "and %s of optimizers and averages\n", counted(others, "array"))
	return err
}
