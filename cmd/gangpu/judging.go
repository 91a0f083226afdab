package main

import (
	"fmt"

	"gangpu/engine/program"
	"gangpu/gan"
	"gangpu/gan/judge"
	"gangpu/gan/run"
	"gangpu/mnist"

	"github.com/urfave/cli/v2"
)

func judgingFlags() []cli.Flag {
	return []cli.Flag{
		&cli.IntFlag{Name: "judge-every", Value: 1,
			Usage: "judge generated images, as evaluate does, after each `NUMBER` of epochs; 0 is never"},
		classifierFlag(),
	}
}

// noteClassifier is where run.json notes the classifier that judges the run, absolute; of MNIST's own it does not.
const noteClassifier = "classifier"

// judgingPlan is how a run is judged: by the flags or, if they say nothing, as it was before.
type judgingPlan struct {
	every      int
	file       string          // of the classifier; empty for MNIST's
	classifier *gan.Classifier // nil if the run is not judged
}

// planJudging opens the classifier to judge a run by, if the flags or the run ask for one, or there is one for the
// images. Where nobody asked, what is in the way is told of, and the run goes on without.
func planJudging(c *cli.Context, before *run.Info, data *mnist.Data, pixels string) (judgingPlan, error) {
	p := judgingPlan{every: c.Int("judge-every"), file: c.String("classifier")}
	asked := given(c, "judge-every") || given(c, "classifier")
	if before != nil {
		if !given(c, "judge-every") && before.JudgeEvery != nil {
			p.every = *before.JudgeEvery
		}
		if !given(c, "classifier") {
			p.file = before.Notes[noteClassifier]
		}
	}
	if p.every == 0 {
		return p, nil
	}
	classifier, err := openClassifier(c, p.file, data, pixels)
	if err != nil && before != nil && p.file == before.Notes[noteClassifier] && p.file != "" {
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
	if err := judgeable(data); err != nil {
		if asked {
			return p, err
		}
		fmt.Fprintf(c.App.ErrWriter, "gangpu: the run is not judged: %v\n", err)
		return p, nil
	}
	p.classifier = classifier
	return p, nil
}

// makeJudge prepares to judge as many generated images as there are test images, or fewer, if the run is judged.
func (t *training) makeJudge(dev program.Device, data *mnist.Data) (err error) {
	if t.plan.classifier == nil {
		return nil
	}
	o := judge.DefaultOptions()
	o.Images = min(o.Images, data.Test.Count)
	if t.judge, err = newJudge(dev, t.plan.classifier, o, data); err != nil {
		return err
	}
	_, err = t.trainer.Sampler(judge.Batch) // as long as nothing is lost if there is no room for it
	return err
}

// judging is how the run is judged: by the noise of its seed.
func (t *training) judging() run.Judging {
	j := run.Judging{Every: t.plan.every}
	if t.judge == nil {
		return j
	}
	j.Measures = []run.Measure{{Name: "classifier_frechet_distance", Label: "classifier Fréchet distance"},
		{Name: "classifier_score", Higher: true}, {Name: "confident", Higher: true}, {Name: "classes_seen", Higher: true}}
	var last judge.Scores
	j.Score = func() ([]float64, error) {
		sampler, err := t.trainer.Sampler(judge.Batch)
		if err != nil {
			return nil, err
		}
		if last, err = t.judge.ScoreSampler(sampler, t.trainer.Settings().Seed); err != nil {
			return nil, err
		}
		return []float64{last.FrechetDistance, last.ClassifierScore, last.Confident, float64(last.ClassesSeen)}, nil
	}
	j.Line = func([]float64) string {
		return fmt.Sprintf("classifier Fréchet distance %.2f, classifier score %.3f, %.1f%% confident, %d of %d classes seen",
			last.FrechetDistance, last.ClassifierScore, 100*last.Confident, last.ClassesSeen, len(last.Classes))
	}
	return j
}
