package main

import (
	"errors"
	"fmt"
	"path/filepath"

	"gangpu/engine/program"
	pictures "gangpu/gan/data"
	classifying "gangpu/gan/games/classifier"
	"gangpu/gan/judge"
	"gangpu/gan/run"
	"gangpu/gan/train"

	"github.com/urfave/cli/v2"
)

// judging is how the run's images are scored, if there is a classifier for them, and what frees it.
func (t *gameTraining) judging(c *cli.Context, dev program.Device, trainer *train.Trainer) (run.Judging, func() error, error) {
	none := func() error { return nil }
	j := run.Judging{Every: c.Int("judge-every")}
	file := c.String("classifier")
	if t.run != nil {
		if before := t.run.Before(); before != nil {
			if !given(c, "judge-every") && before.JudgeEvery != nil {
				j.Every = *before.JudgeEvery
			}
			if !given(c, "classifier") {
				file = before.Notes[noteClassifier]
			}
		}
	}
	if j.Every > 0 && t.system.Name == classifying.System.Name {
		return t.testing(j, trainer)
	}
	if j.Every == 0 || file == "" || trainer.Game().Sample == nil {
		return j, none, nil
	}
	jd, err := openGameJudge(dev, file, t.data, usualJudging(t.data))
	if err != nil {
		return j, none, err
	}
	if t.classifier, err = filepath.Abs(file); err != nil {
		return j, jd.Close, err
	}
	floor := jd.Floor()
	fmt.Fprintf(c.App.Writer, "judge   %d training images have classifier Fréchet distance %.2f, classifier score %.3f\n",
		floor.Images, floor.FrechetDistance, floor.ClassifierScore)
	sampler, err := trainer.Sampler(judge.Batch)
	if err != nil {
		return j, jd.Close, err
	}
	j.Measures = gameMeasures
	j.Score = func() ([]float64, error) {
		s, err := jd.ScoreGame(sampler, trainer.Settings().Seed+1, t.data.testSplit().Labels)
		return []float64{s.FrechetDistance, s.ClassifierScore, s.Confident, float64(s.ClassesSeen)}, err
	}
	j.Line = func(s []float64) string {
		return fmt.Sprintf("classifier Fréchet distance %.2f, classifier score %.3f, confident %.0f%%, classes %d", s[0], s[1], 100*s[2], int(s[3]))
	}
	return j, jd.Close, nil
}

// testing has a classifier that is trained told of by the share of the test images that it classifies rightly.
func (t *gameTraining) testing(j run.Judging, trainer *train.Trainer) (run.Judging, func() error, error) {
	split := t.data.testSplit()
	none := func() error { return nil }
	if split == nil {
		return j, none, nil
	}
	d, err := train.FromDataset(t.data.Dataset, split, pictures.Augment{}, 1<<62)
	if err != nil {
		return j, none, err
	}
	r, err := trainer.Runner(classifying.Use, judge.Batch)
	if err != nil {
		return j, none, err
	}
	j.Measures = []run.Measure{{Name: "test_accuracy", Label: "test accuracy", Higher: true}}
	j.Score = func() ([]float64, error) {
		accuracy, err := classifying.Accuracy(r, d.Tables[0].Fields[0], split.Labels)
		return []float64{accuracy}, err
	}
	j.Line = func(s []float64) string {
		return fmt.Sprintf("%.2f%% of %d test images are classified rightly", 100*s[0], len(split.Labels))
	}
	return j, r.Close, nil
}

// gameMeasures are the scores of a game's images.
var gameMeasures = []run.Measure{
	{Name: "classifier_frechet_distance", Label: "classifier Fréchet distance"},
	{Name: "classifier_score", Label: "classifier score", Higher: true},
	{Name: "confident", Higher: true},
	{Name: "classes_seen", Label: "classes seen", Higher: true},
}

// usualJudging takes no more generated images than there are to train on.
func usualJudging(d *gameData) judge.Options {
	o := judge.DefaultOptions()
	o.Images = min(o.Images, d.Split("train").Fields[0].Count)
	return o
}

// openGameJudge makes a judge by a classifier's model, of the test images if there are any, else of those trained on.
func openGameJudge(dev program.Device, file string, d *gameData, o judge.Options) (*judge.Judge, error) {
	m, err := train.Load(file)
	if err != nil {
		return nil, fmt.Errorf("--classifier: %w", err)
	}
	test := d.testSplit()
	if test == nil {
		return nil, errors.New("--classifier: the dataset has no images to test by: a folder test or val beside train")
	}
	var fields []train.Field
	for _, split := range []*pictures.Split{d.Split("train"), test} {
		t, err := train.FromDataset(d.Dataset, split, pictures.Augment{}, 1<<62)
		if err != nil {
			return nil, err
		}
		fields = append(fields, t.Tables[0].Fields[0])
	}
	j, err := judge.NewOf(dev, m, o, fields[0], fields[1])
	if err != nil {
		return nil, fmt.Errorf("--classifier %s: %w", file, err)
	}
	return j, nil
}
