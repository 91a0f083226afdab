package main

import (
	"gangpu/gan"

	"github.com/urfave/cli/v2"
)

// settingsFlags are the flags of a run's settings. Their defaults are the tutorial's.
func settingsFlags() []cli.Flag {
	d := gan.DefaultSettings()
	return []cli.Flag{
		&cli.IntFlag{Name: "epochs", Value: d.Epochs, EnvVars: []string{"GANGPU_EPOCHS"}, Usage: "`NUMBER` of passes over the training images"},
		&cli.IntFlag{Name: "batch", Value: d.Batch, EnvVars: []string{"GANGPU_BATCH"}, Usage: "`NUMBER` of images of a step: for the discriminator, half of them real"},
		&cli.IntFlag{Name: "k", Value: d.K, Usage: "`NUMBER` that --alternation is about"},
		&cli.StringFlag{Name: "alternation", Value: string(d.Alternation),
			Usage: "`KIND`: every-k (a discriminator step every k iterations) or k-steps (k of them before each generator step)"},
		&cli.StringFlag{Name: "loss", Value: string(d.Loss), Usage: "`KIND` that the generator minimises: non-saturating or minimax"},
		&cli.IntFlag{Name: "latent", Value: d.Latent, Usage: "`NUMBER` of normals that an image is made from"},
		&cli.Float64Flag{Name: "lr", Value: d.LearningRate, Usage: "`RATE` of learning of Adam"},
		&cli.Float64Flag{Name: "beta1", Value: d.Beta1, Usage: "`DECAY` of Adam's mean"},
		&cli.Float64Flag{Name: "beta2", Value: d.Beta2, Usage: "`DECAY` of Adam's variance"},
		&cli.Float64Flag{Name: "epsilon", Value: d.Epsilon, Usage: "`NUMBER` that Adam adds to the root of the variance"},
		&cli.Float64Flag{Name: "ema", Value: d.EMA,
			Usage: "`DECAY` of the moving average of the generator's weights, which then makes the images: 0.999, say; 0 for none"},
		&cli.Float64Flag{Name: "alpha", Value: d.Alpha, Usage: "`SLOPE` of LeakyReLU below zero"},
		&cli.Float64Flag{Name: "dropout", Value: d.Dropout, Usage: "`SHARE` of the discriminator's activations dropped in training"},
		&cli.Uint64Flag{Name: "seed", Value: d.Seed, EnvVars: []string{"GANGPU_SEED"}, Usage: "`NUMBER` that all random ones come from: the same seed makes the same run"},
	}
}

// settings reads the flags, for images of that size. A setting that no run can have is a usage
// error.
func settings(c *cli.Context, height, width int) (gan.Settings, error) {
	s := gan.DefaultSettings()
	s.Height, s.Width = height, width
	for _, f := range []struct {
		name string
		v    *int
	}{{"epochs", &s.Epochs}, {"batch", &s.Batch}, {"k", &s.K}, {"latent", &s.Latent}} {
		var err error
		if *f.v, err = limited(c, f.name); err != nil {
			return s, err
		}
	}
	s.Alternation, s.Loss = gan.Alternation(c.String("alternation")), gan.Loss(c.String("loss"))
	s.LearningRate, s.Beta1, s.Beta2, s.Epsilon = c.Float64("lr"), c.Float64("beta1"), c.Float64("beta2"), c.Float64("epsilon")
	s.EMA, s.Alpha, s.Dropout, s.Seed = c.Float64("ema"), c.Float64("alpha"), c.Float64("dropout"), c.Uint64("seed")
	if err := s.Validate(); err != nil {
		return s, usagef("%v", err)
	}
	return s, nil
}

// limits are far beyond what anyone trains with, and within what memory and int can hold.
var limits = map[string]int{"epochs": 1_000_000, "batch": 65_536, "k": 1000, "latent": 65_536}

// limited reads a flag that has a limit.
func limited(c *cli.Context, name string) (int, error) {
	n, least, most := c.Int(name), 1, limits[name]
	if name == "batch" {
		least = 2 // half real, half fake
	}
	if n < least || n > most {
		return n, usagef("--%s %d: want %d to %d", name, n, least, most)
	}
	return n, nil
}
