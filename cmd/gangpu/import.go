package main

import (
	"errors"
	"fmt"
	"strings"

	"gangpu/engine"
	"gangpu/gan/exchange"
	"gangpu/gan/train"

	"github.com/urfave/cli/v2"
)

func importCommand() *cli.Command {
	return &cli.Command{
		Name:  "import",
		Usage: "make a model file of networks that Keras saved, or of a StyleGAN2 that PyTorch trained",
		Description: "--keras: a Sequential of generator and discriminator, as in the tutorial. A whole model, gan.save(\"FILE.h5\") or\n" +
			"gan.save(\"FILE.keras\"), may have layers of other sizes; of a file of weights alone they must be the tutorial's.\n" +
			"--stylegan2: the state dict of the generator and, if it is there, of the discriminator, under the names of\n" +
			"NVlabs/stylegan2-ada-pytorch or rosinality/stylegan2-pytorch.\n" +
			"The result makes images and can be evaluated and exported. It has no optimizer's state: train --from begins a new\n" +
			"run with it.",
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "keras", TakesFile: true, Usage: "`FILE` that Keras saved: gan_mnist.h5, NAME.keras or NAME.weights.h5"},
			&cli.StringFlag{Name: "stylegan2", TakesFile: true, Usage: "safetensors `FILE` of the state dicts of a StyleGAN2"},
			&cli.StringFlag{Name: "out", TakesFile: true, Usage: "`FILE` to write the model to"},
		},
		Action: importModel,
	}
}

func importModel(c *cli.Context) error {
	from, to, read := c.String("keras"), c.String("out"), exchange.ReadKeras
	if file := c.String("stylegan2"); file != "" {
		if from != "" {
			return usagef("--keras and --stylegan2: want one of them")
		}
		from, read = file, readStyleGAN2
	}
	if from == "" {
		return usagef("--keras is missing, the file that Keras saved, as gan_mnist.h5; or --stylegan2")
	}
	if to == "" {
		return usagef("--out is missing: the model file to write, as model.safetensors")
	}
	if err := checkOutputs(c, fileOutputs(c, "out"), from); err != nil {
		return err
	}
	endAtOnce()
	model, err := read(from)
	if err != nil {
		return err
	}
	if err := model.Save(to); err != nil {
		return err
	}
	const discriminator = "discriminator/"
	g, d := 0, 0
	for _, a := range model.Arrays {
		if strings.HasPrefix(a.Name, discriminator) {
			d += len(a.Values)
		} else {
			g += len(a.Values)
		}
	}
	what := fmt.Sprintf("discriminator with %d", d)
	if d == 0 {
		what = "no discriminator"
	}
	fmt.Fprintf(c.App.Writer, "generator with %d numbers and %s in %s, without an optimizer's state\n", g, what, to)
	return nil
}

// readStyleGAN2 reads the networks of a StyleGAN2 by the CPU, which has little to compute.
func readStyleGAN2(path string) (m *train.Model, err error) {
	dev, _, err := engine.OpenDevice("cpu", engine.DeviceOptions{})
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, dev.Close()) }()
	return exchange.ReadStyleGAN2(dev, path)
}
