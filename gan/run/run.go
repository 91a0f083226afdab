// Package run trains: it keeps a run in a folder, from which the run goes on to the same bits whatever ended it, and
// shows how it goes. What is trained comes as a Trainer: numbers of any names, perhaps pictures.
//
//	r, err := run.Create("runs/first", load)
//	...
//	defer r.Close()
//	err = r.Train(ctx, trainer, run.Options{Iterations: 1000, Out: os.Stdout, Err: os.Stderr})
//
// After a kill or an interrupt, run.Resume("runs/first", load) has the state to make the trainer of that goes on.
package run

import (
	"gangpu/gan/picture"
	"gangpu/internal/runfolder"
)

// A Trainer makes iterations. Its methods are called by one goroutine at a time. It may be a Sampler, and a Tracer,
// too.
type Trainer interface {
	// Columns are the numbers that it has of each iteration; always the same.
	Columns() []Column
	// Iterations is how many were made since the run began, resumed or not.
	Iterations() int
	// IterationsPerEpoch is at least 1.
	IterationsPerEpoch() int
	// Step makes the next iteration. It may return before the device is done.
	Step() error
	// Metrics waits for the last iteration and returns its values, a column each, which are valid until the next
	// call. Numbers that end the run are a Divergence beside them.
	Metrics() ([]float32, error)
	// Snapshot is the state as it is now. A state that is of no use is an error: a Divergence if a number in it is
	// not finite.
	Snapshot() (Snapshot, error)
}

// A Sampler is a Trainer that makes pictures of what it has learned.
type Sampler interface {
	// Samples makes n pictures: of the same things at any time of a run.
	Samples(n int) (Samples, error)
}

// Samples are pictures of one time of a run, and what is measured of them.
type Samples struct {
	picture.Pixels
	Columns int      // of the grid that they are drawn in; 0 for as many as make it square
	Numbers []Number // for TensorBoard
}

// Number is a number with its name: "samples/diversity".
type Number struct {
	Name  string
	Value float32
}

// A Tracer is a Trainer that finds where numbers first stopped being finite.
type Tracer interface {
	// FindOrigin goes back to a state saved before, makes the same iterations again, and says which operation of
	// which iteration made the first number that is not finite: empty if it does not happen again. The trainer is of
	// no use afterwards.
	FindOrigin(from Snapshot) (string, error)
}

// Divergence is an error of a Trainer: numbers are no longer finite. It ends the run; the last state saved stays.
type Divergence interface {
	error
	Diverged()
}

// Column is a number of each iteration: its Name in metrics.csv, the Axis that it is drawn on ("loss" if that is empty,
// of a share "share"), and whether it is a Share, of [0, 1]. A name may say its axis: "d_loss" is "d" on "loss".
type Column = runfolder.Column

// Row is what a run has of an iteration: Epoch and Iteration (within it), both from 0, the Values of the columns, and
// how long it was Taken for.
type Row = runfolder.Row

// Guide is a level that is drawn on an Axis: its Value, and a Label.
type Guide = runfolder.Guide

// Measure is a score by which states are compared: its Name in judge.csv, a Label for people, and whether Higher is
// better.
type Measure = runfolder.Measure

// Snapshot is a state of a trainer: its Iterations, the Score that it was saved with, nil if none, and how to Save it.
type Snapshot = runfolder.Snapshot

// Loader reads a file that a Snapshot was saved to, all of it: a damaged one is an error that names the file.
type Loader = runfolder.Loader

// Dataset is what a run is trained on: its Name, the number of Images, their SHA256 and perhaps the Folder that they
// are in.
type Dataset = runfolder.Dataset

// Info is what run.json says of a run.
type Info = runfolder.Info
