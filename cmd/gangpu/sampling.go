package main

import (
	"errors"
	"fmt"
	"image"
	"slices"
	"strings"

	"gangpu/engine/program"
	"gangpu/gan/picture"
	"gangpu/gan/train"
	"gangpu/internal/hostmemory"

	"github.com/urfave/cli/v2"
)

// generatePlan is what generate is going to make, before anything is made.
type generatePlan struct {
	n, steps     int   // images of noise; images from each to the next, 0 for none between
	mixed        bool  // each image with each
	shape        []int // of an image: height, width, channels
	grid         picture.Grid
	picture, gif image.Point // sizes; zero where there is none
}

func planOf(n, steps int, mixed bool, shape []int) generatePlan {
	p := generatePlan{n: n, steps: steps, mixed: mixed, shape: shape, grid: sampleGridOf(shape[0], shape[1])}
	switch {
	case steps > 0:
		p.grid.Columns = steps
	case mixed:
		p.grid.Columns = n
	}
	return p
}

// size finds how large the pictures will be, and refuses what cannot be drawn.
func (p *generatePlan) size(c *cli.Context) (err error) {
	if c.String("out") != "" {
		if p.picture, err = p.grid.Size(p.count(), p.shape[0], p.shape[1]); err != nil {
			return usagef("--out: %v; %s", err, p.advice())
		}
	}
	if c.String("gif") != "" {
		if p.gif, err = gifGrid.Size(1, p.shape[0], p.shape[1]); err != nil {
			return usagef("--gif: %v", err)
		}
		if most := mostInGIF / (p.gif.X * p.gif.Y); p.count() > most {
			return usagef("--gif: the animation would have %d pictures of %d x %d pixels, where at most %d pixels in all are drawn; %s",
				p.count(), p.gif.X, p.gif.Y, mostInGIF, p.advice())
		}
	}
	return nil
}

// mostInGIF is how many pixels all pictures of an animation may have together.
const mostInGIF = 4 * picture.MaxPixels

func (p generatePlan) count() int {
	if p.mixed {
		return p.n * p.n
	}
	return p.n * max(p.steps, 1)
}

// advice names the flags that make less.
func (p generatePlan) advice() string {
	if p.steps > 0 {
		return fmt.Sprintf("lower -n %d or --interpolate %d", p.n, p.steps)
	}
	return fmt.Sprintf("lower -n %d", p.n)
}

// checkMemory finds out whether the arrays of the host find room, before the work.
func (p generatePlan) checkMemory(s *train.Sampler) error {
	const float = 4
	need := uint64(0)
	for _, in := range s.Inputs() {
		rows := uint64(p.n) // as the noise is drawn
		if p.count() > p.n {
			rows += uint64(p.count()) // and walked through, or mixed
		}
		each := uint64(float)
		for _, d := range in.Shape {
			each *= uint64(d)
		}
		need += rows * each
	}
	image := uint64(p.shape[0]) * uint64(p.shape[1]) * uint64(p.shape[2])
	need += uint64(p.count()) * image * (float + 1) // as numbers, and as they are drawn
	// Drawn, then in the animation's palette.
	gif := 2 * uint64(p.count()) * uint64(p.gif.X) * uint64(p.gif.Y)
	need += max(uint64(p.picture.X)*uint64(p.picture.Y)*uint64(p.shape[2]), gif)
	if err := hostmemory.Check(fmt.Sprintf("generating %d images", p.count()), need); err != nil {
		return fmt.Errorf("%w; %s, and make the rest by another --seed", err, p.advice())
	}
	return nil
}

func tagsFlag() cli.Flag {
	return &cli.StringFlag{Name: "tags", DefaultText: "one after the other",
		Usage: "`NAMES` of the tags, that commas part, which all images are to have, of a model that knows tags: its classes and attributes"}
}

// tagsOf are the numbers of the tags that --tags names, nil without it.
func tagsOf(c *cli.Context, m *train.Model) ([]int, error) {
	if !c.IsSet("tags") {
		return nil, nil
	}
	known := m.Tags()
	if known == nil {
		return nil, usagef("--tags %s: the model knows no tags", c.String("tags"))
	}
	if c.IsSet("digit") {
		return nil, usagef("--tags and --digit both say of what the images are: want one of them")
	}
	tags := []int{}
	for name := range strings.SplitSeq(c.String("tags"), ",") {
		i := slices.Index(known, strings.TrimSpace(name))
		if i < 0 {
			return nil, usagef("--tags %s: the model knows %s", name, strings.Join(known, ", "))
		}
		tags = append(tags, i)
	}
	return tags, nil
}

func truncationFlag() cli.Flag {
	return &cli.Float64Flag{Name: "truncation", DefaultText: "none",
		Usage: "draw the noise within plus and minus this `NUMBER`, or, of a model that has styles, have them go this part of the way " +
			"from their average: better images that are more alike; 0.5, say"}
}

func truncatedLayersFlag() cli.Flag {
	return &cli.IntFlag{Name: "truncated-layers", DefaultText: "all",
		Usage: "of a model that has styles, have --truncation go for this `NUMBER` of layers, the first ones, alone: what comes later stays as varied"}
}

func mixFlag() cli.Flag {
	return &cli.IntFlag{Name: "mix", DefaultText: "none",
		Usage: "of a model that has styles, make a square of each of the images with each: the styles of the row's image before this " +
			"`LAYER`, counted from 0, and the column's from there on"}
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
	if n := c.Int("truncated-layers"); c.IsSet("truncated-layers") && (n < 1 || !c.IsSet("truncation")) {
		return usagef("--truncated-layers %d: want 1 or more, and --truncation beside it", n)
	}
	if n := c.Int("standing"); n < 0 || n > mostStanding {
		return usagef("--standing %d: want 0 to %d", n, mostStanding)
	}
	return nil
}

// newSampler makes images by a model as the flags have it.
func newSampler(c *cli.Context, dev program.Device, m *train.Model, batch int) (*train.Sampler, error) {
	if m.HasStyles() {
		return newStyled(c, dev, m, batch)
	}
	if c.IsSet("truncated-layers") {
		return nil, errors.New("--truncated-layers: the model's generator makes no styles of noise")
	}
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

// newStyled is newSampler of a model that has styles.
func newStyled(c *cli.Context, dev program.Device, m *train.Model, batch int) (*train.Sampler, error) {
	if c.Int("standing") > 0 {
		return nil, errors.New("--standing: the model's images go through no batch norm that keeps statistics")
	}
	truncation := 1.0
	if c.IsSet("truncation") {
		truncation = c.Float64("truncation")
	}
	return train.NewStyled(dev, m, batch, truncation, c.Int("truncated-layers"))
}
