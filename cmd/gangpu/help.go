package main

import (
	"fmt"

	"github.com/urfave/cli/v2"
)

func helpCommand() *cli.Command {
	return &cli.Command{
		Name:      "help",
		Aliases:   []string{"h"},
		Usage:     "list the commands, or show the flags of one",
		ArgsUsage: "[COMMAND]",
		BashComplete: func(c *cli.Context) {
			for _, command := range c.App.Commands {
				fmt.Fprintln(c.App.Writer, command.Name)
			}
		},
		Action: func(c *cli.Context) error {
			switch name := c.Args().First(); {
			case c.Args().Len() > 1:
				return usagef("help takes one command, not %d", c.Args().Len())
			case name == "":
				return cli.ShowAppHelp(c)
			case c.App.Command(name) == nil:
				return unknownCommand(name)
			default:
				return cli.ShowCommandHelp(c, name)
			}
		},
	}
}

func unknownCommand(name string) error {
	return usagef("unknown command %q; gangpu help lists the commands", name)
}
