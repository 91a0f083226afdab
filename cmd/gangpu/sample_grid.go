package main

import (
	"gangpu/gan/picture"
	"gangpu/gan/run"
)

// sampleGridOf is the grid of samples of that size, as a run draws them.
func sampleGridOf(height, width int) picture.Grid {
	return run.SampleGrid.Fit(run.SamplesPerEpoch, height, width)
}
