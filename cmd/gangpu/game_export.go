package main

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"gangpu/gan/exchange"
	"gangpu/gan/train"

	"github.com/urfave/cli/v2"
)

// exportGame takes a model of any game to other programs, by its graphs: its game's code need not be there.
func exportGame(c *cli.Context, m *train.Model, format string) error {
	path, uses := c.String("out"), slices.Sorted(maps.Keys(m.Uses))
	if format != formatONNX && format != formatSafetensors {
		return usagef("--out %s: a model of the game %s goes to ONNX (%s) and to safetensors; only the tutorial's own models go to %s",
			path, m.Game, strings.Join(uses, ", "), format)
	}
	if c.Bool("raw") {
		m.DropAverages()
	}
	out := output{flag: "out", path: path}
	folder := format == formatONNX && !isONNX(path)
	if folder {
		out.written = isONNX
	}
	if part := c.String("part"); part != "" {
		if format != formatONNX {
			return usagef("--part %s: a safetensors file holds the arrays of all graphs, named in it", part)
		}
		if !slices.Contains(uses, part) {
			return usagef("--part %s: the model of the game %s has %s", part, m.Game, strings.Join(uses, ", "))
		}
		uses = []string{part}
	} else if format == formatONNX && !folder && len(uses) > 1 {
		if !slices.Contains(uses, train.SampleUse) {
			return usagef("--out %s: an ONNX file holds one graph, the model of the game %s has %s; name one by --part, or a folder for all",
				path, m.Game, strings.Join(uses, ", "))
		}
		uses = []string{train.SampleUse}
	}
	if err := checkOutputs(c, []output{out}, c.String("model")); err != nil {
		return err
	}
	endAtOnce()
	if format == formatSafetensors {
		if err := m.UsedAlone().Save(path); err != nil {
			return err
		}
		fmt.Fprintf(c.App.Writer, "weights in %s\n", path)
		return nil
	}
	if folder {
		if err := os.MkdirAll(path, 0o777); err != nil {
			return fmt.Errorf("making the folder of ONNX files: %w", err)
		}
	}
	for _, use := range uses {
		file := path
		if folder {
			file = filepath.Join(path, use+".onnx")
		}
		if err := exchange.WriteUse(file, m, use); err != nil {
			return err
		}
		fmt.Fprintf(c.App.Writer, "%s as ONNX in %s\n", use, file)
	}
	return nil
}
