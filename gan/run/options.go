package run

import (
	"encoding/json"
	"io"
	"time"

	"gangpu/gan/picture"
)

// Options say how a run is trained and shown. What is left zero is as usual.
type Options struct {
	Iterations      int // to have made at the end, counted from the run's beginning
	CheckpointEvery int // keep the state after each so many iterations; 0 is each epoch
	Keep            int // of the newest checkpoints, beside the best; 0 is 3

	About About

	Out, Err io.Writer         // what it says, and warnings; nil for neither
	Warn     func(text string) // prints a warning; nil writes it to Err

	// Line is what Out gets of an iteration where Err is no terminal that shows a bar; nil for the usual.
	Line func(Row) string
	// LineEvery is the time from line to line: 0 is a few seconds, EachIteration all lines.
	LineEvery time.Duration

	Grid      picture.Grid // of the samples; zero for the usual
	Preview   bool         // whether to draw each epoch's samples to Out
	Page      *Page        // to show the run in browsers; nil for none
	Judging   Judging
	Diagnosis Diagnosis // what finds that a run goes wrong; nil for none
	Watchers  []Watcher
}

// EachIteration is a time for Options.LineEvery.
const EachIteration = time.Nanosecond

// About is what is kept of a run in run.json, for people and for whoever goes on with it.
type About struct {
	Model    string          // its name
	Settings json.RawMessage // the trainer's, an object
	Dataset  Dataset
	Guides   []Guide
	Notes    map[string]string // whatever else is to be found again
	Session  Session
}

// Session is of the process that trains.
type Session struct {
	Command                        []string
	Version                        string
	Device, Description, Precision string
}

// Judging scores the trainer's images after some epochs.
type Judging struct {
	Every    int                       // epochs; it is kept in run.json without a Score too
	Measures []Measure                 // of the scores; states are compared by the first
	Score    func() ([]float64, error) // nil if the run is not judged
	Line     func(scores []float64) string
	Guides   []Guide // levels on the axis of the first measure, its title: what is there without the trainer, say
	// Shortfall says what the last judgement falls short of, that has to be beaten; empty if of nothing. A run that ends with
	// one has it among its findings. nil if there is nothing to beat.
	Shortfall func() string
}

// A Diagnosis says in words what goes wrong in a run, each thing once. It is told of the iterations before when a run
// goes on, so that it does not say again what held then.
type Diagnosis interface {
	// Iteration takes an iteration's numbers, and returns what they show that was not said before, or nothing.
	Iteration(Row) string
	// Epoch takes the samples made after an epoch, counted from 1.
	Epoch(number int, s Samples) string
}

// A Watcher is told how a run goes. Its methods are called one at a time. An error of theirs is told of
// once, and the run goes on: nothing of it is lost.
type Watcher interface {
	// Iteration comes after each iteration; after one that diverged too. The row's values are the trainer's to change
	// afterwards.
	Iteration(Row) error
	// Epoch comes at the end of an epoch, counted from 1, with its samples, after the state was saved. There are none
	// if the trainer makes none.
	Epoch(number int, s Samples) error
	// End comes once, when the run has ended.
	End() error
}

// Samples of an epoch.
const (
	SamplesPerEpoch = 25
	usualLineEvery  = 5 * time.Second
	usualKeep       = 3
)

// SampleGrid is how samples are drawn unless Options.Grid says otherwise.
var SampleGrid = picture.Grid{Gap: 4, Scale: 3}

func (o Options) withDefaults() Options {
	if o.Out == nil {
		o.Out = io.Discard
	}
	if o.Err == nil {
		o.Err = io.Discard
	}
	if o.Keep == 0 {
		o.Keep = usualKeep
	}
	if o.LineEvery == 0 {
		o.LineEvery = usualLineEvery
	}
	if o.Grid == (picture.Grid{}) {
		o.Grid = SampleGrid
	}
	return o
}
