package main

import (
	"errors"
	"time"

	"gangpu/gan"
	"gangpu/internal/runfolder"

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

type watchers []watcher

// startWatchers makes those of every run, and those that the flags ask for.
func startWatchers(c *cli.Context, t *gan.Trainer, images gan.Images, folder runfolder.Folder) (watchers, error) {
	ws := watchers{
		&tensorboard{folder: folder.TensorBoard(), perEpoch: t.IterationsPerEpoch()},
		newDiagnosis(c, t, images, folder),
	}
	if c.Bool("preview") {
		ws = append(ws, newPreview(c.App.Writer))
	}
	return ws, nil
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

func (ws watchers) end(outcome error) error {
	var err error
	for _, w := range ws {
		err = errors.Join(err, w.end(outcome))
	}
	return err
}
