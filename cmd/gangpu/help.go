package main

import (
	"fmt"
	"slices"

	"github.com/urfave/cli/v2"
)

func helpCommand() *cli.Command {
	return &cli.Command{
		Name:      "help",
		Aliases:   []string{"h"},
		Usage:     "list the commands, or show the flags of one",
		ArgsUsage: "[COMMAND [GAME]]",
		BashComplete: func(c *cli.Context) {
			for _, command := range c.App.Commands {
				fmt.Fprintln(c.App.Writer, command.Name)
			}
		},
		Action: func(c *cli.Context) error {
			switch name := c.Args().First(); {
			case name == "":
				return cli.ShowAppHelp(c)
			case c.App.Command(name) == nil:
				return unknownCommand(name)
			case c.Args().Len() > 1 && len(c.App.Command(name).Subcommands) == 0:
				return usagef("help takes one command, not %d", c.Args().Len())
			default:
				args := slices.Concat([]string{c.App.Name}, c.Args().Slice(), []string{"--help"})
				return newApp(c.App.Writer, c.App.ErrWriter).RunContext(c.Context, args)
			}
		},
	}
}

func unknownCommand(name string) error {
	return usagef("unknown command %q; gangpu help lists the commands", name)
}
