package bench

import (
	"errors"
	"testing"
	"time"
)

func TestMeasurePeer(t *testing.T) {
	calls := 0
	r, err := MeasurePeer("other", Options{Batch: 16, Measurements: 3, Warmup: 4}, time.Minute, func() error {
		calls++
		time.Sleep(time.Millisecond)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	d := r.Devices[0]
	if r.Name != "other" || r.Batch != 16 || r.K != 2 || r.Measurements != 3 || d.Name != "cpu" || d.Precision != "fp32" {
		t.Errorf("the result is %+v", r)
	}
	// A cycle is two iterations, and sleeps no less than it was told to.
	if d.Iteration.Median < 0.5e-3 || d.ImagesPerSecond != 16/d.Iteration.Median {
		t.Errorf("%v s an iteration, %v images/s", d.Iteration.Median, d.ImagesPerSecond)
	}
	if calls < 2+3 {
		t.Errorf("%d cycles", calls)
	}
	if r, err := MeasurePeer("slow", Options{Batch: 16, Measurements: 3}, 0, func() error { return nil }); err != nil || r.Measurements != 1 {
		t.Errorf("%+v and %v, want one measurement", r, err)
	}
	broken := errors.New("broken")
	if _, err := MeasurePeer("broken", Options{Batch: 16, Measurements: 1}, 0, func() error { return broken }); !errors.Is(err, broken) {
		t.Errorf("%v, want %v", err, broken)
	}
}
