package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"gangpu/gan"

	"github.com/urfave/cli/v2"
)

func generateCommand() *cli.Command {
	return &cli.Command{
		Name:  "generate",
		Usage: "make images by a trained model",
		Description: "At least one of --out (one picture of all images), --images (a PNG of each in a folder) and\n" +
			"--npy (the pixels as float32 [n, height, width, 1], 0 to 1, in NumPy's format) says what to write.",
		Flags: slices.Concat([]cli.Flag{
			modelFlag(),
			&cli.IntFlag{Name: "n", Value: 25, Usage: "number of images"},
			&cli.Uint64Flag{Name: "seed", Value: 1, Usage: "of the noise; the images of a larger n begin with those of a smaller"},
			&cli.StringFlag{Name: "out", TakesFile: true, Usage: "write a picture of all images to this PNG `FILE`"},
			&cli.StringFlag{Name: "images", TakesFile: true, Usage: "write 00000.png, 00001.png, ... to this `FOLDER`"},
			&cli.StringFlag{Name: "npy", TakesFile: true, Usage: "write the raw pixels to this `FILE`"},
		}, deviceFlags()),
		Action: generate,
	}
}

func modelFlag() cli.Flag {
	return &cli.StringFlag{Name: "model", TakesFile: true, EnvVars: []string{"GANGPU_MODEL"},
		Usage: "`FILE` of the trained model: model.safetensors in a run's folder"}
}

// loadModel reads the file that --model names.
func loadModel(c *cli.Context) (*gan.ModelFile, error) {
	if c.String("model") == "" {
		return nil, usagef("--model is missing: the file of a trained model, as RUN/model.safetensors")
	}
	return gan.Load(c.String("model"))
}

func generate(c *cli.Context) (err error) {
	n := c.Int("n")
	if n < 1 {
		return usagef("-n %d: want at least 1", n)
	}
	if c.String("out") == "" && c.String("images") == "" && c.String("npy") == "" {
		return usagef("nothing to write: give --out FILE, --images FOLDER or --npy FILE")
	}
	model, err := loadModel(c)
	if err != nil {
		return err
	}
	dev, err := openDevice(c)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, dev.Close()) }()
	const batch = 256
	sampler, err := gan.NewSampler(dev, model, min(n, batch))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, sampler.Close()) }()
	noise, err := sampler.Noise(c.Uint64("seed"), n)
	if err != nil {
		return err
	}
	samples, err := sampler.Generate(noise)
	if err != nil {
		return err
	}
	return writeSamples(c, samples)
}

func writeSamples(c *cli.Context, samples gan.Samples) error {
	if file := c.String("out"); file != "" {
		if err := samples.SavePNG(file, sampleGrid); err != nil {
			return err
		}
		fmt.Fprintf(c.App.Writer, "%d images in %s\n", samples.Count, file)
	}
	if folder := c.String("images"); folder != "" {
		if err := os.MkdirAll(folder, 0o777); err != nil {
			return fmt.Errorf("making the folder of images: %w", err)
		}
		for i := range samples.Count {
			file := filepath.Join(folder, fmt.Sprintf("%05d.png", i))
			if err := samples.Sample(i).SavePNG(file, gan.Grid{}); err != nil {
				return err
			}
		}
		fmt.Fprintf(c.App.Writer, "%d images in %s\n", samples.Count, folder)
	}
	if file := c.String("npy"); file != "" {
		if err := samples.SaveNPY(file); err != nil {
			return err
		}
		fmt.Fprintf(c.App.Writer, "float32 [%d, %d, %d, 1] in %s\n", samples.Count, samples.Height, samples.Width, file)
	}
	return nil
}
