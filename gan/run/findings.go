package run

import (
	"fmt"
	"os"
)

// findings is a watcher that prints what a diagnosis finds, and keeps it in findings.txt, a line each.
type findings struct {
	Diagnosis
	session *session
	last    Row // without values
}

// goOn takes the iterations that a resumed run has made, so that what holds at their end is not said
// again, and drops what was found in later ones, which will be made again.
func (f *findings) goOn() error {
	s := f.session
	if s.iterations == 0 {
		return nil
	}
	rows, err := s.folder.ReadMetrics(s.info.Columns)
	if err != nil {
		return err
	}
	for _, row := range rows {
		f.Diagnosis.Iteration(row)
	}
	return s.folder.KeepFindings(s.iterations, s.perEpoch)
}

func (f *findings) Iteration(row Row) error {
	f.last = Row{Epoch: row.Epoch, Iteration: row.Iteration}
	return f.say(f.Diagnosis.Iteration(row))
}

func (f *findings) Epoch(number int, samples Samples) error {
	return f.say(f.Diagnosis.Epoch(number, samples))
}

func (f *findings) End() error { return nil }

func (f *findings) say(text string) error {
	if text == "" {
		return nil
	}
	return f.session.found(f.last, text)
}

// found prints what was found in a row, and keeps it.
func (s *session) found(in Row, text string) error {
	text = in.Finding(text)
	s.warn(text)
	if err := appendLine(s.folder.Findings(), text, os.O_CREATE); err != nil {
		return fmt.Errorf("writing a finding: %w", err)
	}
	return nil
}

// foundShort says at the end of a run what its last judgement falls short of.
func (s *session) foundShort() error {
	if !s.judged || s.Judging.Shortfall == nil {
		return nil
	}
	if text := s.Judging.Shortfall(); text != "" {
		return s.found(Row{Epoch: (s.iterations - 1) / s.perEpoch, Iteration: (s.iterations - 1) % s.perEpoch}, "when it was judged last, "+text)
	}
	return nil
}
