package main

import (
	"errors"
	"fmt"

	"gangpu/gan"
	"gangpu/gan/train"
	"gangpu/internal/hostmemory"
	"gangpu/internal/safetensors"

	"github.com/urfave/cli/v2"
)

// gameModel reads a file if it is a model of a game; nil, and no error, if it is another, or cannot be read, which whoever
// reads it next tells of.
func gameModel(path string) (*train.Model, error) {
	file, err := safetensors.Read(path)
	if err != nil || !train.IsModel(file) {
		return nil, nil
	}
	m, err := train.Decode(file)
	if err != nil {
		return nil, fmt.Errorf("loading %s: %w", path, err)
	}
	return m, nil
}

// generateGame makes images by a model of any game, whose code need not be there.
func generateGame(c *cli.Context, m *train.Model) (err error) {
	n, steps := c.Int("n"), c.Int("interpolate")
	if c.Bool("raw") {
		m.DropAverages()
	}
	endAtOnce()
	dev, err := openDevice(c)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, dev.Close()) }()
	const batch = 256
	sampler, err := train.NewSampler(dev, m, min(n, batch))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, sampler.Close()) }()
	if err := checkDigits(c, sampler.Classes()); err != nil {
		return err
	}
	shape := sampler.Shape()
	p := generatePlan{n: n, steps: steps, height: shape[0], width: shape[1], grid: sampleGridOf(shape[0], shape[1])}
	if err := p.size(c); err != nil {
		return err
	}
	noise := 0
	for _, in := range sampler.Inputs() {
		each := 1
		for _, d := range in.Shape {
			each *= d
		}
		noise += each
	}
	need := uint64(p.count()) * uint64(shape[0]*shape[1]*shape[2]) * 5
	if err := hostmemory.Check(fmt.Sprintf("generating %d images", p.count()), need+8*uint64(p.count()*noise)); err != nil {
		return fmt.Errorf("%w; %s, and make the rest by another --seed", err, p.advice())
	}
	inputs, err := sampler.Noise(c.Uint64("seed"), n)
	if err != nil {
		return err
	}
	if steps > 0 {
		for name, rows := range inputs {
			inputs[name] = gan.Interpolate(rows, len(rows)/n, steps)
		}
	}
	if err := sampler.OfClasses(inputs, p.count(), c.IntSlice("digit")...); err != nil {
		return err
	}
	pixels, err := sampler.Generate(inputs, p.count())
	if err != nil {
		return err
	}
	return writePictures(c, sampler.Picture(pixels), pixels, p.grid)
}
