package main

import (
	"errors"
	"math"
	"net"
	"time"

	"gangpu/gan"

	"github.com/urfave/cli/v2"
)

// A watcher is told how a run goes. Its methods are called one at a time; an error of theirs ends
// the run.
type watcher interface {
	// iteration comes after each iteration, with its numbers and how long it took; after one that
	// diverged too.
	iteration(m gan.Metrics, taken time.Duration) error
	// epoch comes at the end of an epoch, counted from 1, with its samples, before the model is saved.
	epoch(number int, samples gan.Samples) error
	// end comes once, when the run has ended: outcome is nil if it was finished, an
	// *interruptedError if it was stopped in good order, and otherwise why it failed.
	end(outcome error) error
}

// A distanceWatcher measures how far the model's images are from real ones.
type distanceWatcher interface {
	// distance is that at the end of the epoch that was last; NaN if it was not measured then.
	distance() float64
}

type watchers []watcher

// startWatchers makes those of every run, and those that the flags ask for. The page is served on
// the listener, if there is one.
func (s *session) startWatchers(c *cli.Context, images gan.Images, listener net.Listener) error {
	page, err := newPage(c, s, listener)
	if err != nil {
		return err
	}
	d, err := newDiagnosis(c, s.trainer, images, s.folder)
	if err != nil {
		return err
	}
	s.watchers = watchers{
		&tensorboard{folder: s.folder.TensorBoard(), perEpoch: s.trainer.IterationsPerEpoch()},
		d,
		page,
	}
	if c.Bool("preview") {
		s.watchers = append(s.watchers, newPreview(c.App.Writer))
	}
	if s.judge != nil {
		judging, err := newJudging(c, s)
		if err != nil {
			return err
		}
		s.watchers = append(s.watchers, judging)
	}
	return nil
}

func (ws watchers) iteration(m gan.Metrics, taken time.Duration) error {
	for _, w := range ws {
		if err := w.iteration(m, taken); err != nil {
			return err
		}
	}
	return nil
}

func (ws watchers) epoch(number int, samples gan.Samples) error {
	for _, w := range ws {
		if err := w.epoch(number, samples); err != nil {
			return err
		}
	}
	return nil
}

// distance is what the first among them that measures it did, nil if none did.
func (ws watchers) distance() *float64 {
	for _, w := range ws {
		if j, ok := w.(distanceWatcher); ok {
			if d := j.distance(); !math.IsNaN(d) {
				return &d
			}
		}
	}
	return nil
}

func (ws watchers) end(outcome error) error {
	var err error
	for _, w := range ws {
		err = errors.Join(err, w.end(outcome))
	}
	return err
}
