package main

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"time"

	"gangpu/gan"

	"github.com/urfave/cli/v2"
)

// A watcher is told how a run goes. Its methods are called one at a time. An error of theirs is told of
// once, and the run goes on: nothing of it is lost.
type watcher interface {
	// iteration comes after each iteration, with its numbers and how long it took; after one that
	// diverged too.
	iteration(m gan.Metrics, taken time.Duration) error
	// epoch comes at the end of an epoch, counted from 1, with its samples, after the model was saved.
	epoch(number int, samples gan.Samples) error
	// end comes once, when the run has ended.
	end() error
}

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
	s.watchers = []watcher{
		&tensorboard{folder: s.folder.TensorBoard(), perEpoch: s.trainer.IterationsPerEpoch()},
		d,
		page,
	}
	if c.Bool("preview") {
		s.watchers = append(s.watchers, newPreview(c.App.Writer))
	}
	if s.judge != nil {
		if s.judging, err = newJudging(c, s); err != nil {
			return err
		}
	}
	return nil
}

// tell calls each watcher.
func (s *session) tell(call func(watcher) error) {
	for _, w := range s.watchers {
		s.aside(fmt.Sprintf("%T", w), call(w))
	}
}

// aside tells of an error in what a run writes beside its state, and goes on; of the next ones of the same
// name it does not.
func (s *session) aside(name string, err error) {
	if err == nil || s.told[name] {
		return
	}
	if s.told == nil {
		s.told = map[string]bool{}
	}
	s.told[name] = true
	warn(s.stderr, oneLine(err)+"; the run goes on without it")
}

// warn prints a line that is no error.
func warn(stderr io.Writer, text string) {
	if isTerminal(stderr) {
		fmt.Fprint(stderr, "\r\x1b[K") // in the place of the progress bar, which comes again
	}
	fmt.Fprintf(stderr, "gangpu: warning: %s\n", text)
}

// appendLine adds a line to a file, whole or not at all. The flag may be os.O_CREATE.
func appendLine(path, line string, flag int) error {
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_APPEND|flag, 0o666)
	if err != nil {
		return err
	}
	info, err := file.Stat()
	if err == nil {
		if _, err = io.WriteString(file, line+"\n"); err != nil {
			err = errors.Join(err, file.Truncate(info.Size()))
		}
	}
	return errors.Join(err, file.Close())
}
