package main

import (
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"
)

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
