// Command gangpu trains generative adversarial networks on an NVIDIA GPU, or on the CPU where
// there is none.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"

	"github.com/urfave/cli/v2"
)

// Exit codes.
const (
	exitOK          = 0
	exitFailed      = 1
	exitUsage       = 2
	exitInterrupted = 130 // as a shell has it of what SIGINT ends
)

func main() {
	// The first signal asks the command to finish; after it the next one ends the process.
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, terminate)
	context.AfterFunc(ctx, stop)
	os.Exit(run(ctx, os.Args, os.Stdout, os.Stderr))
}

// run is main without the process: it returns the exit code.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	app := newApp(stdout, stderr)
	err := app.RunContext(ctx, args)
	if err == nil {
		return exitOK
	}
	fmt.Fprintf(stderr, "gangpu: %s\n", oneLine(err))
	if usage := (*usageError)(nil); errors.As(err, &usage) {
		return exitUsage
	}
	if errors.Is(err, errInterrupted) {
		return exitInterrupted
	}
	return exitFailed
}

func newApp(stdout, stderr io.Writer) *cli.App {
	app := &cli.App{
		Name:                 "gangpu",
		Usage:                "train generative adversarial networks, on a GPU or the CPU",
		HideVersion:          true,
		HideHelpCommand:      false,
		EnableBashCompletion: true,
		Suggest:              true,
		Writer:               stdout,
		ErrWriter:            stderr,
		ExitErrHandler:       func(*cli.Context, error) {}, // run prints the error
		OnUsageError:         asUsageError,
		Action: func(c *cli.Context) error {
			if name := c.Args().First(); name != "" {
				return usagef("unknown command %q; gangpu help lists the commands", name)
			}
			return cli.ShowAppHelp(c)
		},
		Commands: []*cli.Command{
			trainCommand(),
			generateCommand(),
			evaluateCommand(),
			summaryCommand(),
			verifyCommand(),
			dataCommand(),
			devicesCommand(),
			versionCommand(),
			completionCommand(),
		},
	}
	for _, c := range app.Commands {
		c.OnUsageError = asUsageError
		c.HideHelpCommand = true
		c.Before = chain(noArguments, c.Before)
	}
	return app
}

// usageError is a command line that says nothing sensible: exit code 2.
type usageError struct{ message string }

func (e *usageError) Error() string { return e.message }

func usagef(format string, args ...any) error { return &usageError{fmt.Sprintf(format, args...)} }

func asUsageError(c *cli.Context, err error, isSubcommand bool) error {
	return usagef("%v; gangpu help %s shows the flags", err, c.Command.Name)
}

// noArguments refuses arguments of a command that takes flags only: a forgotten dash, most often.
func noArguments(c *cli.Context) error {
	if c.Command.ArgsUsage != "" || c.Args().Len() == 0 {
		return nil
	}
	return usagef("%s takes no argument %q; gangpu help %s shows its flags", c.Command.Name, c.Args().First(), c.Command.Name)
}

func chain(funcs ...cli.BeforeFunc) cli.BeforeFunc {
	return func(c *cli.Context) error {
		for _, f := range funcs {
			if f == nil {
				continue
			}
			if err := f(c); err != nil {
				return err
			}
		}
		return nil
	}
}

// oneLine is an error as one line: joined errors come with a line each.
func oneLine(err error) string {
	return strings.Join(strings.FieldsFunc(err.Error(), func(r rune) bool { return r == '\n' || r == '\r' }), "; ")
}
