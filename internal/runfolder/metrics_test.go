package runfolder

import (
	"errors"
	"math"
	"os"
	"reflect"
	"strings"
	"testing"
	"time"
)

// What is read is what was written; a line that a killed run left half is left out, and dropped with
// those after the iterations that are kept.
func TestMetrics(t *testing.T) {
	r := Folder(t.TempDir())
	row := func(i int) Row {
		return Row{i / 2, i % 2, []float32{0.1 * float32(i), float32(math.Inf(1)), 0.5}, time.Duration(i) * 1500 * time.Microsecond}
	}
	write := func(from, to int) {
		t.Helper()
		w, _, err := r.OpenMetrics(testColumns, from, 2)
		if err != nil {
			t.Fatal(err)
		}
		for i := from; i < to; i++ {
			if err := w.Write(row(i)); err != nil {
				t.Fatal(err)
			}
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
	}
	check := func(n int) {
		t.Helper()
		var want []Row
		for i := range n {
			want = append(want, row(i))
		}
		if got, err := r.ReadMetrics(testColumns); err != nil || !reflect.DeepEqual(got, want) {
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
	w, known, err := r.OpenMetrics(testColumns, 6, 2)
	if err != nil || known != 3 {
		t.Fatalf("%d iterations are known (%v), want 3", known, err)
	}
	if err := errors.Join(w.Write(row(6)), w.Close()); err != nil {
		t.Fatal(err)
	}
	want := []Row{row(0), row(2), row(4), row(6)}
	if got, err := r.ReadMetrics(testColumns); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %v (%v), want %v", got, err, want)
	}
	if err := os.Remove(r.Metrics()); err != nil {
		t.Fatal(err)
	}
	if rows, err := r.ReadMetrics(testColumns); err != nil || len(rows) != 0 {
		t.Errorf("without a file: %v, %v", rows, err)
	}
	if err := os.WriteFile(r.Metrics(), []byte("a,b\n"), 0o666); err != nil {
		t.Fatal(err)
	}
	if _, _, err := r.OpenMetrics(testColumns, 6, 2); err == nil || !strings.Contains(err.Error(), `no metrics of this run: it begins with "a,b"`) || !strings.Contains(err.Error(), r.Metrics()) {
		t.Errorf("of another file: %v", err)
	}
}

// The lines are as every version wrote them.
func TestMetricsLines(t *testing.T) {
	r := Folder(t.TempDir())
	w, _, err := r.OpenMetrics(testColumns, 0, 300)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Write(Row{1, 233, []float32{0.682, 0.6951, 1}, 1234567 * time.Microsecond}); err != nil {
		t.Fatal(err)
	}
	odd := Row{2, 17, []float32{float32(math.NaN()), 1e-9, 3e38}, time.Second}
	if n := testing.AllocsPerRun(100, func() {
		if err := w.Write(odd); err != nil {
			t.Fatal(err)
		}
	}); n != 0 {
		t.Errorf("a row allocates %v times", n)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(r.Metrics())
	if err != nil {
		t.Fatal(err)
	}
	want := "epoch,iteration,d_loss,g_loss,accuracy_real,seconds\n1,233,0.682,0.6951,1,1.234567\n2,17,NaN,1e-09,3e+38,1.000000\n"
	if !strings.HasPrefix(string(b), want) {
		t.Errorf("got %.200q, want %q", b, want)
	}
}

// A disk that is full is an error.
func TestMetricsFull(t *testing.T) {
	r := Folder(t.TempDir())
	w, _, err := r.OpenMetrics(testColumns, 0, 10)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.file.Close(); err != nil {
		t.Fatal(err)
	}
	if err := w.Write(Row{0, 0, make([]float32, 3), 0}); err != nil {
		t.Fatal(err)
	}
	if err := w.Flush(); err == nil {
		t.Error("rows that cannot be written are no error")
	}
}
