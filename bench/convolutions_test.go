package bench

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"gangpu/engine/cpu"
)

// A row of the grid computes the pass that it names: what came out agrees with the float64 sample, in all passes.
func TestConvolutionsAreWhatTheyAreCalled(t *testing.T) {
	dev, err := cpu.Open(cpu.Options{Threads: 2})
	if err != nil {
		t.Fatal(err)
	}
	defer dev.Close()
	for _, s := range []ConvShape{
		{In: 5, Out: 9, Size: 4, Filter: 1, Stride: 1},
		{In: 3, Out: 10, Size: 9, Filter: 3, Stride: 1, Padding: 1},
		{In: 9, Out: 17, Size: 8, Filter: 4, Stride: 2, Padding: 1},
		{In: 9, Out: 17, Size: 8, Filter: 4, Stride: 2, Padding: 1, Transposed: true},
	} {
		s.Batch = 3
		for _, s.Pass = range ConvPasses {
			c, err := newConvRun(dev, s)
			if err != nil {
				t.Fatalf("%s of %v: %v", s.Pass, s, err)
			}
			if _, err := c.seconds(1, 2); err != nil {
				t.Fatal(err)
			}
			e, err := c.error()
			if err != nil {
				t.Fatal(err)
			}
			if !(e < 1e-6) || c.algorithm() == "" {
				t.Errorf("%s of %v by %q: error %g", s.Pass, s, c.algorithm(), e)
			}
			if err := c.close(); err != nil {
				t.Error(err)
			}
		}
	}
}

func TestConvTable(t *testing.T) {
	r := &ConvResult{Processor: "a processor", Peak: 1e11, PyTorch: "9.9", Rows: []ConvTime{
		{ConvShape: ConvShape{Batch: 8, In: 3, Out: 4, Size: 16, Filter: 4, Stride: 2, Padding: 1, Transposed: true, Pass: "forward"},
			Algorithm: "direct", Seconds: 1e-3, FLOPs: 2e7, Error: 1e-7, PyTorch: map[string]float64{"a": 4e-3, "b": 2e-3}},
		{ConvShape: ConvShape{Batch: 8, In: 3, Out: 4, Size: 16, Filter: 3, Stride: 1, Padding: 1, Pass: "input grad"},
			Algorithm: "direct", Seconds: 1e-3, FLOPs: 1e7, PyTorch: map[string]float64{"a": 5e-4}},
	}}
	var out bytes.Buffer
	for _, row := range r.Rows {
		if err := r.WriteConvRow(&out, row); err != nil {
			t.Fatal(err)
		}
	}
	if err := r.WriteConvSummary(&out); err != nil {
		t.Fatal(err)
	}
	got := strings.Join(strings.Fields(out.String()), " ")
	for _, want := range []string{
		"transposed 4x4/2 4-3 @8 b8 forward direct 1.000 20.0 20% 2.000 2.00 1.0e-07",
		"3x3/1 3-4 @16 b8 input grad direct 1.000 10.0 10% 0.500 0.50",
		"all 1.00, 1 of 2 below 0.8", "forward 2.00, 0 of 1", "a processor: peak 100.0 GFLOP/s",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("%q is missing in\n%s", want, &out)
		}
	}
}

// Results of several runs come into one table; a row that was measured again replaces the one before.
func TestConvMarkdown(t *testing.T) {
	row := func(batch int, pass string, algorithm string, seconds float64) ConvTime {
		return ConvTime{ConvShape: ConvShape{Batch: batch, In: 3, Out: 4, Size: 16, Filter: 3, Stride: 1, Padding: 1, Pass: pass},
			Algorithm: algorithm, Seconds: seconds, FLOPs: 1e7, PyTorch: map[string]float64{"a": 4e-3, "b": 2e-3}}
	}
	var files []string
	for i, r := range []ConvResult{
		{Processor: "one", Threads: 1, Peak: 1e11, PyTorch: "9.9", Rows: []ConvTime{row(8, "forward", "direct", 9), row(8, "input grad", "winograd", 1e-3)}},
		{Processor: "two", Threads: 2, Peak: 2e11, PyTorch: "9.9", Rows: []ConvTime{row(8, "forward", "direct", 1e-3)}},
		{Processor: "one", Threads: 1, Peak: 2e11, PyTorch: "9.9", Rows: []ConvTime{row(8, "forward", "direct", 4e-3), row(1, "forward", "direct", 1e-3)}},
		{Processor: "another", Threads: 1, Peak: 2e11, PyTorch: "9.9", Rows: []ConvTime{row(8, "forward", "direct", 1e-3)}},
	} {
		var b bytes.Buffer
		if err := r.Write(&b); err != nil {
			t.Fatal(err)
		}
		files = append(files, filepath.Join(t.TempDir(), fmt.Sprint(i)))
		if err := os.WriteFile(files[i], b.Bytes(), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := ReadConvResults(files...); err == nil || !strings.Contains(err.Error(), "another") {
		t.Errorf("results of two processors are put together: %v", err)
	}
	all, err := ReadConvResults(files[:3]...)
	if err != nil {
		t.Fatal(err)
	}
	var means, rows bytes.Buffer
	if err := errors.Join(WriteConvMeans(&means, all), WriteConvRecord(&rows, all)); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"| 1 | 1 | 2.00 |  |  |  | 2.00 | 0 of 1 |", "| 1 | 8 | 0.50 | 2.00 |  | 2.00 | 0.50 | 1 of 2 |", "| 1 | all | 1.00 | 2.00 |  | 2.00 | 1.00 | 1 of 3 |",
		"| 2 | all | 2.00 |", "| 1 | 3x3/1 3-4 @16 b8 | forward | direct | 4.000 | 1% | 2.000 | 0.50 |",
	} {
		if !strings.Contains(means.String(), want) {
			t.Errorf("%q is missing in\n%s", want, &means)
		}
	}
	if want := "| 3x3/1 3-4 @16 b1 | forward | direct | 1.000 | 10.0 | 5% | 2.000 | b | 2.00 | 0.0e+00 |"; !strings.Contains(rows.String(), want) {
		t.Errorf("%q is missing in\n%s", want, &rows)
	}
}
