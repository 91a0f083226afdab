package main

import (
	"fmt"

	"gangpu/gan/fidelity"
	"gangpu/gan/run"
	"gangpu/gan/train"

	"github.com/urfave/cli/v2"
)

// mostHeldOut is how many rows a run is measured by, at most.
const mostHeldOut = 500

// holdOut gives a trainer whose game shows pictures of held-out rows these rows: of the training, where there are no
// others.
func (t *training) holdOut(c *cli.Context, trainer *train.Trainer) (err error) {
	if trainer.Game().Show == nil {
		return nil
	}
	split := t.data.testSplit()
	if split == nil {
		split = t.data.Split("train")
		fmt.Fprintf(c.App.ErrWriter, "gangpu: warning: %s has no pictures to test by (a folder test or val): the run is shown and measured by those that it is trained on\n", t.data.Source)
	}
	trainer.HeldOut, err = train.HeldOut(t.data.Dataset, split, t.input.Height, t.input.Width, mostHeldOut)
	if err != nil {
		return fmt.Errorf("reading the pictures to test by: %w", err)
	}
	return nil
}

// comparing has a run told of by how near its pictures of held-out rows come to what they are to be.
func (t *training) comparing(j run.Judging, trainer *train.Trainer) (_ run.Judging, baselines string, free func() error, err error) {
	free = func() error { return nil }
	training, err := train.HeldOut(t.data.Dataset, t.data.Split("train"), t.input.Height, t.input.Width, 2*mostHeldOut)
	if err != nil {
		return j, "", free, err
	}
	judge, err := fidelity.NewJudge(trainer, training)
	if err != nil || judge == nil {
		return j, "", free, err
	}
	return judge.Judging(j.Every), judge.Baselines, judge.Close, nil
}
