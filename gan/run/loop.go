package run

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// loop makes the iterations, and saves and says what they made.
func (s *session) loop(ctx context.Context) error {
	err := s.iterate(ctx)
	if diverged(err) {
		return s.afterFailure(s.explainDivergence(err))
	}
	return err
}

func (s *session) iterate(ctx context.Context) error {
	t, total := s.trainer, s.Options.Iterations
	bar := newProgress(&s.Options, s.info.Columns, s.perEpoch, t.Iterations())
	defer bar.finish()
	begin, before := time.Now(), t.Iterations()
	for t.Iterations() < total {
		start := time.Now()
		values, err := step(t)
		row := Row{Epoch: s.iterations / s.perEpoch, Iteration: s.iterations % s.perEpoch, Values: values, Taken: time.Since(start)}
		broken, whole := diverged(err), len(values) == len(s.info.Columns)
		if err == nil && !whole {
			err = fmt.Errorf("an iteration has %d numbers, of %d columns", len(values), len(s.info.Columns))
		}
		if whole && (err == nil || broken) {
			if !s.unkept {
				s.keepMetrics(s.metrics.Write(row))
			}
			s.tell(func(w Watcher) error { return w.Iteration(row) })
		}
		s.iterations = t.Iterations()
		if broken {
			return err
		}
		if err != nil {
			return s.afterFailure(err)
		}
		if row.Finite() {
			kept := s.last.Values
			s.last = row
			s.last.Values = append(kept[:0], values...)
		}
		bar.show(row, total-t.Iterations())
		if t.Iterations()%s.perEpoch == 0 {
			bar.hide()
			if err := s.endEpoch(); err != nil {
				return err
			}
			bar.endEpoch(s.epoch(), s.samplesOf(s.epoch()))
		} else if s.checkpointDue() {
			if err := s.save(); err != nil {
				return err
			}
		}
		if ctx.Err() != nil {
			break
		}
	}
	bar.finish()
	return s.endLoop(ctx, before, time.Since(begin))
}

// step makes an iteration and waits for its numbers, which are there too if it diverged.
func step(t Trainer) ([]float32, error) {
	if err := t.Step(); err != nil {
		return nil, err
	}
	return t.Metrics()
}

// explainDivergence adds to the error of a run that diverged where it began, if the trainer can find that.
func (s *session) explainDivergence(err error) error {
	tracer, ok := s.trainer.(Tracer)
	if !ok {
		return err
	}
	saved, loadErr := s.load(s.folder.Model())
	if loadErr != nil {
		return errors.Join(err, loadErr)
	}
	fmt.Fprintln(s.Out, "a number is not finite: making the iterations since the last save again to see where it began")
	origin, originErr := tracer.FindOrigin(saved)
	switch {
	case originErr != nil:
		return errors.Join(err, originErr)
	case origin == "":
		return fmt.Errorf("%w; made again, these iterations do not diverge", err)
	}
	return fmt.Errorf("%w; it began in %s", err, origin)
}

// afterFailure adds to an error in the middle of a run what is left of the run.
func (s *session) afterFailure(err error) error {
	if f, loadErr := s.load(s.folder.Model()); loadErr == nil {
		return fmt.Errorf("%w; %s is as it was after %d iterations", err, s.folder.Model(), f.Iterations())
	}
	return err
}

// endEpoch saves the state, if that is due or the best so far, and then what else an epoch makes.
func (s *session) endEpoch() error {
	score, err := s.judge()
	s.aside("judging", err)
	if score != nil {
		s.info.Score, s.score, s.scored = score, score, s.iterations
	}
	best := s.checkpoints.Best()
	if s.checkpointDue() || score != nil && (best == nil || s.info.Measure.Better(*score, *best.Score)) {
		if err := s.save(); err != nil {
			return err
		}
	}
	samples, err := s.drawSamples()
	if err != nil {
		return err
	}
	s.tell(func(w Watcher) error { return w.Epoch(s.epoch(), samples) })
	return nil
}

// drawSamples makes an epoch's samples, and their picture; none if the trainer makes none.
func (s *session) drawSamples() (Samples, error) {
	sampler, ok := s.trainer.(Sampler)
	if !ok {
		return Samples{}, nil
	}
	samples, err := sampler.Samples(SamplesPerEpoch)
	if err != nil {
		return Samples{}, fmt.Errorf("making samples: %w", err)
	}
	s.aside("samples", s.gridOf(samples).SavePNG(s.folder.Sample(s.epoch()), samples.Pixels))
	return samples, nil
}

// samplesOf is the file of an epoch's samples; empty if the trainer makes none.
func (s *session) samplesOf(epoch int) string {
	if _, ok := s.trainer.(Sampler); ok {
		return s.folder.Sample(epoch)
	}
	return ""
}

// endLoop saves what the last, perhaps unfinished epoch made, and says what there is.
func (s *session) endLoop(ctx context.Context, before int, taken time.Duration) error {
	if s.kept < s.iterations {
		if err := s.save(); err != nil {
			return err
		}
	}
	made := s.iterations - before
	if s.iterations >= s.Options.Iterations {
		s.aside("findings", s.foundShort())
	}
	fmt.Fprintf(s.Out, "time    %s, %.3f s an iteration\nmodel   %s, after %d iterations\n",
		roundTime(taken), taken.Seconds()/float64(made), s.folder.Model(), s.iterations)
	if s.epoch() > 0 && s.samplesOf(1) != "" {
		fmt.Fprintf(s.Out, "samples %s\n", s.folder.Samples())
	}
	if s.iterations < s.Options.Iterations {
		return &InterruptedError{Folder: s.Folder(), Made: s.iterations, Asked: s.Options.Iterations, Cause: context.Cause(ctx)}
	}
	return nil
}

// roundTime drops what nobody reads of how long something took.
func roundTime(d time.Duration) time.Duration {
	if d < 10*time.Second {
		return d.Round(10 * time.Millisecond)
	}
	return d.Round(time.Second)
}
