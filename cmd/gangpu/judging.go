package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strconv"
	"strings"
	"time"

	"gangpu/engine/program"
	"gangpu/gan"
	"gangpu/gan/judge"
	"gangpu/internal/atomicfile"
	"gangpu/internal/runfolder"
	"gangpu/mnist"

	"github.com/urfave/cli/v2"
)

// judging judges the model's images after every so many epochs, by the noise of
// the run's seed: each judgement is printed, and a line of judge.csv.
type judging struct {
	judge   *judge.Judge
	trainer *gan.Trainer
	every   int
	stdout  io.Writer
	path    string
}

// judgingHeader is the first line of judge.csv. Epochs are counted from 1, as the samples' are.
const judgingHeader = "epoch,iterations,classifier_frechet_distance,classifier_score,confident,classes_seen,seconds\n"

func judgingFlags() []cli.Flag {
	return []cli.Flag{
		&cli.IntFlag{Name: "judge-every", Value: 1,
			Usage: "judge generated images, as evaluate does, after each `NUMBER` of epochs; 0 is never"},
		classifierFlag(),
	}
}

// judgingPlan is how a run is judged: by the flags or, if they say nothing, as it was before.
type judgingPlan struct {
	every      int
	file       string          // of the classifier; empty for MNIST's
	classifier *gan.Classifier // nil if the run is not judged
}

// planJudging opens the classifier to judge a run by, if the flags or the run ask for one, or there is one for the
// images. Where nobody asked, what is in the way is told of, and the run goes on without.
func planJudging(c *cli.Context, before *runfolder.Info, data *mnist.Data, pixels string) (judgingPlan, error) {
	p := judgingPlan{every: c.Int("judge-every"), file: c.String("classifier")}
	asked := given(c, "judge-every") || given(c, "classifier")
	if before != nil {
		if !given(c, "judge-every") && before.JudgeEvery != nil {
			p.every = *before.JudgeEvery
		}
		if !given(c, "classifier") {
			p.file = before.Classifier
		}
	}
	if p.every == 0 {
		return p, nil
	}
	classifier, err := openClassifier(c, p.file, data, pixels)
	if err != nil && before != nil && p.file == before.Classifier && p.file != "" {
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
func (s *session) makeJudge(dev program.Device, data *mnist.Data) (err error) {
	if s.plan.classifier == nil {
		return nil
	}
	o := judge.DefaultOptions()
	o.Images = min(o.Images, data.Test.Count)
	if s.judge, err = newJudge(dev, s.plan.classifier, o, data); err != nil {
		return err
	}
	_, err = s.trainer.Sampler(judge.Batch) // as long as nothing is lost if there is no room for it
	return err
}

// newJudging begins, or goes on with, judge.csv.
func newJudging(c *cli.Context, s *session) (*judging, error) {
	w := &judging{judge: s.judge, trainer: s.trainer, every: s.plan.every, stdout: c.App.Writer, path: s.folder.Judge()}
	if err := keepJudgements(w.path, s.trainer.Iterations()); err != nil {
		return nil, err
	}
	floor := s.judge.Floor()
	fmt.Fprintf(c.App.Writer, "judge   %d training images have classifier Fréchet distance %.2f, classifier score %.3f\n",
		floor.Images, floor.FrechetDistance, floor.ClassifierScore)
	return w, nil
}

// keepJudgements makes judge.csv, or drops what a resumed run will make again from the one that is there.
func keepJudgements(path string, iterations int) error {
	var kept bytes.Buffer
	kept.WriteString(judgingHeader)
	old, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("continuing the judgements: %w", err)
	}
	for line := range strings.Lines(string(old)) {
		fields := strings.Split(line, ",")
		if len(fields) != strings.Count(judgingHeader, ",")+1 || !strings.HasSuffix(line, "\n") {
			continue
		}
		if n, err := strconv.Atoi(fields[1]); err == nil && n <= iterations {
			kept.WriteString(line)
		}
	}
	return atomicfile.Write(path, func(to io.Writer) error {
		_, err := to.Write(kept.Bytes())
		return err
	})
}

// after judges the model after that epoch, counted from 1, if it is to be judged then: distance is nil if not.
// What could not be kept of a judgement is an error beside the distance.
func (w *judging) after(epoch int) (distance *float64, err error) {
	if epoch%w.every != 0 {
		return nil, nil
	}
	begin := time.Now()
	sampler, err := w.trainer.Sampler(judge.Batch)
	if err != nil {
		return nil, fmt.Errorf("judging: %w", err)
	}
	s, err := w.judge.ScoreSampler(sampler, w.trainer.Settings().Seed)
	if err != nil {
		return nil, fmt.Errorf("judging: %w", err)
	}
	fmt.Fprintf(w.stdout, "judged  classifier Fréchet distance %.2f, classifier score %.3f, %.1f%% confident, %d of %d classes seen\n",
		s.FrechetDistance, s.ClassifierScore, 100*s.Confident, s.ClassesSeen, len(s.Classes))
	line := fmt.Sprintf("%d,%d,%g,%g,%g,%d,%.3f", epoch, w.trainer.Iterations(), s.FrechetDistance, s.ClassifierScore,
		s.Confident, s.ClassesSeen, time.Since(begin).Seconds())
	if err := appendLine(w.path, line, 0); err != nil {
		return &s.FrechetDistance, fmt.Errorf("writing a judgement: %w", err)
	}
	return &s.FrechetDistance, nil
}
