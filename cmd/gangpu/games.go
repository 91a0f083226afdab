package main

import (
	"fmt"
	"slices"
	"strings"
	"text/tabwriter"

	"gangpu/gan/games/acgan"
	classifying "gangpu/gan/games/classifier"
	"gangpu/gan/games/dcgan"
	"gangpu/gan/games/wgan"
	"gangpu/gan/train"

	"github.com/urfave/cli/v2"
)

// systems are the games that train has a subcommand for.
var systems = []train.System{dcgan.System, wgan.System, acgan.System, classifying.System}

func gamesCommand() *cli.Command {
	return &cli.Command{
		Name:  "games",
		Usage: "list the games that can be trained, with their papers, data and presets",
		Action: func(c *cli.Context) error {
			w := tabwriter.NewWriter(c.App.Writer, 0, 0, 2, ' ', 0)
			fmt.Fprintf(w, "tutorial\tthe GAN of a tutorial, on digits: gangpu train\n\tpaper\tGoodfellow et al., 2014, arXiv:1406.2661\n\tdata\tgrey images in IDX files\n")
			fmt.Fprintf(w, "\tpresets\ttutorial, best\n")
			for _, s := range systems {
				fmt.Fprintf(w, "\n%s\t%s: gangpu train %s\n\tpaper\t%s\n\tdata\t%s\n", s.Name, s.Title, s.Name, s.Paper, s.Needs)
				for i, p := range s.Presets {
					label := ""
					if i == 0 {
						label = "presets"
					}
					fmt.Fprintf(w, "\t%s\t%s: %s; batch %d, %d epochs\n", label, p.Name, p.Description, p.Batch, p.Epochs)
				}
			}
			return w.Flush()
		},
	}
}

// gameCommands are the subcommands of train, one for each game.
func gameCommands() []*cli.Command {
	var all []*cli.Command
	for _, s := range systems {
		all = append(all, &cli.Command{
			Name: s.Name, Usage: s.Title, OnUsageError: asUsageError, HideHelpCommand: true, Before: noArguments,
			Description: fmt.Sprintf("%s.\nIt needs %s: a folder (--data), or a dataset by name (--dataset). Writes to the run's folder: model.safetensors\n"+
				"(networks, optimizers, settings, the graph that makes images), checkpoints/, metrics.csv, run.json, samples/,\n"+
				"judge.csv if the run is judged, and at the end report.html. The first Ctrl-C finishes the iteration and saves;\n"+
				"--resume goes on from there, to the same bits.", s.Paper, s.Needs),
			Flags:  slices.Concat(gameFlags(s), gameDataFlags(), deviceFlags(), gameRunFlags()),
			Action: func(c *cli.Context) error { return trainGame(c, s) },
		})
	}
	return all
}

// gameFlags are those of a game's settings. Their defaults are those of its first preset.
func gameFlags(s train.System) []cli.Flag {
	var presets []string
	for _, p := range s.Presets {
		presets = append(presets, fmt.Sprintf("%s (%s)", p.Name, p.Description))
	}
	first := s.Presets[0]
	flags := []cli.Flag{
		&cli.StringFlag{Name: "preset", Value: first.Name, Usage: "`RECIPE` that says what the other flags do not: " + strings.Join(presets, " or ")},
		&cli.IntFlag{Name: "epochs", Value: first.Epochs, Usage: "`NUMBER` of passes over the training images"},
		&cli.IntFlag{Name: "batch", Value: first.Batch, Usage: "`NUMBER` of images of a step"},
		&cli.IntFlag{Name: "shards", Value: 1, Usage: "cut a batch into this `NUMBER` of parts, a power of two, that are computed one after the other: for batches larger than memory"},
		&cli.Uint64Flag{Name: "seed", Value: 1, EnvVars: []string{"GANGPU_SEED"}, Usage: "`NUMBER` that all random ones come from: the same seed makes the same run"},
	}
	for _, o := range first.Options() {
		name := strings.ReplaceAll(o.Name, "_", "-")
		switch v := o.Default.(type) {
		case string:
			flags = append(flags, &cli.StringFlag{Name: name, Value: v, Usage: "`KIND`: " + o.Usage})
		case int:
			flags = append(flags, &cli.IntFlag{Name: name, Value: v, Usage: "`NUMBER`: " + o.Usage})
		case float64:
			flags = append(flags, &cli.Float64Flag{Name: name, Value: v, Usage: "`NUMBER`: " + o.Usage})
		case bool:
			flags = append(flags, &cli.BoolFlag{Name: name, Value: v, Usage: o.Usage})
		}
	}
	return flags
}

// gameSettings reads the flags of a game: what is not given is the preset's.
func gameSettings(c *cli.Context, s train.System) (game any, t train.Settings, epochs int, err error) {
	p, err := s.Preset(c.String("preset"))
	if err != nil {
		return nil, t, 0, usagef("%v", err)
	}
	given := map[string]any{}
	for _, o := range p.Options() {
		if name := strings.ReplaceAll(o.Name, "_", "-"); c.IsSet(name) {
			given[o.Name] = flagValue(c, name, o.Default)
		}
	}
	if game, err = p.With(given); err != nil {
		return nil, t, 0, usagef("%v", err)
	}
	t = train.Settings{Batch: p.Batch, Shards: c.Int("shards"), Seed: c.Uint64("seed")}
	epochs = p.Epochs
	if c.IsSet("batch") {
		t.Batch = c.Int("batch")
	}
	if c.IsSet("epochs") {
		epochs = c.Int("epochs")
	}
	const most = 1_000_000
	if epochs < 1 || epochs > most {
		return nil, t, 0, usagef("--epochs %d: want 1 to %d", epochs, most)
	}
	if t.Batch > 65_536 {
		return nil, t, 0, usagef("--batch %d: want at most 65536", t.Batch)
	}
	if err := t.Validate(); err != nil {
		return nil, t, 0, usagef("%v (--batch, --shards)", err)
	}
	return game, t, epochs, nil
}

// flagValue is a flag's value, of the type of another.
func flagValue(c *cli.Context, name string, like any) any {
	switch like.(type) {
	case int:
		return c.Int(name)
	case float64:
		return c.Float64(name)
	case bool:
		return c.Bool(name)
	}
	return c.String(name)
}

// checkGame refuses a game that there is not, and flags before its name, which would be those of the tutorial.
func checkGame(c *cli.Context) error {
	name := c.Args().First()
	var names []string
	for _, s := range c.Command.Subcommands {
		names = append(names, s.Name)
	}
	if !slices.Contains(names, name) {
		return usagef("train knows no game %q: it knows %s; gangpu games tells more", name, strings.Join(names, ", "))
	}
	for _, f := range c.Command.Flags {
		if given(c, f.Names()[0]) {
			return usagef("--%s comes behind the name of the game: gangpu train %s --%s ...", f.Names()[0], name, f.Names()[0])
		}
	}
	return nil
}

// subcommand is what train needs before its flags to train a game of that name: nothing for the tutorial's.
func subcommand(game string) string {
	if slices.ContainsFunc(systems, func(s train.System) bool { return s.Name == game }) {
		return game + " "
	}
	return ""
}
