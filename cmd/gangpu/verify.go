package main

import (
	"errors"
	"fmt"
	"slices"
	"text/tabwriter"

	"gangpu/gan"

	"github.com/urfave/cli/v2"
)

func verifyCommand() *cli.Command {
	return &cli.Command{
		Name:  "verify",
		Usage: "replay a training step that another framework computed, and compare every tensor",
		Description: "Fails unless every tensor agrees to 1e-4, relative to its norm, in fp32, which is what verify\n" +
			"computes in unless told otherwise, or in tf32 to 1e-2, gradients to 4e-2. Where an input of\n" +
			"LeakyReLU is so near to zero that fp32 may miss its sign, and with it its derivative, the bias\n" +
			"before it is moved by some 1e-6 of the layer's size, away from zero.",
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
	v, err := gan.Verify(dev, file)
	if err != nil {
		return err
	}
	w := tabwriter.NewWriter(c.App.Writer, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "TENSOR\tRELATIVE ERROR\tALLOWED\t")
	bad := 0
	for _, d := range v.Tensors {
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
		return fmt.Errorf("%d of %d tensors of %s differ on %s", bad, len(v.Tensors), file, dev.Info().Name)
	}
	worst := v.Worst()
	_, err = fmt.Fprintf(c.App.Writer, "%d tensors agree; the worst is %s, %.2e\n", len(v.Tensors), worst.Name, worst.Error)
	return err
}
