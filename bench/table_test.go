package bench

import (
	"strings"
	"testing"
	"time"
)

func sample(median float64) *Result {
	return &Result{Name: "gangpu", Date: time.Date(2020, 1, 2, 3, 4, 0, 0, time.UTC), Batch: 256, K: 2, Measurements: 5, PeakMemory: 200 << 20,
		Notes: []string{"no GPU: no card"},
		Devices: []Device{{Name: "cpu", Description: "a processor", Precision: "fp32",
			Iteration: Times{Median: median, P10: median / 2, P90: median * 2}, Phases: []PhaseTimes{{Name: "g", Times: Times{Median: median}}}, ImagesPerSecond: 256 / median,
			Work: &Work{FLOPs: 3e10, Bytes: 6e8, FLOPRate: 3e11, ByteRate: 6e9}, Floor: &Floor{FLOPRate: 2e11, ByteRate: 4e10, Seconds: 0.15},
			Layers: []Layer{{Name: "small", Forward: 0.01, Time: 0.01, FLOPs: 1e9}, {Name: "big", FilterGrad: 0.03, Time: 0.03, FLOPs: 6e9}}}}}
}

func text(t *testing.T, write func(*strings.Builder) error) string {
	t.Helper()
	var b strings.Builder
	if err := write(&b); err != nil {
		t.Fatal(err)
	}
	return strings.Join(strings.FieldsFunc(b.String(), func(r rune) bool { return r == ' ' }), " ")
}

func contains(t *testing.T, got string, want ...string) {
	t.Helper()
	for _, w := range want {
		if !strings.Contains(got, w) {
			t.Errorf("%q is missing in\n%s", w, got)
		}
	}
}

func TestTable(t *testing.T) {
	r := sample(0.2)
	gpu := r.Devices[0]
	gpu.Name, gpu.Ratio = "cuda:0", 0.25
	gpu.Difference = &Difference{To: "cpu", Iterations: 4, Parameters: 1e-5, Parameter: "generator/dense/kernel", Losses: 2e-6}
	gpu.Iteration.Median = 0.05
	gpu.Modules, gpu.LoadTime = 9, 0.7
	r.Devices = append(r.Devices, gpu)
	got := text(t, func(b *strings.Builder) error { return r.WriteTable(b) })
	contains(t, got, "cpu: a processor, fp32\n", "no GPU: no card\n", " cpu cuda:0\n", "iteration median 200 ms 50 ms\n", "modules 9\n", "loading modules 700 ms\n", "GFLOP/s 300.0 300.0\n",
		"iteration / floor 1.333 0.3333\n", "iteration / cpu's 0.25\n", "peak memory 200 MiB\n", "generator/dense/kernel",
		"big 0.000 0.000 30.000 0.000 30.000 75.0% 200.0 0.0\nsmall 10.000")
	if strings.Contains(got, "phase d") {
		t.Errorf("a measure that is missing is printed:\n%s", got)
	}
}

func TestComparison(t *testing.T) {
	now, earlier := sample(0.1), sample(0.4)
	got := text(t, func(b *strings.Builder) error { return now.WriteComparison(b, earlier) })
	contains(t, got, "now 2020-01-02 03:04 ratio\n", "iteration median 100 ms 400 ms 0.250\n", "images/s 2560 640 4.000\n", "peak memory 200 MiB 200 MiB 1.000\n")
	earlier.Batch = 128
	if err := now.WriteComparison(&strings.Builder{}, earlier); err == nil || !strings.Contains(err.Error(), "batch 128") {
		t.Errorf("another batch is compared: %v", err)
	}
	earlier = sample(0.4)
	earlier.Devices[0].Name = "cuda:0"
	if err := now.WriteComparison(&strings.Builder{}, earlier); err == nil {
		t.Error("different devices are compared")
	}
}
