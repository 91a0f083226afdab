package main

import (
	"errors"
	"fmt"
	"slices"

	"gangpu/gan"

	"github.com/urfave/cli/v2"
)

func evaluateCommand() *cli.Command {
	return &cli.Command{
		Name:  "evaluate",
		Usage: "measure a trained model on the test images: losses and the discriminator's accuracy, without dropout",
		Description: "The images are those of the dataset that the model was trained on, unless --data or --dataset\n" +
			"says otherwise.",
		Flags: slices.Concat([]cli.Flag{
			modelFlag(), rawFlag(),
			&cli.Uint64Flag{Name: "seed", Value: 1, Usage: "`NUMBER` that the generated images' noise comes from"},
		}, dataFlags(), deviceFlags()),
		Action: evaluate,
	}
}

func evaluate(c *cli.Context) (err error) {
	if err := errors.Join(checkDataFlags(c), checkDeviceFlags(c)); err != nil {
		return err
	}
	model, err := loadModel(c)
	if err != nil {
		return err
	}
	data, err := openDataset(c, datasetOf(c, model))
	if err != nil {
		return err
	}
	endAtOnce()
	dev, err := openDevice(c)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, dev.Close()) }()
	e, err := gan.Evaluate(dev, model, imagesOf(data.Test), c.Uint64("seed"))
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(c.App.Writer, "%d test images of %s, and as many generated, after %d iterations\n"+
		"d loss         %.4f\ng loss         %.4f  (%s)\naccuracy real  %.2f%%\naccuracy fake  %.2f%%\n",
		e.Images, data.Name, model.Iterations, e.DLoss, e.GLoss, model.Settings.Loss, 100*e.AccuracyReal, 100*e.AccuracyFake)
	return err
}
