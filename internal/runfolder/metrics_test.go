package runfolder

import (
	"errors"
	"math"
	"os"
	"reflect"
	"strings"
	"testing"
	"time"

	"gangpu/gan"
)

// What is read is what was written; a line that a killed run left half is left out, and dropped with
// those after the iterations that are kept.
func TestMetrics(t *testing.T) {
	r := Folder(t.TempDir())
	row := func(i int) gan.MetricsRow {
		m := gan.Metrics{Epoch: i / 2, Iteration: i % 2, DLoss: 0.1 * float32(i), GLoss: float32(math.Inf(1)), AccuracyReal: 0.5, AccuracyFake: 1}
		return gan.MetricsRow{Metrics: m, Taken: time.Duration(i) * 1500 * time.Microsecond}
	}
	write := func(from, to int) {
		t.Helper()
		w, _, err := r.OpenMetrics(from, 2)
		if err != nil {
			t.Fatal(err)
		}
		for i := from; i < to; i++ {
			if err := w.Write(row(i).Metrics, row(i).Taken); err != nil {
				t.Fatal(err)
			}
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
	}
	check := func(n int) {
		t.Helper()
		var want []gan.MetricsRow
		for i := range n {
			want = append(want, row(i))
		}
		if got, err := r.ReadMetrics(); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("got %v (%v), want %v", got, err, want)
		}
	}
	write(0, 5)
	check(5)
	f, err := os.OpenFile(r.Metrics(), os.O_WRONLY|os.O_APPEND, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteString("2,1,0.25"); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	check(5)
	write(3, 6)
	check(6)
	write(0, 1)
	check(1)
	// Of lines that are lost or damaged the numbers are unknown, no more.
	write(0, 6)
	text, err := os.ReadFile(r.Metrics())
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.SplitAfter(string(text), "\n")
	lines[2], lines[4] = "0,1,x\"\n", "\x00\x00\n"
	if err := os.WriteFile(r.Metrics(), []byte(strings.Join(lines[:6], "")), 0o666); err != nil {
		t.Fatal(err)
	}
	w, known, err := r.OpenMetrics(6, 2)
	if err != nil || known != 3 {
		t.Fatalf("%d iterations are known (%v), want 3", known, err)
	}
	if err := errors.Join(w.Write(row(6).Metrics, row(6).Taken), w.Close()); err != nil {
		t.Fatal(err)
	}
	want := []gan.MetricsRow{row(0), row(2), row(4), row(6)}
	if got, err := r.ReadMetrics(); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %v (%v), want %v", got, err, want)
	}
	if err := os.Remove(r.Metrics()); err != nil {
		t.Fatal(err)
	}
	if rows, err := r.ReadMetrics(); err != nil || len(rows) != 0 {
		t.Errorf("without a file: %v, %v", rows, err)
	}
	if err := os.WriteFile(r.Metrics(), []byte("a,b\n"), 0o666); err != nil {
		t.Fatal(err)
	}
	if _, _, err := r.OpenMetrics(6, 2); err == nil || !strings.Contains(err.Error(), `no metrics: it begins with "a,b"`) || !strings.Contains(err.Error(), r.Metrics()) {
		t.Errorf("of another file: %v", err)
	}
}
