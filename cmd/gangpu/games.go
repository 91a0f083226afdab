package main

import (
	"fmt"
	"slices"
	"strings"
	"text/tabwriter"

	"gangpu/gan/games/acgan"
	"gangpu/gan/games/biggan"
	classifying "gangpu/gan/games/classifier"
	"gangpu/gan/games/cyclegan"
	"gangpu/gan/games/dcgan"
	"gangpu/gan/games/pix2pix"
	"gangpu/gan/games/progan"
	"gangpu/gan/games/srgan"
	"gangpu/gan/games/stargan"
	"gangpu/gan/games/stylegan"
	"gangpu/gan/games/stylegan2"
	"gangpu/gan/games/tutorial"
	"gangpu/gan/games/wgan"
	"gangpu/gan/train"

	"github.com/urfave/cli/v2"
)

// systems are the games that there are: train has a subcommand for each.
var systems = []train.System{tutorial.System, dcgan.System, wgan.System, acgan.System, biggan.System, progan.System, stylegan.System,
	stylegan2.System, pix2pix.System, cyclegan.System, stargan.System, srgan.System, classifying.System}

// usualGame is what train trains without a name.
var usualGame = tutorial.System

// system is the game of a name.
func system(name string) (train.System, bool) {
	i := slices.IndexFunc(systems, func(s train.System) bool { return s.Name == name })
	if i < 0 {
		return train.System{}, false
	}
	return systems[i], true
}

// gameNames lists the games.
func gameNames() string {
	var names []string
	for _, s := range systems {
		names = append(names, s.Name)
	}
	return strings.Join(names, ", ")
}

// trainLine is the command that trains a game: "gangpu train dcgan".
func trainLine(game string) string {
	if _, known := system(game); !known || game == usualGame.Name {
		return "gangpu train"
	}
	return "gangpu train " + game
}

func gamesCommand() *cli.Command {
	return &cli.Command{
		Name:  "games",
		Usage: "list the games that can be trained, with their papers, data and presets",
		Action: func(c *cli.Context) error {
			w := tabwriter.NewWriter(c.App.Writer, 0, 0, 2, ' ', 0)
			for i, s := range systems {
				if i > 0 {
					fmt.Fprintln(w)
				}
				fmt.Fprintf(w, "%s\t%s: %s\n\tpaper\t%s\n\tdata\t%s\n", s.Name, s.Title, trainLine(s.Name), s.Paper, s.Needs)
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

// checkGame refuses a game that there is not, and flags before its name, which would be those of the usual game.
func checkGame(c *cli.Context) error {
	name := c.Args().First()
	if _, known := system(name); !known {
		return usagef("train knows no game %q: it knows %s; gangpu games tells more", name, gameNames())
	}
	for _, f := range c.Command.Flags {
		if given(c, f.Names()[0]) {
			return usagef("--%s comes behind the name of the game: gangpu train %s --%s ...", f.Names()[0], name, f.Names()[0])
		}
	}
	return nil
}
