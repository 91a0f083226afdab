package main

import (
	"fmt"
	"strings"

	"gangpu/gan/exchange"

	"github.com/urfave/cli/v2"
)

func importCommand() *cli.Command {
	return &cli.Command{
		Name:  "import",
		Usage: "make a model file of a GAN that Keras saved",
		Description: "The GAN is a Sequential of generator and discriminator, as in the tutorial. A whole model,\n" +
			"gan.save(\"FILE.h5\") or gan.save(\"FILE.keras\"), may have layers of other sizes; of a file of weights alone they\n" +
			"must be the tutorial's. The result makes images and can be evaluated and exported. It has no optimizer's state:\n" +
			"train --from begins a new run with it.",
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "keras", TakesFile: true, Usage: "`FILE` that Keras saved: gan_mnist.h5, NAME.keras or NAME.weights.h5"},
			&cli.StringFlag{Name: "out", TakesFile: true, Usage: "`FILE` to write the model to"},
		},
		Action: importModel,
	}
}

func importModel(c *cli.Context) error {
	from, to := c.String("keras"), c.String("out")
	if from == "" {
		return usagef("--keras is missing: the file that Keras saved, as gan_mnist.h5")
	}
	if to == "" {
		return usagef("--out is missing: the model file to write, as model.safetensors")
	}
	if err := checkOutputs(c, fileOutputs(c, "out"), from); err != nil {
		return err
	}
	endAtOnce()
	model, err := exchange.ReadKeras(from)
	if err != nil {
		return err
	}
	if err := model.Save(to); err != nil {
		return err
	}
	count := func(network string) (n int) {
		for _, a := range model.Arrays {
			if strings.HasPrefix(a.Name, network+"/") {
				n += len(a.Values)
			}
		}
		return n
	}
	fmt.Fprintf(c.App.Writer, "generator with %d parameters and discriminator with %d in %s, without an optimizer's state\n",
		count("generator"), count("discriminator"), to)
	return nil
}
