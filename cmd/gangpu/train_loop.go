package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"gangpu/gan"

	"github.com/urfave/cli/v2"
)

const samplesPerEpoch = 25

// loop makes the iterations up to total, and saves and says what they made.
func (s *session) loop(c *cli.Context, total int) error {
	err := s.iterateTo(c, total)
	if diverged := (*gan.DivergedError)(nil); errors.As(err, &diverged) {
		return s.afterFailure(s.explainDivergence(c, err))
	}
	return err
}

func (s *session) iterateTo(c *cli.Context, total int) error {
	t := s.trainer
	perEpoch := t.IterationsPerEpoch()
	bar := newProgress(c.App.Writer, c.App.ErrWriter, t.Settings().Epochs, perEpoch, t.Iterations(), total)
	defer bar.finish()
	begin, before := time.Now(), t.Iterations()
	for t.Iterations() < total {
		start := time.Now()
		m, err := iterate(t)
		taken := time.Since(start)
		diverged := (*gan.DivergedError)(nil)
		if err == nil || errors.As(err, &diverged) {
			if !s.unkept {
				s.keepMetrics(s.metrics.Write(m, taken))
			}
			s.tell(func(w watcher) error { return w.iteration(m, taken) })
		}
		s.iterations = t.Iterations()
		if diverged != nil {
			return err
		}
		if err != nil {
			return s.afterFailure(err)
		}
		s.last = m
		bar.show(m, taken, total-t.Iterations())
		if t.Iterations()%perEpoch == 0 {
			bar.hide()
			if err := s.endEpoch(c); err != nil {
				return err
			}
			bar.endEpoch(t.Epoch(), s.folder.Sample(t.Epoch()))
		} else if s.checkpointDue() {
			if err := s.save(c, nil); err != nil {
				return err
			}
		}
		if c.Context.Err() != nil {
			break
		}
	}
	bar.finish()
	return s.endLoop(c, total, before, time.Since(begin))
}

// iterate makes an iteration and waits for its numbers, which are there too if it diverged.
func iterate(t *gan.Trainer) (gan.Metrics, error) {
	if err := t.Step(); err != nil {
		return gan.Metrics{}, err
	}
	return t.Metrics()
}

// explainDivergence adds to the error of a run that diverged where it began.
func (s *session) explainDivergence(c *cli.Context, err error) error {
	saved, loadErr := gan.Load(s.folder.Model())
	if loadErr != nil {
		return errors.Join(err, loadErr)
	}
	fmt.Fprintln(c.App.Writer, "a number is not finite: making the iterations since the last save again to see where it began")
	origin, originErr := s.trainer.FindOrigin(saved)
	switch {
	case originErr != nil:
		return errors.Join(err, originErr)
	case origin == nil:
		return fmt.Errorf("%w; made again, these iterations do not diverge", err)
	}
	return fmt.Errorf("%w; it began in %v", err, origin)
}

// afterFailure adds to an error in the middle of a run what is left of the run.
func (s *session) afterFailure(err error) error {
	if f, loadErr := gan.Load(s.folder.Model()); loadErr == nil {
		return fmt.Errorf("%w; %s is as it was after %d iterations", err, s.folder.Model(), f.Iterations)
	}
	return err
}

// endEpoch saves the state, if that is due or the best so far, and then what else an epoch makes.
func (s *session) endEpoch(c *cli.Context) error {
	var distance *float64
	if s.judging != nil {
		var err error
		distance, err = s.judging.after(s.trainer.Epoch())
		s.aside("judging", err)
	}
	if distance != nil {
		s.info.Distance = distance
	}
	best := s.checkpoints.Best()
	if s.checkpointDue() || distance != nil && (best == nil || *distance < *best.Distance) {
		if err := s.save(c, distance); err != nil {
			return err
		}
	}
	samples, err := s.drawSamples()
	if err != nil {
		return err
	}
	s.tell(func(w watcher) error { return w.epoch(s.trainer.Epoch(), samples) })
	return nil
}

// drawSamples makes an epoch's samples, and their picture.
func (s *session) drawSamples() (gan.Samples, error) {
	samples, err := s.trainer.Samples(samplesPerEpoch)
	if err != nil {
		return gan.Samples{}, fmt.Errorf("making samples: %w", err)
	}
	s.aside("samples", samples.SavePNG(s.folder.Sample(s.trainer.Epoch()), sampleGridOf(samples.Height, samples.Width)))
	return samples, nil
}

// endLoop saves what the last, perhaps unfinished epoch made, and says what there is.
func (s *session) endLoop(c *cli.Context, total, before int, taken time.Duration) error {
	t := s.trainer
	perEpoch := t.IterationsPerEpoch()
	if s.kept < s.iterations {
		if err := s.save(c, nil); err != nil {
			return err
		}
	}
	made := t.Iterations() - before
	fmt.Fprintf(c.App.Writer, "time    %s, %.3f s an iteration\nmodel   %s, after %d iterations\n",
		roundTime(taken), taken.Seconds()/float64(made), s.folder.Model(), t.Iterations())
	if t.Iterations() >= perEpoch {
		fmt.Fprintf(c.App.Writer, "samples %s\n", s.folder.Samples())
	}
	if t.Iterations() < total {
		return fmt.Errorf("%w after %d of %d iterations; go on with: %s",
			&interruptedError{context.Cause(c.Context)}, t.Iterations(), total, resumeLine(c, string(s.folder)))
	}
	return nil
}

// interruptedError is a run that was asked to stop, and did so in good order.
type interruptedError struct{ cause error }

func (e *interruptedError) Error() string { return "interrupted" }
func (e *interruptedError) Unwrap() error { return e.cause }

// resumeLine is the command line that goes on with a run, from its folder or one of its files.
func resumeLine(c *cli.Context, path string) string {
	line := []string{"gangpu train --resume", shellQuote(path)}
	for _, name := range []string{"data", "device", "precision", "iterations", "judge-every", "classifier"} {
		if given(c, name) {
			line = append(line, "--"+name, shellQuote(fmt.Sprint(c.Value(name))))
		}
	}
	return strings.Join(line, " ")
}

// shellQuote is s as a shell takes it for one word.
func shellQuote(s string) string {
	plain := func(r rune) bool {
		return r < 0x80 && (r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || strings.ContainsRune("/._-+:=@%,", r))
	}
	if s != "" && strings.TrimFunc(s, plain) == "" {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}

// roundTime drops what nobody reads of how long something took.
func roundTime(d time.Duration) time.Duration {
	if d < 10*time.Second {
		return d.Round(10 * time.Millisecond)
	}
	return d.Round(time.Second)
}
