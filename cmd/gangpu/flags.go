package main

import (
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"

	pictures "gangpu/gan/data"

	"github.com/urfave/cli/v2"
)

// Flags that several commands share.

func deviceFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{Name: "device", Value: "auto", EnvVars: []string{"GANGPU_DEVICE"},
			Usage: "`NAME`: auto (a GPU if there is one), cpu, a GPU as 0 or cuda:0, or emulated: the GPU's kernels on the CPU, checked at every step"},
		&cli.StringFlag{Name: "precision", EnvVars: []string{"GANGPU_PRECISION"},
			Usage: "`KIND` of arithmetic: fp32, or tf32 on GPUs that have it (their default)"},
		&cli.BoolFlag{Name: "require-gpu", EnvVars: []string{"GANGPU_REQUIRE_GPU"}, DisableDefaultText: true,
			Usage: "fail without a GPU instead of using the CPU"},
		&cli.IntFlag{Name: "threads", EnvVars: []string{"GANGPU_THREADS"}, DefaultText: "one a core",
			Usage: "`NUMBER` of threads of the CPU device"},
	}
}

// deviceName is the form of what --device takes.
var deviceName = regexp.MustCompile(`^(auto|cpu|emulated|(cuda:)?[0-9]{1,4})$`)

// checkDeviceFlags finds what is wrong with the flags whatever devices there are.
func checkDeviceFlags(c *cli.Context) error {
	if name := c.String("device"); !deviceName.MatchString(name) {
		return blame(c, usagef("unknown device %q: want auto, cpu, a GPU as 0 or cuda:0, or emulated", name), "device")
	}
	switch p := c.String("precision"); p {
	case "", "fp32", "tf32":
	default:
		return blame(c, usagef("unknown precision %q: want fp32 or tf32", p), "precision")
	}
	const most = 1024
	if n := c.Int("threads"); n < 0 || n > most {
		return blame(c, usagef("--threads %d: want 1 to %d, or 0 for one a core", n, most), "threads")
	}
	return nil
}

// dataFlags say which images are meant; usual is the dataset where nobody says.
func dataFlags(usual string) []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{Name: "data", EnvVars: []string{"GANGPU_DATA"}, TakesFile: true,
			Usage: "`FOLDER` of pictures, a .zip of some, or a folder of IDX files; docs/data.md tells what folders are read"},
		&cli.StringFlag{Name: "dataset", EnvVars: []string{"GANGPU_DATASET"}, DefaultText: usual,
			Usage: "`NAME` of a dataset that is looked for in the cache, and fetched: " + strings.Join(pictures.Datasets(), ", ")},
	}
}

// checkDataFlags refuses a dataset that nobody knows before anything is looked for.
func checkDataFlags(c *cli.Context) error {
	if name := c.String("dataset"); name != "" && !slices.Contains(pictures.Datasets(), name) {
		return blame(c, usagef("unknown dataset %q: want one of %s", name, strings.Join(pictures.Datasets(), ", ")), "dataset")
	}
	return nil
}

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

// usageError is a command line that says nothing sensible: exit code 2.
type usageError struct{ message string }

func (e *usageError) Error() string { return e.message }

func usagef(format string, args ...any) error { return &usageError{fmt.Sprintf(format, args...)} }

// longFlag is a flag as package flag names it in its errors, with one dash.
var longFlag = regexp.MustCompile(`( )-(\w[\w-]+)`)

// asUsageError is how the cli package's errors about flags come out.
func asUsageError(c *cli.Context, err error, _ bool) error {
	message := strings.Replace(err.Error(), "flag provided but not defined:", "unknown flag", 1)
	message = longFlag.ReplaceAllString(message, "${1}--${2}")
	if c.Command == nil || c.Command.Name == c.App.Name {
		return usagef("%s; gangpu help lists the commands", message)
	}
	return usagef("%s; %s --help shows the flags", message, c.Command.HelpName)
}

// unsetEmpty unsets gangpu's variables that are empty: for some kinds of flags, package cli takes those for a value.
func unsetEmpty() {
	for _, e := range os.Environ() {
		if name, value, _ := strings.Cut(e, "="); value == "" && strings.HasPrefix(name, "GANGPU_") {
			os.Unsetenv(name)
		}
	}
}

// variable is the environment's that a flag has its value from; empty if that is of the command line, or
// nothing sets the flag.
func variable(c *cli.Context, name string) string {
	i := slices.IndexFunc(c.Command.Flags, func(f cli.Flag) bool { return slices.Contains(f.Names(), name) })
	if i < 0 || !c.Command.Flags[i].IsSet() { // which knows of the environment alone
		return ""
	}
	f, ok := c.Command.Flags[i].(cli.DocGenerationFlag)
	if !ok {
		return ""
	}
	value := f.GetValue() // of the environment, whatever the command line says
	if b, ok := c.Command.Flags[i].(*cli.BoolFlag); ok {
		value = fmt.Sprint(b.Value)
	}
	if fmt.Sprint(c.Value(name)) != value {
		return ""
	}
	for _, v := range f.GetEnvVars() {
		if _, ok := os.LookupEnv(v); ok {
			return v
		}
	}
	return ""
}

// given reports whether a flag is on the command line. The environment, which is there for new
// runs, says nothing of a resumed one.
func given(c *cli.Context, name string) bool { return c.IsSet(name) && variable(c, name) == "" }

// blame adds to an error those of the flags at fault that come from the environment, where the command line
// does not show them.
func blame(c *cli.Context, err error, flags ...string) error {
	if err == nil {
		return nil
	}
	var set []string
	for _, name := range flags {
		if v := variable(c, name); v != "" {
			set = append(set, v+"="+shellQuote(os.Getenv(v)))
		}
	}
	if set == nil {
		return err
	}
	return fmt.Errorf("%w; the environment has %s", err, strings.Join(set, ", "))
}
