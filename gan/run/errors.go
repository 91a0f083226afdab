package run

import (
	"errors"
	"fmt"
	"strings"

	"gangpu/internal/runfolder"
)

// OccupiedError is a folder that holds a run already, Resumable or not.
type OccupiedError = runfolder.OccupiedError

// BusyError is a run that another process trains.
type BusyError = runfolder.BusyError

// DamagedError is a state that cannot be loaded.
type DamagedError struct {
	Err    error
	Newest string // the file of the newest whole checkpoint before it, to Resume from; empty if there is none
}

func (e *DamagedError) Error() string {
	if e.Newest == "" {
		return fmt.Sprintf("%v; no checkpoint before it is whole", e.Err)
	}
	return fmt.Sprintf("%v; the newest whole checkpoint before it is %s", e.Err, e.Newest)
}

func (e *DamagedError) Unwrap() error { return e.Err }

// UnsavedError is a state that could not be written. The one before it stays.
type UnsavedError struct {
	Err         error
	Folder      string // of the run, to Resume from
	Model       string // the file of the state before
	Saved, Made int    // iterations, of that state and of the run
}

func (e *UnsavedError) Error() string {
	return fmt.Sprintf("%v; %s holds the state after %d of the %d iterations made", e.Err, e.Model, e.Saved, e.Made)
}

func (e *UnsavedError) Unwrap() error { return e.Err }

// InterruptedError is a run that was asked to stop, by its context, and did so in good order.
type InterruptedError struct {
	Folder      string // of the run, to Resume from
	Made, Asked int    // iterations
	Cause       error  // of the context's end
}

func (e *InterruptedError) Error() string {
	return fmt.Sprintf("interrupted after %d of %d iterations", e.Made, e.Asked)
}

func (e *InterruptedError) Unwrap() error { return e.Cause }

// diverged reports whether an error is a Divergence.
func diverged(err error) bool {
	var d Divergence
	return errors.As(err, &d)
}

// oneLine is an error as one line: joined errors come with a line each.
func oneLine(err error) string {
	return strings.Join(strings.FieldsFunc(err.Error(), func(r rune) bool { return r == '\n' || r == '\r' }), "; ")
}
