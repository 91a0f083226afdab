package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"
	"strconv"
	"strings"
	"time"

	"gangpu/engine/program"
	"gangpu/gan"
	"gangpu/gan/judge"
	"gangpu/internal/atomicfile"
	"gangpu/mnist"

	"github.com/urfave/cli/v2"
)

// judging is a watcher that judges the model's images after every so many epochs, by the noise of
// the run's seed: each judgement is printed, and a line of judge.csv.
type judging struct {
	judge   *judge.Judge
	trainer *gan.Trainer
	every   int
	stdout  io.Writer
	path    string
	last    float64 // distance; NaN if the last epoch was not judged
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

// judgingClassifier is the classifier to judge a run by; nil if the flags ask for none, or say
// nothing of it and there is none for the images.
func judgingClassifier(c *cli.Context, training mnist.Set) (*gan.Classifier, error) {
	every := c.Int("judge-every")
	if every == 0 {
		return nil, nil
	}
	classifier, err := openClassifier(c, training)
	if err == nil && classifier == nil && given(c, "judge-every") {
		return nil, fmt.Errorf("--judge-every %d: %s", every, noClassifier)
	}
	return classifier, err
}

// newJudging makes the watcher, which generates as many images as there are test images, or fewer.
func newJudging(c *cli.Context, s *session, dev program.Device, data *mnist.Data) (*judging, error) {
	o := judge.DefaultOptions()
	o.Images = min(o.Images, data.Test.Count)
	j, err := newJudge(dev, s.classifier, o, data)
	if err != nil {
		return nil, err
	}
	w := &judging{judge: j, trainer: s.trainer, every: c.Int("judge-every"), stdout: c.App.Writer, path: s.folder.Judge(), last: math.NaN()}
	if err := w.openCSV(); err != nil {
		return nil, errors.Join(err, j.Close())
	}
	fmt.Fprintf(c.App.Writer, "judge   %d training images have classifier Fréchet distance %.2f, classifier score %.3f\n",
		j.Floor().Images, j.Floor().FrechetDistance, j.Floor().ClassifierScore)
	return w, nil
}

// openCSV makes judge.csv, or drops what a resumed run will make again from the one that is there.
func (w *judging) openCSV() error {
	var kept bytes.Buffer
	kept.WriteString(judgingHeader)
	old, err := os.ReadFile(w.path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("continuing the judgements: %w", err)
	}
	for line := range strings.Lines(string(old)) {
		fields := strings.Split(line, ",")
		if len(fields) != strings.Count(judgingHeader, ",")+1 || !strings.HasSuffix(line, "\n") {
			continue
		}
		if n, err := strconv.Atoi(fields[1]); err == nil && n <= w.trainer.Iterations() {
			kept.WriteString(line)
		}
	}
	return atomicfile.Write(w.path, func(to io.Writer) error {
		_, err := to.Write(kept.Bytes())
		return err
	})
}

func (w *judging) iteration(gan.Metrics, time.Duration) error { return nil }

func (w *judging) epoch(number int, _ gan.Samples) error {
	w.last = math.NaN()
	if number%w.every != 0 {
		return nil
	}
	begin := time.Now()
	sampler, err := w.trainer.Sampler(judge.Batch)
	if err != nil {
		return fmt.Errorf("judging: %w", err)
	}
	s, err := w.judge.ScoreSampler(sampler, w.trainer.Settings().Seed)
	if err != nil {
		return fmt.Errorf("judging: %w", err)
	}
	w.last = s.FrechetDistance
	fmt.Fprintf(w.stdout, "judged  classifier Fréchet distance %.2f, classifier score %.3f, %.1f%% confident, %d of %d classes seen\n",
		s.FrechetDistance, s.ClassifierScore, 100*s.Confident, s.ClassesSeen, len(s.Classes))
	file, err := os.OpenFile(w.path, os.O_WRONLY|os.O_APPEND, 0)
	if err == nil {
		_, err = fmt.Fprintf(file, "%d,%d,%g,%g,%g,%d,%.3f\n", number, w.trainer.Iterations(), s.FrechetDistance, s.ClassifierScore,
			s.Confident, s.ClassesSeen, time.Since(begin).Seconds())
		err = errors.Join(err, file.Close())
	}
	if err != nil {
		return fmt.Errorf("writing a judgement: %w", err)
	}
	return nil
}

func (w *judging) distance() float64 { return w.last }

func (w *judging) end(error) error { return w.judge.Close() }
