package main

import (
	"gangpu/gan"

	"github.com/urfave/cli/v2"
)

// settingsFlags are the flags of a run's settings. Their defaults are the tutorial's.
func settingsFlags() []cli.Flag {
	d := gan.DefaultSettings()
	return []cli.Flag{
		&cli.IntFlag{Name: "epochs", Value: d.Epochs, EnvVars: []string{"GANGPU_EPOCHS"}, Usage: "passes over the training images"},
		&cli.IntFlag{Name: "batch", Value: d.Batch, EnvVars: []string{"GANGPU_BATCH"}, Usage: "images of a step: for the discriminator, half of them real"},
		&cli.IntFlag{Name: "k", Value: d.K, Usage: "how often the discriminator learns; see --alternation"},
		&cli.StringFlag{Name: "alternation", Value: string(d.Steps),
			Usage: "every-k: a discriminator step every k iterations; k-steps: k of them before each generator step"},
		&cli.StringFlag{Name: "loss", Value: string(d.Loss), Usage: "what the generator minimises: non-saturating or minimax"},
		&cli.IntFlag{Name: "latent", Value: d.Latent, Usage: "normals that an image is made from"},
		&cli.Float64Flag{Name: "lr", Value: d.LearningRate, Usage: "Adam's learning rate"},
		&cli.Float64Flag{Name: "beta1", Value: d.Beta1, Usage: "Adam's decay of the mean"},
		&cli.Float64Flag{Name: "beta2", Value: d.Beta2, Usage: "Adam's decay of the variance"},
		&cli.Float64Flag{Name: "epsilon", Value: d.Epsilon, Usage: "Adam's epsilon"},
		&cli.Float64Flag{Name: "alpha", Value: d.Alpha, Usage: "LeakyReLU's slope below zero"},
		&cli.Float64Flag{Name: "dropout", Value: d.Dropout, Usage: "share of the discriminator's activations dropped in training"},
		&cli.Uint64Flag{Name: "seed", Value: d.Seed, EnvVars: []string{"GANGPU_SEED"}, Usage: "of all random numbers: the same seed makes the same run"},
	}
}

// settings reads the flags, for images of that size. A setting that no run can have is a usage
// error.
func settings(c *cli.Context, height, width int) (gan.Settings, error) {
	s := gan.DefaultSettings()
	s.Height, s.Width = height, width
	s.Epochs, s.Batch, s.K, s.Latent = c.Int("epochs"), c.Int("batch"), c.Int("k"), c.Int("latent")
	s.Steps, s.Loss = gan.Alternation(c.String("alternation")), gan.Loss(c.String("loss"))
	s.LearningRate, s.Beta1, s.Beta2, s.Epsilon = c.Float64("lr"), c.Float64("beta1"), c.Float64("beta2"), c.Float64("epsilon")
	s.Alpha, s.Dropout, s.Seed = c.Float64("alpha"), c.Float64("dropout"), c.Uint64("seed")
	if err := s.Validate(); err != nil {
		return s, usagef("%v", err)
	}
	return s, nil
}
