package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"

	"gangpu/engine/program"
	"gangpu/gan"
	"gangpu/internal/runfolder"
)

// session is this process's part of a run.
type session struct {
	folder   runfolder.Folder
	lock     *runfolder.Lock
	saved    *gan.ModelFile // to go on from; nil of a new run
	trainer  *gan.Trainer
	info     *runfolder.Info
	metrics  *runfolder.MetricsFile
	watchers watchers

	begun      time.Time
	iterations int         // of the run, made
	last       gan.Metrics // of the last iteration whose losses were finite
}

// Close lets others have the run.
func (s *session) Close() error {
	if s.lock == nil {
		return nil
	}
	return s.lock.Close()
}

// begin makes the run's folder hold it: its state before the first iteration, metrics.csv, run.json.
func (s *session) begin(dev program.Info, dataset runfolder.Dataset, total int) error {
	i, err := s.folder.ReadInfo()
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%w; without this file, the run can go on", err)
	}
	if err != nil { // a new run, or one of a version that wrote no run.json
		i = &runfolder.Info{}
	}
	t := s.trainer
	s.info, s.begun, s.iterations = i, time.Now(), t.Iterations()
	i.Architecture, i.Settings, i.Dataset = t.Model().Name, t.Settings(), dataset
	i.IterationsAsked, i.IterationsPerEpoch = total, t.IterationsPerEpoch()
	i.Sessions = append(i.Sessions, runfolder.Session{
		Begun: s.begun.Round(time.Second).UTC(), From: t.Iterations(), Command: os.Args, Version: versionLine(),
		Device: dev.Name, Description: dev.Description, Precision: dev.Precision, PID: os.Getpid(),
	})
	if s.saved == nil {
		if err := t.Save(s.folder.Model()); err != nil {
			return err
		}
	}
	if s.metrics, err = s.folder.OpenMetrics(t.Iterations()); err != nil {
		return err
	}
	return s.record(runfolder.Running, "")
}

// record writes how far the run is.
func (s *session) record(state runfolder.State, reason string) error {
	i := s.info
	i.State, i.Reason, i.Iterations = state, reason, s.iterations
	if s.iterations > i.Session().From {
		i.Metrics = &s.last
	}
	i.Session().Seconds = time.Since(s.begun).Seconds()
	return s.folder.WriteInfo(i)
}

// end records how the run ended, by that error, and tells the watchers.
func (s *session) end(outcome error) error {
	state, reason := runfolder.Finished, ""
	if interrupted := (*interruptedError)(nil); errors.As(outcome, &interrupted) {
		state, reason = runfolder.Interrupted, interrupted.cause.Error()
	} else if outcome != nil {
		state, reason = runfolder.Failed, oneLine(outcome)
	}
	return errors.Join(s.metrics.Close(), s.record(state, reason), s.watchers.end(outcome))
}

// save writes the metrics first: those of iterations that the model has not made are dropped when
// the run is resumed, but missing ones could not be made up for.
func (s *session) save() error {
	if err := s.metrics.Sync(); err != nil {
		return fmt.Errorf("writing %s: %w", s.folder.Metrics(), err)
	}
	if err := s.trainer.Save(s.folder.Model()); err != nil {
		return err
	}
	return s.record(runfolder.Running, "")
}
