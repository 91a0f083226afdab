package run

import (
	"errors"
	"fmt"
	"io"
	"os"

	"gangpu/gan/picture"
	"gangpu/internal/terminal"
)

// startWatchers makes those of every run, and those that the options ask for.
func (s *session) startWatchers() error {
	page, err := s.newPage()
	if err != nil {
		return err
	}
	s.watchers = append(s.watchers, s.newTensorBoard())
	if s.Diagnosis != nil {
		f := &findings{Diagnosis: s.Diagnosis, session: s}
		if err := f.goOn(); err != nil {
			return err
		}
		s.watchers = append(s.watchers, f)
	}
	s.watchers = append(s.watchers, page)
	if s.Preview {
		s.watchers = append(s.watchers, newPreview(s.Out))
	}
	s.watchers = append(s.watchers, s.Watchers...)
	return nil
}

// tell calls each watcher.
func (s *session) tell(call func(Watcher) error) {
	for i, w := range s.watchers {
		if err := call(w); err != nil {
			s.aside(fmt.Sprintf("%d %T", i, w), err)
		}
	}
}

// aside tells of an error in what a run writes beside its state, and goes on; of the next ones of the same
// name it does not.
func (s *session) aside(name string, err error) {
	if err == nil || s.told[name] {
		return
	}
	s.told[name] = true
	s.warn(oneLine(err) + "; the run goes on without it")
}

// warn prints a line that is no error.
func (s *session) warn(text string) {
	if terminal.Is(s.Err) {
		fmt.Fprint(s.Err, "\r\x1b[K") // in the place of the progress bar, which comes again
	}
	if s.Warn != nil {
		s.Warn(text)
		return
	}
	fmt.Fprintf(s.Err, "warning: %s\n", text)
}

// gridOf is the grid that samples are drawn in.
func (s *session) gridOf(samples Samples) picture.Grid {
	grid := s.Grid
	if samples.Columns > 0 {
		grid.Columns = samples.Columns
	}
	return grid.Fit(samples.Count, samples.Height, samples.Width)
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
