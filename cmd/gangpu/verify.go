package main

import (
	"errors"
	"fmt"
	"slices"
	"text/tabwriter"

	"gangpu/engine/program"
	"gangpu/gan/games/tutorial"
	"gangpu/gan/train"
	"gangpu/internal/safetensors"

	"github.com/urfave/cli/v2"
)

func verifyCommand() *cli.Command {
	return &cli.Command{
		Name:  "verify",
		Usage: "replay a training step that another framework computed, and compare every tensor",
		Description: "Fails unless every tensor agrees, relative to its norm: in fp32, which is what verify computes in unless\n" +
			"told otherwise, to 1e-5, and to 1e-4 in phases with norms or penalties; in tf32 to 1e-2, gradients and\n" +
			"what optimizers keep of them to 4e-2. docs/reference-files.md describes the file; make reference writes\n" +
			"some. Files of the tutorial's earlier form have to agree to 1e-4. In these, where an input of LeakyReLU\n" +
			"is so near to zero that fp32 may miss its sign, and with it its derivative, the bias before it is\n" +
			"moved by some 1e-6 of the layer's size, away from zero.",
		Flags: slices.Concat([]cli.Flag{
			&cli.StringFlag{Name: "reference", TakesFile: true, Usage: "the safetensors `FILE` of the step"},
		}, deviceFlags()),
		Action: verify,
	}
}

func verify(c *cli.Context) (err error) {
	file := c.String("reference")
	if file == "" {
		return usagef("--reference is missing: the file of the step to replay")
	}
	if err := checkDeviceFlags(c); err != nil {
		return err
	}
	endAtOnce()
	if c.String("precision") == "" {
		if err := c.Set("precision", "fp32"); err != nil {
			return err
		}
	}
	dev, err := openDevice(c)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, dev.Close()) }()
	all, err := replay(dev, file)
	if err != nil {
		return err
	}
	w := tabwriter.NewWriter(c.App.Writer, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "TENSOR\tRELATIVE ERROR\tALLOWED\t")
	bad := 0
	for _, d := range all {
		mark := ""
		if !d.OK() {
			mark = "differs"
			bad++
		}
		fmt.Fprintf(w, "%s\t%.2e\t%.0e\t%s\n", d.Name, d.Error, d.Tolerance, mark)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	if bad > 0 {
		return fmt.Errorf("%d of %d tensors of %s differ on %s", bad, len(all), file, dev.Info().Name)
	}
	worst := train.Worst(all)
	_, err = fmt.Fprintf(c.App.Writer, "%d tensors agree; the worst is %s, %.2e\n", len(all), worst.Name, worst.Error)
	return err
}

// replay makes the step of a reference file on a device: a game's, or the tutorial's of the earlier form.
func replay(dev program.Device, path string) ([]train.Deviation, error) {
	file, err := safetensors.Read(path)
	if err != nil {
		return nil, err
	}
	of := replayGame
	if file.Metadata["format"] == tutorial.EarlierFormat {
		of = replayEarlier
	}
	all, err := of(dev, file)
	if err != nil {
		return nil, fmt.Errorf("verifying %s on %s: %w", path, dev.Info().Name, err)
	}
	return all, nil
}

func replayEarlier(dev program.Device, file *safetensors.File) ([]train.Deviation, error) {
	step, err := tutorial.ReadEarlier(file)
	if err != nil {
		return nil, err
	}
	return step.Verify(dev)
}

func replayGame(dev program.Device, file *safetensors.File) ([]train.Deviation, error) {
	step, err := train.ReadStep(file)
	if err != nil {
		return nil, err
	}
	of, known := system(step.System)
	if !known {
		return nil, fmt.Errorf("no game is called %q", step.System)
	}
	game, err := step.Game(of)
	if err != nil {
		return nil, err
	}
	return step.Verify(dev, game)
}
