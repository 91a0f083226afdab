package run

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"gangpu/internal/runfolder"
)

// session is this process's part of a run.
type session struct {
	*Run
	Options
	trainer  Trainer
	perEpoch int
	info     *Info
	metrics  *runfolder.MetricsFile
	watchers []Watcher
	told     map[string]bool // what aside has told of
	unkept   bool            // whether rows of metrics.csv were lost, so that it is to be opened anew

	checkpoints *runfolder.Checkpoints
	begun       time.Time
	iterations  int // of the run, made
	judged      bool
	last        Row // the last whose values were finite; without values if there is none
	kept        int // iterations of the newest state that was saved
	score       *float64
	scored      int // iterations of the state that was judged last, with that score
}

// Train makes the iterations of a trainer that are still to be made, and keeps and shows the run as the options say. If
// the context ends, it finishes the iteration, saves, and returns an *InterruptedError. The trainer has gone on from
// what Saved returns, if the run was resumed. A run is trained once.
func (r *Run) Train(ctx context.Context, t Trainer, o Options) (err error) {
	s := &session{Run: r, Options: o.withDefaults(), trainer: t, perEpoch: t.IterationsPerEpoch(), iterations: t.Iterations(), told: map[string]bool{}}
	switch made := t.Iterations(); {
	case s.perEpoch < 1:
		return fmt.Errorf("training %s: %d iterations an epoch", r.folder, s.perEpoch)
	case made >= o.Iterations:
		return fmt.Errorf("training %s: %d iterations were made, %d are to be", r.folder, made, o.Iterations)
	case r.saved != nil && r.saved.Iterations() != made:
		return fmt.Errorf("training %s: the trainer has made %d iterations, the state to go on from %d", r.folder, made, r.saved.Iterations())
	}
	if err := runfolder.CheckColumns(t.Columns()); err != nil {
		return fmt.Errorf("training %s: %w", r.folder, err)
	}
	if r.saved != nil {
		s.score, s.scored = r.saved.Score(), s.iterations
	}
	if err := s.begin(); err != nil {
		return err
	}
	defer func() { s.end(err) }()
	if err := s.startWatchers(); err != nil {
		return err
	}
	// What came between the saving of the last epoch's state and its samples is made up for.
	if made := t.Iterations(); r.before != nil && made > 0 && made%s.perEpoch == 0 {
		if _, err := os.Stat(r.folder.Sample(s.epoch())); errors.Is(err, fs.ErrNotExist) {
			if _, err := s.drawSamples(); err != nil {
				return err
			}
		}
	}
	return s.loop(ctx)
}

// epoch is the number of whole epochs made.
func (s *session) epoch() int { return s.trainer.Iterations() / s.perEpoch }

// begin makes the run's folder hold it: the state before the first iteration, metrics.csv, run.json.
func (s *session) begin() error {
	i := s.before
	if i == nil {
		i = &Info{}
	}
	about := s.About
	s.info, s.begun, s.kept = i, time.Now(), s.iterations
	i.CheckpointEvery, i.Keep, i.JudgeEvery, i.Notes = s.CheckpointEvery, s.Keep, &s.Judging.Every, about.Notes
	if len(s.Judging.Measures) > 0 {
		i.Measure = &s.Judging.Measures[0]
	}
	i.Architecture, i.Settings, i.Dataset = about.Model, about.Settings, about.Dataset
	i.Columns, i.Guides = s.trainer.Columns(), slices.Concat(about.Guides, s.Judging.Guides)
	i.IterationsAsked, i.IterationsPerEpoch = s.Options.Iterations, s.perEpoch
	i.Sessions = append(i.Sessions, runfolder.Session{
		Begun: s.begun.Round(time.Second).UTC(), From: s.iterations, Command: about.Session.Command, Version: about.Session.Version,
		Device: about.Session.Device, Description: about.Session.Description, Precision: about.Session.Precision, PID: os.Getpid(),
	})
	if err := os.MkdirAll(s.folder.Samples(), 0o777); err != nil {
		return fmt.Errorf("making the folder of samples: %w", err)
	}
	// A run that goes on from a checkpoint has its state as the newest before later metrics go.
	if filepath.Clean(s.from) != s.folder.Model() {
		if err := s.saveFirst(); err != nil {
			return err
		}
	}
	if err := s.folder.DropSamples(s.epoch()); err != nil {
		return err
	}
	if err := s.keepJudgements(); err != nil {
		return err
	}
	var measure Measure
	if i.Measure != nil {
		measure = *i.Measure
	}
	var err error
	if s.checkpoints, err = s.folder.OpenCheckpoints(s.load, s.iterations, i.Keep, measure); err != nil {
		return err
	}
	// A judged state that is no checkpoint of this folder, as one from elsewhere, may turn out to be the best.
	if i.Measure != nil && s.scoreNow() != nil && !s.checkpoints.Has(s.iterations) {
		if err := s.checkpoints.Save(s.saved, s.score); err != nil {
			return fmt.Errorf("keeping the state to go on from: %w", err)
		}
	}
	known := 0
	if s.metrics, known, err = s.folder.OpenMetrics(i.Columns, s.iterations, s.perEpoch); err != nil {
		return err
	}
	if lost := s.iterations - known; lost > 0 {
		s.warn(fmt.Sprintf("the numbers of %d of the %d iterations before are not in %s: they are unknown", lost, s.iterations, s.folder.Metrics()))
	}
	return s.record(runfolder.Running, "")
}

