package main

import (
	"fmt"
	"image"

	"gangpu/gan"
	"gangpu/gan/picture"
	"gangpu/internal/hostmemory"

	"github.com/urfave/cli/v2"
)

// generatePlan is what generate is going to make, before anything is made.
type generatePlan struct {
	n, steps      int // images of noise; images from each to the next, 0 for none between
	height, width int // of an image
	grid          picture.Grid
	picture, gif  image.Point // sizes; zero where there is none
}

// plan finds what is going to be made.
func plan(c *cli.Context, m gan.Model) (p generatePlan, err error) {
	p = generatePlan{n: c.Int("n"), steps: c.Int("interpolate")}
	if p.height, p.width, err = m.ImageSize(); err != nil {
		return p, err
	}
	p.grid = sampleGridOf(p.height, p.width)
	if p.steps > 0 {
		p.grid.Columns = p.steps
	}
	return p, p.size(c)
}

// size finds how large the pictures will be, and refuses what cannot be drawn.
func (p *generatePlan) size(c *cli.Context) (err error) {
	if c.String("out") != "" {
		if p.picture, err = p.grid.Size(p.count(), p.height, p.width); err != nil {
			return usagef("--out: %v; %s", err, p.advice())
		}
	}
	if c.String("gif") != "" {
		if p.gif, err = gifGrid.Size(1, p.height, p.width); err != nil {
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

func (p generatePlan) count() int { return p.n * max(p.steps, 1) }

// advice names the flags that make less.
func (p generatePlan) advice() string {
	if p.steps > 0 {
		return fmt.Sprintf("lower -n %d or --interpolate %d", p.n, p.steps)
	}
	return fmt.Sprintf("lower -n %d", p.n)
}

// checkMemory finds out whether the arrays of the host find room, before the work.
func (p generatePlan) checkMemory(latent int) error {
	const float = 4
	noise := uint64(p.n) * uint64(latent) * float
	need := 2 * noise // as the device draws it, and read
	if p.steps > 0 {
		need += noise * uint64(p.steps)
	}
	need += uint64(p.count()) * uint64(p.height) * uint64(p.width) * float
	// Drawn grey, then in the animation's palette.
	gif := 2 * uint64(p.count()) * uint64(p.gif.X) * uint64(p.gif.Y)
	need += max(uint64(p.picture.X)*uint64(p.picture.Y), gif)
	if err := hostmemory.Check(fmt.Sprintf("generating %d images", p.count()), need); err != nil {
		return fmt.Errorf("%w; %s, and make the rest by another --seed", err, p.advice())
	}
	return nil
}
