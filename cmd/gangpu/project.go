package main

import (
	"errors"
	"fmt"
	"slices"

	pictures "gangpu/gan/data"
	"gangpu/gan/picture"
	"gangpu/gan/train"

	"github.com/urfave/cli/v2"
)

func projectCommand() *cli.Command {
	return &cli.Command{
		Name:      "project",
		Usage:     "find what a trained model makes an image like a picture of",
		ArgsUsage: "PICTURE",
		Description: "Looks for the styles of a model of StyleGAN or StyleGAN2, or for the noise of another, whose image comes nearest to\n" +
			"a picture by the mean squared difference of pixels. The middle of the picture is taken, at the model's size.",
		Flags: slices.Concat([]cli.Flag{
			modelFlag(),
			&cli.StringFlag{Name: "out", TakesFile: true, Usage: "write the picture, as it was taken, and the image beside it to this PNG `FILE`"},
			&cli.StringFlag{Name: "npy", TakesFile: true, Usage: "write the styles [1, layers, width], or the noise [1, ...], to this `FILE` of NumPy's format"},
			&cli.IntSliceFlag{Name: "digit", DefaultText: "none", Usage: "`CLASS` of the image, of a model that knows classes: 7"},
			&cli.IntFlag{Name: "steps", Value: 500, Usage: "`NUMBER` of steps"},
			&cli.Float64Flag{Name: "rate", Value: 0.1, Usage: "learning rate that the steps begin with, a `NUMBER`"},
			&cli.Uint64Flag{Name: "seed", Value: 1, Usage: "`NUMBER` that the first images, and noise that is not changed, come from"},
		}, deviceFlags()),
		Action: project,
	}
}

func project(c *cli.Context) (err error) {
	const mostSteps = 1_000_000
	from, steps, rate := c.Args().First(), c.Int("steps"), c.Float64("rate")
	switch {
	case c.String("model") == "":
		return errNoModel
	case c.Args().Len() != 1:
		return usagef("project takes one picture, not %d", c.Args().Len())
	case c.String("out") == "" && c.String("npy") == "":
		return usagef("nothing to write: give --out FILE or --npy FILE")
	case steps < 1 || steps > mostSteps:
		return usagef("--steps %d: want 1 to %d", steps, mostSteps)
	case !(rate > 0 && rate <= 10):
		return usagef("--rate %v: want more than 0, and at most 10", rate)
	}
	if err := checkPictures(c, "out"); err != nil {
		return err
	}
	if err := checkOutputs(c, fileOutputs(c, "out", "npy"), c.String("model"), from); err != nil {
		return err
	}
	m, err := train.Load(c.String("model"))
	if err != nil {
		return blame(c, err, "model")
	}
	if m.Uses[train.SampleUse] == nil {
		return usagef("--model %s: the game %s makes no images of noise", c.String("model"), m.Game)
	}
	endAtOnce()
	dev, err := openDevice(c)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, dev.Close()) }()
	sampler, err := train.NewSampler(dev, m, 1)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, sampler.Close()) }()
	if err := checkDigits(c, sampler.Classes()); err != nil {
		return err
	}
	class := 0
	if classes := sampler.Classes(); classes > 0 && m.Tags() == nil {
		if len(c.IntSlice("digit")) != 1 {
			return usagef("--digit: want the class that the image is to be of, one of 0 to %d", classes-1)
		}
		class = c.IntSlice("digit")[0]
	}
	shape := sampler.Shape()
	bytes, err := pictures.FitPicture(from, shape[0], shape[1], shape[2])
	if err != nil {
		return err
	}
	pixels := make([]float32, len(bytes))
	for i, v := range bytes {
		if m.Data.Ink {
			v = 255 - v
		}
		pixels[i] = float32(v) / 255
	}
	p, err := train.Project(c.Context, dev, m, pixels, train.Projecting{Steps: steps, Rate: rate, Seed: c.Uint64("seed"), Class: class})
	if err != nil {
		return fmt.Errorf("projecting %s: %w", from, err)
	}
	if out := c.String("out"); out != "" {
		if err := (picture.Grid{Columns: 2}).SavePNG(out, sampler.Picture(slices.Concat(pixels, p.Image))); err != nil {
			return err
		}
	}
	if npy := c.String("npy"); npy != "" {
		if err := picture.SaveNPY(npy, append([]int{1}, p.Shape...), p.Latent); err != nil {
			return err
		}
	}
	fmt.Fprintf(c.App.Writer, "%s: the mean squared difference of pixels fell from %.4g to %.4g in %d steps\n", from, p.First, p.Last, steps)
	return nil
}
