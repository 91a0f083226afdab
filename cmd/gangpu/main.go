// Command gangpu trains generative adversarial networks on an NVIDIA GPU, or on the CPU where
// there is none.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"gangpu/engine/collective"
	"gangpu/engine/collective/mpi"
	"gangpu/internal/hostmemory"

	"github.com/urfave/cli/v2"
)

// Exit codes.
const (
	exitOK          = 0
	exitFailed      = 1
	exitUsage       = 2
	exitLost        = 75  // of several ranks, one is lost, or their library hangs: the run can go on from what was saved (EX_TEMPFAIL)
	exitInterrupted = 130 // as a shell has it of what SIGINT ends
)

func main() {
	hostmemory.LimitGarbage()
	unsetEmpty()
	ctx := withSignals(context.Background())
	mpi.Exit(execute(ctx, os.Args, newStream(os.Stdout), newStream(os.Stderr)))
}

// execute is main without the process: it returns the exit code.
func execute(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	err := newApp(stdout, stderr).RunContext(ctx, picturesLast(folderLast(args)))
	if err == nil {
		return exitOK
	}
	if !errors.As(err, new(*ranksError)) { // they have told
		tell(stderr, err)
	}
	return exitCode(ctx, err)
}

// tell prints an error.
func tell(w io.Writer, err error) { fmt.Fprintf(w, "gangpu: %s\n", oneLine(advised(err))) }

// exitCode is the one of a command that ended with an error.
func exitCode(ctx context.Context, err error) int {
	if usage := (*usageError)(nil); errors.As(err, &usage) {
		return exitUsage
	}
	if errors.As(err, new(*collective.LostError)) || errors.As(err, new(*collective.HungError)) {
		return exitLost
	}
	if s := (*signalError)(nil); errors.As(err, &s) || errors.As(err, new(*ranksError)) && errors.As(context.Cause(ctx), &s) {
		return s.exitCode()
	}
	if ranks := (*ranksError)(nil); errors.As(err, &ranks) {
		return ranks.code
	}
	if cause := context.Cause(ctx); cause != nil && errors.Is(err, cause) {
		return exitInterrupted
	}
	return exitFailed
}

// advised adds to an error what the user may do, or look at.
func advised(err error) error { return adviseSynchronous(adviseData(explainLink(err))) }

func newApp(stdout, stderr io.Writer) *cli.App {
	app := &cli.App{
		Name:                 "gangpu",
		Usage:                "train generative adversarial networks, on a GPU or the CPU",
		HideVersion:          true, // its flag is our own, in the words of the command
		EnableBashCompletion: true,
		Writer:               stdout,
		ErrWriter:            stderr,
		ExitErrHandler:       func(*cli.Context, error) {}, // execute prints the error
		OnUsageError:         asUsageError,
		Flags: []cli.Flag{
			&cli.BoolFlag{Name: "version", Usage: "print the version", DisableDefaultText: true},
			cli.HelpFlag, // the package adds it beside its own help command only
		},
		Action: func(c *cli.Context) error {
			if name := c.Args().First(); name != "" {
				return unknownCommand(name)
			}
			if c.Bool("version") {
				return printVersion(c)
			}
			return cli.ShowAppHelp(c)
		},
		Commands: []*cli.Command{
			trainCommand(),
			gamesCommand(),
			runsCommand(),
			plotCommand(),
			reportCommand(),
			generateCommand(),
			translateCommand(),
			projectCommand(),
			evaluateCommand(),
			exportCommand(),
			importCommand(),
			summaryCommand(),
			verifyCommand(),
			selftestCommand(),
			benchCommand(),
			dataCommand(),
			devicesCommand(),
			versionCommand(),
			completionCommand(),
			helpCommand(),
		},
	}
	for _, c := range app.Commands {
		c.OnUsageError = asUsageError
		c.HideHelpCommand = true
		c.Before = noArguments
	}
	return app
}

// noArguments refuses arguments of a command that takes flags only: a forgotten dash, most often.
func noArguments(c *cli.Context) error {
	if len(c.Command.Subcommands) > 0 && c.Args().Len() > 0 {
		return checkGame(c)
	}
	if c.Command.ArgsUsage != "" || c.Args().Len() == 0 {
		return nil
	}
	return usagef("%s takes no argument %q; gangpu help %s shows its flags", c.Command.Name, c.Args().First(), c.Command.Name)
}

// oneLine is an error as one line: joined errors come with a line each.
func oneLine(err error) string {
	return strings.Join(strings.FieldsFunc(err.Error(), func(r rune) bool { return r == '\n' || r == '\r' }), "; ")
}
