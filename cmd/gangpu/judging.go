package main

import (
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

// noteClassifier is where run.json notes the classifier that judges the run, absolute; of MNIST's own it does not.
const noteClassifier = "classifier"

// judgingPlan is how a run is judged: by the flags or, if they say nothing, as it was before.
type judgingPlan struct {
	every      int
	classifier *train.Model // nil if there is none
}

// planJudging opens the classifier to judge the run by, if the flags or the run ask for one, or there is one for the
// images. Where nobody asked, what is in the way is told of, and the run goes on without.
func (t *training) planJudging(c *cli.Context) (p judgingPlan, err error) {
	p.every = c.Int("judge-every")
	file := c.String("classifier")
	asked := given(c, "judge-every") || given(c, "classifier")
	before := t.before()
	if before != nil {
		if !given(c, "judge-every") && before.JudgeEvery != nil {
			p.every = *before.JudgeEvery
		}
		if !given(c, "classifier") {
			file = before.Notes[noteClassifier]
		}
	}
	shows := t.game.Show != nil // and is judged without a classifier too
	if p.every == 0 || t.game.Sample == nil && (!shows || file == "") {
		return p, nil
	}
	classifier, err := openClassifier(c, file, t.data, []int{t.input.Height, t.input.Width, t.input.Channels}, asked)
	if err != nil && before != nil && file == before.Notes[noteClassifier] && file != "" {
		return p, fmt.Errorf("%w; the run was judged by it: --classifier FILE says where it is, --judge-every 0 goes on without", err)
	}
	if err != nil {
		return p, err
	}
	if classifier == nil {
		if given(c, "judge-every") {
			return p, fmt.Errorf("--judge-every %d: %s", p.every, noClassifier)
		}
		return p, nil
	}
	p.classifier = classifier
	if file != "" {
		t.classifier, err = filepath.Abs(file)
	}
	return p, err
}

// judging is how the run is judged, what is said of the real images, and what frees the judge.
func (t *training) judging(dev program.Device, trainer *train.Trainer, p judgingPlan) (j run.Judging, floor string, free func() error, err error) {
	j.Every = p.every
	free = func() error { return nil }
	if p.every > 0 && t.system.Name == classifying.System.Name {
		j, free, err = t.testing(j, trainer)
		return j, "", free, err
	}
	if p.every > 0 && manyDomains(t.system.Name, t.data.Classes) {
		return t.judgingDomains(dev, j, trainer, p.classifier)
	}
	if p.every > 0 && t.game.Show != nil {
		return t.comparing(j, trainer, dev, p.classifier)
	}
	if p.classifier == nil {
		return j, "", free, nil
	}
	training, test, err := realImages(t.data)
	if err != nil {
		return j, "", free, err
	}
	jd, err := newJudge(dev, p.classifier, usualJudging(t.data), training, test)
	if err != nil {
		return j, "", free, err
	}
	if _, err := trainer.Sampler(judge.Batch); err != nil { // as long as nothing is lost if there is no room for it
		return j, "", jd.Close, err
	}
	real := jd.Floor()
	floor = fmt.Sprintf("%d training images have classifier Fréchet distance %.2f, classifier score %.3f", real.Images, real.FrechetDistance, real.ClassifierScore)
	j.Measures = []run.Measure{{Name: "classifier_frechet_distance", Label: "classifier Fréchet distance"},
		{Name: "classifier_score", Label: "classifier score", Higher: true}, {Name: "confident", Higher: true},
		{Name: "classes_seen", Label: "classes seen", Higher: true}}
	var last judge.Scores
	j.Score = func() (_ []float64, err error) {
		sampler, err := trainer.Sampler(judge.Batch) // of the stage that the game is in
		if err != nil {
			return nil, err
		}
		if last, err = jd.ScoreSampler(sampler, trainer.Settings().Seed, t.data.testSplit().Labels); err != nil {
			return nil, err
		}
		return []float64{last.FrechetDistance, last.ClassifierScore, last.Confident, float64(last.ClassesSeen)}, nil
	}
	j.Line = func([]float64) string {
		return fmt.Sprintf("classifier Fréchet distance %.2f, classifier score %.3f, %.1f%% confident, %d of %d classes seen",
			last.FrechetDistance, last.ClassifierScore, 100*last.Confident, last.ClassesSeen, len(last.Classes))
	}
	return j, floor, jd.Close, nil
}

// testing has a classifier that is trained told of by the share of the test images that it classifies rightly.
func (t *training) testing(j run.Judging, trainer *train.Trainer) (run.Judging, func() error, error) {
	split := t.data.testSplit()
	none := func() error { return nil }
	if split == nil {
		return j, none, nil
	}
	d, err := train.FromDataset(t.data.Dataset, split, pictures.Augment{}, 1<<62)
	if err != nil {
		return j, none, err
	}
	if s, _ := t.game.Settings.(classifying.Settings); s.Tags {
		r, err := trainer.Runner(classifying.TagUse, judge.Batch)
		if err != nil {
			return j, none, err
		}
		tags := d.Tags(r.Shapes()[0][0])
		if tags == nil {
			return j, r.Close, fmt.Errorf("not all %s images have the %d tags of those to train on: --judge-every 0 trains without", split.Name, r.Shapes()[0][0])
		}
		j.Measures = []run.Measure{{Name: "test_f1", Label: "F1 of the test images' tags", Higher: true}}
		j.Score = func() ([]float64, error) {
			f1, err := classifying.F1(r, d.Tables[0].Fields[0], tags)
			return []float64{f1}, err
		}
		j.Line = func(s []float64) string {
			return fmt.Sprintf("F1 of the tags of %d test images %.2f%%", d.Tables[0].Rows, 100*s[0])
		}
		return j, r.Close, nil
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

// usualJudging takes no more generated images than there are real ones to compare with.
func usualJudging(d *gameData) judge.Options {
	o := judge.DefaultOptions()
	o.Images = min(o.Images, d.Split("train").Fields[0].Count)
	return o
}
