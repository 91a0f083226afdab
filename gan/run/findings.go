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
	text = f.last.Finding(text)
	f.session.warn(text)
	if err := appendLine(f.session.folder.Findings(), text, os.O_CREATE); err != nil {
		return fmt.Errorf("writing a finding: %w", err)
	}
	return nil
}
