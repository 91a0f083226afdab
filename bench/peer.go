package bench

import (
	"math"
	"time"

	"gangpu/gan/games/tutorial"
)

// MeasurePeer times another program that is written in Go, as bench/peers/common.py times those in Python: cycle makes
// a D step and k G steps, the tutorial's cycle. A measurement lasts a cycle or several; none
// begins after the limit but the first. The device is the CPU.
func MeasurePeer(name string, o Options, limit time.Duration, cycle func() error) (*Result, error) {
	if err := o.Validate(); err != nil {
		return nil, err
	}
	k := tutorial.Defaults().K
	cycles := 1
	measure := func() (float64, error) {
		start := time.Now()
		for range cycles {
			if err := cycle(); err != nil {
				return 0, err
			}
		}
		return time.Since(start).Seconds() / float64(cycles*k), nil
	}
	taken := 0.0
	for done := 0; done < max(o.Warmup, 1); done += k {
		var err error
		if taken, err = measure(); err != nil {
			return nil, err
		}
	}
	cycles = int(math.Ceil(shortest.Seconds() / max(taken*float64(k), 1e-6)))
	var samples []float64
	for end := time.Now().Add(limit); len(samples) < o.Measurements && (len(samples) == 0 || time.Now().Before(end)); {
		s, err := measure()
		if err != nil {
			return nil, err
		}
		samples = append(samples, s)
	}
	times := timesOf(samples)
	return &Result{Name: name, Date: time.Now().UTC().Truncate(time.Second), Machine: thisMachine(), Batch: o.Batch, K: k,
		Measurements: len(samples), Warmup: o.Warmup, Threads: Threads(0), PeakMemory: peakMemory(),
		Devices: []Device{{Name: "cpu", Description: processorName(), Precision: "fp32", Iteration: *times,
			ImagesPerSecond: float64(o.Batch) / times.Median}}}, nil
}
