package main

import (
	"fmt"

	"gangpu/engine/program"
	"gangpu/gan/fidelity"
	"gangpu/gan/run"
	"gangpu/gan/train"

	"github.com/urfave/cli/v2"
)

// mostHeldOut is how many rows a run is measured by, at most.
const mostHeldOut = 500

// holdOut gives a trainer whose game shows pictures of held-out rows these rows.
func (t *training) holdOut(c *cli.Context, trainer *train.Trainer) (err error) {
	if trainer.Game().Show == nil {
		return nil
	}
	trainer.HeldOut, err = t.data.heldOut(c, t.input.Height, t.input.Width)
	return err
}

// heldOut are the rows to test by, of the training's where there are no others.
func (d *gameData) heldOut(c *cli.Context, height, width int) (train.Data, error) {
	split := d.testSplit()
	if split == nil {
		split = d.Split("train")
		fmt.Fprintf(c.App.ErrWriter, "gangpu: warning: %s has no pictures to test by (a folder test or val): it is shown and measured by those that are trained on\n", d.Source)
	}
	rows, err := train.HeldOut(d.Dataset, split, height, width, mostHeldOut)
	if err != nil {
		return rows, fmt.Errorf("reading the pictures to test by: %w", err)
	}
	return rows, nil
}

// trainedOn are examples of what is trained on.
func (d *gameData) trainedOn(height, width int) (train.Data, error) {
	return train.HeldOut(d.Dataset, d.Split("train"), height, width, 2*mostHeldOut)
}

// comparing has a run told of by how near its pictures of held-out rows come to what they are to be.
func (t *training) comparing(j run.Judging, trainer *train.Trainer, dev program.Device, classifier *train.Model) (_ run.Judging, baselines string, free func() error, err error) {
	free = func() error { return nil }
	s := fidelity.Subject{Showing: trainer.Showing(), HeldOut: trainer.HeldOut, Seed: trainer.Settings().Seed, Classifier: classifier, Device: dev}
	if s.Training, err = t.data.trainedOn(t.input.Height, t.input.Width); err != nil {
		return j, "", free, err
	}
	if s.Runner, err = trainer.Runner(train.ShowUse, fidelity.Batch); err != nil {
		return j, "", free, err
	}
	judge, err := fidelity.NewJudge(s)
	if err != nil || judge == nil {
		return j, "", free, err
	}
	return judge.Judging(j.Every), judge.Baselines, judge.Close, nil
}
