package main

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/urfave/cli/v2"
)

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
	return usagef("%s; gangpu help %s shows the flags", message, c.Command.Name)
}
