package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"gangpu/engine/program"
	"gangpu/gan"
	"gangpu/gan/judge"
	"gangpu/internal/runfolder"

	"github.com/urfave/cli/v2"
)

// session is this process's part of a run.
type session struct {
	folder   runfolder.Folder
	lock     *runfolder.Lock
	saved    *gan.ModelFile // to go on from; nil of a new run
	from     string         // the file of it
	initial  *gan.ModelFile // whose weights a new run begins with; nil for drawn ones
	trainer  *gan.Trainer
	info     *runfolder.Info
	metrics  *runfolder.MetricsFile
	watchers []watcher
	judging  *judging // nil if the images are not judged
	stderr   io.Writer
	told     map[string]bool // what aside has told of
	unkept   bool            // whether rows of metrics.csv were lost, so that it is to be opened anew

	before *runfolder.Info // what run.json said of a run to go on with; nil if it has none
	plan   judgingPlan
	judge  *judge.Judge // of the images; nil if they are not judged

	checkpoints *runfolder.Checkpoints
	begun       time.Time
	iterations  int         // of the run, made
	last        gan.Metrics // of the last iteration whose losses were finite
	kept        int         // iterations of the newest state that was saved
}

// free frees what the session holds on the device.
func (s *session) free() error {
	var err error
	if s.judge != nil {
		err = s.judge.Close()
	}
	if s.trainer != nil {
		err = errors.Join(err, s.trainer.Close())
	}
	return err
}

// Close lets others have the run.
func (s *session) Close() error {
	if s.lock == nil {
		return nil
	}
	return s.lock.Close()
}

// begin makes the run's folder hold it: the state before the first iteration, metrics.csv, run.json.
func (s *session) begin(c *cli.Context, dev program.Info, dataset runfolder.Dataset, total int) error {
	i := s.before
	if i == nil {
		i = &runfolder.Info{}
	}
	for name, v := range map[string]*int{"checkpoint-every": &i.CheckpointEvery, "keep": &i.Keep} {
		if given(c, name) || len(i.Sessions) == 0 {
			*v = c.Int(name)
		}
	}
	i.JudgeEvery, i.Classifier = &s.plan.every, ""
	if s.plan.file != "" {
		var err error
		if i.Classifier, err = filepath.Abs(s.plan.file); err != nil {
			return err
		}
	}
	t := s.trainer
	s.info, s.begun, s.iterations, s.kept = i, time.Now(), t.Iterations(), t.Iterations()
	i.Architecture, i.Settings, i.Dataset = t.Model().Name, t.Settings(), dataset
	i.IterationsAsked, i.IterationsPerEpoch = total, t.IterationsPerEpoch()
	i.Sessions = append(i.Sessions, runfolder.Session{
		Begun: s.begun.Round(time.Second).UTC(), From: t.Iterations(), Command: os.Args, Version: versionLine(),
		Device: dev.Name, Description: dev.Description, Precision: dev.Precision, PID: os.Getpid(),
	})
	if err := os.MkdirAll(s.folder.Samples(), 0o777); err != nil {
		return fmt.Errorf("making the folder of samples: %w", err)
	}
	// A run that goes on from a checkpoint has its state as the newest before later metrics go.
	if s.from != s.folder.Model() {
		if err := t.Save(s.folder.Model()); err != nil {
			return err
		}
	}
	var err error
	if err := s.folder.DropSamples(t.Iterations() / t.IterationsPerEpoch()); err != nil {
		return err
	}
	if _, err := os.Stat(s.folder.Judge()); err == nil {
		if err := keepJudgements(s.folder.Judge(), t.Iterations()); err != nil {
			return err
		}
	}
	if s.checkpoints, err = s.folder.OpenCheckpoints(t.Iterations(), i.Keep); err != nil {
		return err
	}
	known := 0
	if s.metrics, known, err = s.folder.OpenMetrics(t.Iterations(), t.IterationsPerEpoch()); err != nil {
		return err
	}
	if lost := t.Iterations() - known; lost > 0 {
		fmt.Fprintf(c.App.ErrWriter, "gangpu: the numbers of %d of the %d iterations before are not in %s: they are unknown\n", lost, t.Iterations(), s.folder.Metrics())
	}
	return s.record(runfolder.Running, "")
}

// record writes how far the run is.
func (s *session) record(state runfolder.State, reason string) error {
	i := s.info
	i.State, i.Reason, i.Iterations = state, reason, s.iterations
	if s.last != (gan.Metrics{}) {
		i.Metrics = &s.last
	}
	i.Best = s.checkpoints.Best()
	i.Session().Seconds = time.Since(s.begun).Seconds()
	return s.folder.WriteInfo(i)
}

// end records how the run ended, by that error, and tells the watchers.
func (s *session) end(outcome error) {
	state, reason := runfolder.Finished, ""
	if interrupted := (*interruptedError)(nil); errors.As(outcome, &interrupted) {
		state, reason = runfolder.Interrupted, interrupted.cause.Error()
	} else if outcome != nil {
		state, reason = runfolder.Failed, oneLine(outcome)
	}
	s.keepMetrics(s.metrics.Close())
	s.aside("run.json", s.record(state, reason))
	s.tell(watcher.end)
}

// checkpointDue reports whether the iteration just made is to be kept.
func (s *session) checkpointDue() bool {
	every := s.info.CheckpointEvery
	if every == 0 {
		every = s.trainer.IterationsPerEpoch()
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
	if m, _, err := s.folder.OpenMetrics(s.iterations, s.trainer.IterationsPerEpoch()); err == nil {
		_ = s.metrics.Close() // which fails for the reason that was told of
		s.metrics, s.unkept = m, false
	}
}

// save keeps the newest state, with the distance of its images if that was measured. It writes the
// metrics first: those of iterations that the model has not made are dropped when the run is
// resumed, but missing ones could not be made up for. Without them the state is saved too.
func (s *session) save(c *cli.Context, distance *float64) error {
	s.syncMetrics()
	f, err := s.trainer.Snapshot()
	if err != nil {
		return fmt.Errorf("saving %s: %w", s.folder.Model(), err)
	}
	if err := s.trainer.CheckSnapshot(f); err != nil {
		return err
	}
	f.Distance = distance
	if err := s.checkpoints.Save(f); err != nil {
		return s.explainUnsaved(c, err)
	}
	s.kept = s.iterations
	s.aside("checkpoints", s.checkpoints.Prune())
	s.aside("run.json", s.record(runfolder.Running, ""))
	return nil
}

// explainUnsaved adds to the error of a state that could not be written what is left, and how to go on.
func (s *session) explainUnsaved(c *cli.Context, err error) error {
	f, loadErr := gan.Load(s.folder.Model())
	if loadErr != nil {
		return errors.Join(err, loadErr)
	}
	return fmt.Errorf("%w; %s holds the state after %d of the %d iterations made; once there is room, go on with: %s",
		err, s.folder.Model(), f.Iterations, s.iterations, resumeLine(c, string(s.folder)))
}
