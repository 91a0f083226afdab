package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"gangpu/bench"
	"gangpu/gan/train"
	"gangpu/internal/atomicfile"

	"github.com/urfave/cli/v2"
)

// gameNames lists the games of systems.
func gameNames() string {
	var names []string
	for _, s := range systems {
		names = append(names, s.Name)
	}
	return strings.Join(names, ", ")
}

// benchGame measures an iteration of a game on each device.
func benchGame(c *cli.Context) (err error) {
	i := slices.IndexFunc(systems, func(s train.System) bool { return s.Name == c.String("game") })
	if i < 0 {
		return usagef("unknown game %q: want one of %s", c.String("game"), gameNames())
	}
	for _, name := range []string{"layers", "compile", "roofline", "card", "compare"} {
		if c.IsSet(name) {
			return usagef("--%s is of the tutorial's model, not of --game", name)
		}
	}
	const usualClasses, mostPixels = 10, 1024
	o := bench.GameOptions{System: systems[i], Batch: c.Int("batch"), Measurements: c.Int("steps"), Warmup: c.Int("warmup"),
		Input: train.Input{Height: c.Int("size"), Width: c.Int("size"), Channels: 3, Classes: usualClasses}}
	if c.IsSet("preset") {
		o.Preset = c.String("preset")
	}
	p, err := o.System.Preset(o.Preset)
	if err != nil {
		return usagef("%v", err)
	}
	switch {
	case o.Input.Height < 4 || o.Input.Height > mostPixels:
		return usagef("--size %d: want 4 to %d", o.Input.Height, mostPixels)
	case o.Batch < 0 || o.Batch > limits["batch"]:
		return usagef("--batch %d: want 1 to %d", o.Batch, limits["batch"])
	case o.Measurements < 1 || o.Warmup < 0:
		return usagef("--steps %d --warmup %d: want at least 1 and 0", o.Measurements, o.Warmup)
	}
	if _, err := o.System.New(p.Settings, o.Input); err != nil {
		return usagef("%v", err)
	}
	endAtOnce()
	devices, notes, err := openBenchDevices(c)
	defer func() {
		for _, d := range devices {
			err = errors.Join(err, d.Close())
		}
	}()
	if err != nil {
		return err
	}
	r, err := bench.RunGame(devices, o)
	if err != nil {
		return err
	}
	encode := func(w io.Writer) error {
		e := json.NewEncoder(w)
		e.SetIndent("", "  ")
		return e.Encode(r)
	}
	if file := c.String("json"); file == "-" {
		return encode(c.App.Writer)
	} else if file != "" {
		if err := atomicfile.Write(file, encode); err != nil {
			return err
		}
	}
	if err := r.WriteTable(c.App.Writer); err != nil {
		return err
	}
	for _, note := range notes {
		fmt.Fprintln(c.App.Writer, note)
	}
	return nil
}
