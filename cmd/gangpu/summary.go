package main

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"

	"gangpu/gan/exchange"
	"gangpu/gan/nn"
	"gangpu/gan/train"
	"gangpu/internal/atomicfile"

	"github.com/urfave/cli/v2"
)

func summaryCommand() *cli.Command {
	return &cli.Command{
		Name:  "summary",
		Usage: "show a model file, or the networks of the tutorial's game: layers, output shapes, parameters",
		Description: "Of a --model it shows what the file holds. Without one it shows the networks that the flags of train say, as\n" +
			"Keras's summary does; of other games, train GAME --dry-run does. --dot writes them as a graph for Graphviz, if\n" +
			"they are chains of layers.",
		Flags: append([]cli.Flag{
			&cli.StringFlag{Name: "model", TakesFile: true, Usage: "show what this model `FILE` holds"},
			&cli.StringFlag{Name: "dot", TakesFile: true, Usage: "write a graph of the networks for Graphviz to this `FILE`"},
		}, settingsFlags(usualGame)...),
		Action: summary,
	}
}

func summary(c *cli.Context) error {
	file := c.String("model")
	if err := checkOutputs(c, fileOutputs(c, "dot"), file); err != nil {
		return err
	}
	m, err := summarized(c, file)
	if err != nil {
		return err
	}
	dot := c.String("dot")
	if dot == "" {
		return nil
	}
	if err := atomicfile.Write(dot, func(w io.Writer) error { return exchange.WriteDot(w, m) }); err != nil {
		return err
	}
	_, err = fmt.Fprintf(c.App.Writer, "graph in %s\n", dot)
	return err
}

// summarized says what a model file holds or, without one, what the flags say, and returns the model.
func summarized(c *cli.Context, file string) (*train.Model, error) {
	if file != "" {
		m, err := loadModel(c, file)
		if err != nil {
			return nil, err
		}
		return m, summarizeModel(c, file, m)
	}
	settings, _, _, err := readSettings(c, usualGame, nil)
	if err != nil {
		return nil, err
	}
	const side, classes = 28, 10 // of the images that the game is usually trained on
	game, err := usualGame.New(settings, train.Input{Height: side, Width: side, Channels: 1, Classes: classes})
	if err != nil {
		return nil, usagef("%v", err)
	}
	m, err := exchange.Blank(game, []int{side, side, 1}, classes)
	if err != nil {
		return nil, err
	}
	return m, exchange.WriteSummary(c.App.Writer, m)
}

// summarizeModel says what a model file holds.
func summarizeModel(c *cli.Context, file string, m *train.Model) error {
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
			if in.Role != nn.Array {
				of = append(of, fmt.Sprintf("%s %v (%s)", in.Name, in.Shape, in.Role))
			}
		}
		fmt.Fprintf(out, "graph     %s: %d operations of %s\n", use, len(m.Uses[use].Nodes), strings.Join(of, ", "))
	}
	fmt.Fprintln(out)
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	for _, use := range slices.Sorted(maps.Keys(m.Uses)) {
		layers, err := exchange.Layers(m, use)
		if err != nil {
			return fmt.Errorf("%s: %w", file, err)
		}
		fmt.Fprintf(w, "LAYER OF %s\tOUTPUT\tNUMBERS\n", strings.ToUpper(use))
		for _, l := range layers {
			fmt.Fprintf(w, "%s\t%v\t%d\n", l.Name, l.Output, l.Numbers)
		}
		fmt.Fprintln(w)
	}
	fmt.Fprintln(w, "ARRAY\tSHAPE\tNUMBERS")
	others, total := 0, 0
	for _, a := range m.Arrays {
		if !m.IsOfNetwork(a.Name) {
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
	_, err := fmt.Fprintf(out, "and %s of optimizers, averages and pools\n", counted(others, "array"))
	return err
}
