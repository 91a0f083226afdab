package runfolder

import (
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
		w, err := r.OpenMetrics(from)
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
	if _, err := r.OpenMetrics(2); err == nil || !strings.Contains(err.Error(), "fewer than the 3 lines") || !strings.Contains(err.Error(), r.Metrics()) {
		t.Errorf("going on after more than there are: %v", err)
	}
	for content, want := range map[string]string{
		"a,b\n": `no metrics: it begins with "a,b"`,
		strings.Join(gan.MetricsHeader, ",") + "\n0,0,1,1,1,x,1\n": "line 2",
	} {
		if err := os.WriteFile(r.Metrics(), []byte(content), 0o666); err != nil {
			t.Fatal(err)
		}
		if _, err := r.ReadMetrics(); err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), r.Metrics()) {
			t.Errorf("%q: got %v, want %q and the path", content, err, want)
		}
	}
}
