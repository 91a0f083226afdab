package main

import (
	"errors"

	"gangpu/engine/program"
	"gangpu/gan/train"

	"github.com/urfave/cli/v2"
)

func truncationFlag() cli.Flag {
	return &cli.Float64Flag{Name: "truncation", DefaultText: "none",
		Usage: "draw the noise within plus and minus this `NUMBER`: better images that are more alike; 0.5, say"}
}

func standingFlag() cli.Flag {
	return &cli.IntFlag{Name: "standing", DefaultText: "16 with --truncation, else 0",
		Usage: "have batch norms go by the statistics of this `NUMBER` of batches that are made first, in the place of those that training kept"}
}

// Limits of both flags. A smaller truncation takes thousands of draws for a number.
const (
	leastTruncation = 0.01
	mostStanding    = 1000
	usualStanding   = 16
	standingBatch   = 64
	standingSeed    = 1 << 63 // what the images' seed is changed by
)

func checkTruncation(c *cli.Context) error {
	if t := c.Float64("truncation"); c.IsSet("truncation") && !(t >= leastTruncation) {
		return usagef("--truncation %v: want %v or more", t, leastTruncation)
	}
	if n := c.Int("standing"); n < 0 || n > mostStanding {
		return usagef("--standing %d: want 0 to %d", n, mostStanding)
	}
	return nil
}

// newSampler makes images by a model as the flags have it.
func newSampler(c *cli.Context, dev program.Device, m *train.Model, batch int) (*train.Sampler, error) {
	truncation, standing := c.Float64("truncation"), c.Int("standing")
	if !c.IsSet("standing") && truncation > 0 {
		standing = usualStanding
	}
	if standing > 0 {
		changed, err := m.Standing(dev, standingBatch, standing, c.Uint64("seed")^standingSeed, truncation)
		if err != nil {
			return nil, err
		}
		if changed == m && c.IsSet("standing") {
			return nil, errors.New("--standing: the model's images go through no batch norm that keeps statistics")
		}
		m = changed
	}
	s, err := train.NewSampler(dev, m, batch)
	if err == nil {
		s.Truncation = truncation
	}
	return s, err
}