// saveFirst saves the state that this session begins with.
func (s *session) saveFirst() error {
	f, err := s.trainer.Snapshot()
	if err != nil {
		return fmt.Errorf("saving %s: %w", s.folder.Model(), err)
	}
	return f.Save(s.folder.Model(), s.scoreNow())
}

// scoreNow is the score of the state as it is; nil if it was not judged.
func (s *session) scoreNow() *float64 {
	if s.scored < s.iterations {
		return nil
	}
	return s.score
}

// record writes how far the run is.
func (s *session) record(state runfolder.State, reason string) error {
	i := s.info
	i.State, i.Reason, i.Iterations = state, reason, s.iterations
	if s.last.Values != nil {
		i.SetMetrics(s.last)
	}
	i.Best = s.checkpoints.Best()
	i.Session().Seconds = time.Since(s.begun).Seconds()
	return s.folder.WriteInfo(i)
}

// end records how the run ended, by that error, and tells the watchers.
func (s *session) end(outcome error) {
	state, reason := runfolder.Finished, ""
	if interrupted := (*InterruptedError)(nil); errors.As(outcome, &interrupted) {
		state, reason = runfolder.Interrupted, interrupted.Cause.Error()
	} else if outcome != nil {
		state, reason = runfolder.Failed, oneLine(outcome)
	}
	s.keepMetrics(s.metrics.Close())
	s.aside("run.json", s.record(state, reason))
	s.tell(Watcher.End)
}

// checkpointDue reports whether the iteration just made is to be kept.
func (s *session) checkpointDue() bool {
	every := s.info.CheckpointEvery
	if every == 0 {
		every = s.perEpoch
	}
	return s.iterations%every == 0
}

// keepMetrics tells of an error of metrics.csv.
func (s *session) keepMetrics(err error) {
	if err != nil {
		s.unkept = true
		s.aside("metrics", fmt.Errorf("writing %s: %w", s.folder.Metrics(), err))
	}
}

// syncMetrics has all rows on the disk, or opens the file anew after rows were lost.
func (s *session) syncMetrics() {
	if !s.unkept {
		s.keepMetrics(s.metrics.Sync())
		return
	}
	if m, _, err := s.folder.OpenMetrics(s.info.Columns, s.iterations, s.perEpoch); err == nil {
		_ = s.metrics.Close() // which fails for the reason that was told of
		s.metrics, s.unkept = m, false
	}
}

// save keeps the newest state, with its score if it was judged. It writes the
// metrics first: those of iterations that the model has not made are dropped when the run is
// resumed, but missing ones could not be made up for. Without them the state is saved too.
func (s *session) save() error {
	s.syncMetrics()
	f, err := s.trainer.Snapshot()
	if diverged(err) {
		return err
	}
	if err != nil {
		return fmt.Errorf("saving %s: %w", s.folder.Model(), err)
	}
	if err := s.checkpoints.Save(f, s.scoreNow()); err != nil {
		return s.explainUnsaved(err)
	}
	s.kept = s.iterations
	s.aside("checkpoints", s.checkpoints.Prune())
	s.aside("run.json", s.record(runfolder.Running, ""))
	return nil
}

// explainUnsaved adds to the error of a state that could not be written what is left.
func (s *session) explainUnsaved(err error) error {
	f, loadErr := s.load(s.folder.Model())
	if loadErr != nil {
		return errors.Join(err, loadErr)
	}
	return &UnsavedError{Err: err, Folder: s.Folder(), Model: s.folder.Model(), Saved: f.Iterations(), Made: s.iterations}
}
