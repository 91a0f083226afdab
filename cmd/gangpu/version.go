package main

import (
	"fmt"
	"runtime"
	"runtime/debug"

	"gangpu/engine"

	"github.com/urfave/cli/v2"
)

func versionCommand() *cli.Command {
	return &cli.Command{
		Name:   "version",
		Usage:  "print the version and how it was built",
		Action: printVersion,
	}
}

func printVersion(c *cli.Context) error {
	_, err := fmt.Fprintln(c.App.Writer, versionLine())
	return err
}

// versionLine is the module's version, or the commit it was built from, and the build's kind.
func versionLine() string {
	version, revision, modified := "(devel)", "", ""
	if info, ok := debug.ReadBuildInfo(); ok {
		if info.Main.Version != "" {
			version = info.Main.Version
		}
		for _, s := range info.Settings {
			switch {
			case s.Key == "vcs.revision" && len(s.Value) >= 12:
				revision = ", commit " + s.Value[:12]
			case s.Key == "vcs.modified" && s.Value == "true":
				modified = " and changes"
			}
		}
	}
	built := "for the CPU alone"
	if engine.CUDA {
		built = "with CUDA"
	}
	return fmt.Sprintf("gangpu %s%s%s, %s, %s %s/%s", version, revision, modified, built,
		runtime.Version(), runtime.GOOS, runtime.GOARCH)
}
