package runpage

import (
	"encoding/json"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"gangpu/internal/runfolder"
)

func TestIterationAllocatesNothing(t *testing.T) {
	r := newRun(t)
	values := metrics(7)
	if n := testing.AllocsPerRun(3*maxBins, func() { r.Iteration(values, time.Second) }); n != 0 {
		t.Errorf("an iteration allocates %v times", n)
	}
}

// Messages put together as the page does it are the whole, at any time a page may ask.
func TestMessagesAddUp(t *testing.T) {
	r := newRun(t)
	var h had
	var parts [series][3][]any
	width := 0.0
	var epochs []any
	for _, n := range []int{0, 1, perEpoch, perEpoch, perEpoch + 3, maxBins, maxBins + 1, maxBins + 2, 2*maxBins + 5, 2*maxBins + 5} {
		for r.now.iterations < n {
			i := r.now.iterations
			r.Iteration(metrics(i), time.Second)
			if (i+1)%perEpoch == 0 {
				r.Epoch()
			}
		}
		m := told(t, r, &h)
		if (m["about"] != nil) != (n == 0) {
			t.Errorf("after %d iterations about is %v", n, m["about"])
		}
		c := m["curves"].(map[string]any)
		from := int(c["from"].(float64))
		if c["width"].(float64) != width && from != 0 {
			t.Fatalf("after %d iterations the bins are others, and told from %d on", n, from)
		}
		width = c["width"].(float64)
		for s := range series {
			for k, name := range []string{"min", "mean", "max"} {
				parts[s][k] = append(parts[s][k][:from], c["series"].([]any)[s].(map[string]any)[name].([]any)...)
			}
		}
		if m["epochs"] != nil {
			epochs = append(epochs, m["epochs"].([]any)...)
		}
		whole := told(t, r, &had{})
		for s, part := range parts {
			want := whole["curves"].(map[string]any)["series"].([]any)[s].(map[string]any)
			for k, name := range []string{"min", "mean", "max"} {
				if !slices.Equal(part[k], want[name].([]any)) {
					t.Fatalf("after %d iterations %s of series %d adds up to %v, want %v", n, name, s, part[k], want[name])
				}
			}
		}
		if want, _ := whole["epochs"].([]any); !reflect.DeepEqual(epochs, want) {
			t.Fatalf("after %d iterations there are %d epochs, want %d", n, len(epochs), len(want))
		}
	}
}

func TestKeptEpochs(t *testing.T) {
	for _, n := range []int{0, 1, 2, mostEpochs, mostEpochs + 1, 1000, 999_999} {
		kept := keptEpochs(n)
		switch {
		case n <= mostEpochs && len(kept) != n:
			t.Errorf("of %d epochs %d are kept", n, len(kept))
		case len(kept) > mostEpochs+2 || n > mostEpochs && len(kept) < mostEpochs/2:
			t.Errorf("of %d epochs %d are kept", n, len(kept))
		case n > 0 && (kept[0] != 1 || kept[len(kept)-1] != n):
			t.Errorf("of %d epochs %d to %d are kept", n, kept[0], kept[len(kept)-1])
		}
	}
}

// A resumed run shows what it did before, and so does its report.
func TestResume(t *testing.T) {
	straight, resumed := newRun(t), newRun(t)
	train(t, straight, 2*perEpoch+5)
	var rows []runfolder.Row
	for i := range perEpoch + 7 {
		rows = append(rows, row(i))
	}
	resumed.Resume(rows, len(rows))
	if m := told(t, resumed, &had{}); m["pace"] != 0.0 || m["iterations"] != perEpoch+7.0 {
		t.Errorf("a run that goes on has made %v iterations, at %v s each", m["iterations"], m["pace"])
	}
	resumed.folder = straight.folder // whose grids it would have
	train(t, resumed, 2*perEpoch+5)
	a, b := told(t, straight, &had{}), told(t, resumed, &had{})
	delete(a, "about")
	delete(b, "about")
	sameMessage(t, b, a)
}

// Where the numbers of some iterations are lost, the page counts them, and shows those of the others in their places.
func TestResumeWithGaps(t *testing.T) {
	r := newRun(t)
	var rows []runfolder.Row
	for _, i := range []int{0, 1, 2*perEpoch - 2, 2*perEpoch - 1} {
		rows = append(rows, row(i))
	}
	r.Resume(rows, 3*perEpoch+2)
	m := told(t, r, &had{})
	if m["iterations"] != 3*perEpoch+2.0 || len(m["epochs"].([]any)) != 3 {
		t.Errorf("%v iterations and epochs %v, want %d and 3", m["iterations"], m["epochs"], 3*perEpoch+2)
	}
	if lost := m["epochs"].([]any)[2].(map[string]any)["means"].([]any)[0]; lost != nil {
		t.Errorf("an epoch without numbers has the mean %v", lost)
	}
	curves := m["curves"].(map[string]any)
	means := curves["series"].([]any)[0].(map[string]any)["mean"].([]any)
	if len(means) != 3*perEpoch+2 || means[1] == nil || means[2] != nil || means[2*perEpoch-1] == nil || means[2*perEpoch] != nil || curves["broken"] != nil {
		t.Errorf("the curve is %v, broken at %v", means, curves["broken"])
	}
	none := newRun(t)
	none.Resume(nil, perEpoch)
	if m := told(t, none, &had{}); m["iterations"] != float64(perEpoch) || m["latest"] != nil {
		t.Errorf("without any numbers: %v iterations, the last with %v", m["iterations"], m["latest"])
	}
}

// A folder alone gives the same report as the run that made it, and one with a file that was
// deleted gives what is left.
func TestReportOfFolder(t *testing.T) {
	r := newRun(t)
	f, _, err := r.folder.OpenMetrics(columns, 0, perEpoch)
	if err != nil {
		t.Fatal(err)
	}
	for i := range epochs * perEpoch {
		if err := f.Write(row(i)); err != nil {
			t.Fatal(err)
		}
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	train(t, r, epochs*perEpoch)
	info, err := r.folder.ReadInfo()
	if err != nil {
		t.Fatal(err)
	}
	info.State = runfolder.Finished
	if err := r.folder.WriteInfo(info); err != nil {
		t.Fatal(err)
	}
	r.End(info.State, "")
	if err := r.WriteReport(); err != nil {
		t.Fatal(err)
	}
	opened, err := Open(string(r.folder))
	if err != nil {
		t.Fatal(err)
	}
	want, got := readReport(t, r), told(t, opened, &had{})
	for _, m := range []map[string]any{want, got} {
		delete(m, "about")
		delete(m, "pace")
	}
	sameMessage(t, got, want)
	if err := os.Remove(r.folder.Sample(2)); err != nil {
		t.Fatal(err)
	}
	if err := opened.WriteReport(); err != nil {
		t.Fatal(err)
	}
	for i, e := range readReport(t, r)["epochs"].([]any) {
		if has := e.(map[string]any)["grid"] != nil; has != (i != 1) {
			t.Errorf("epoch %d has a grid: %v", i+1, has)
		}
	}
}

func sameMessage(t *testing.T, got, want map[string]any) {
	t.Helper()
	for field := range want {
		if !reflect.DeepEqual(got[field], want[field]) {
			t.Errorf("%s is %.200v, want %.200v", field, got[field], want[field])
		}
	}
}

// readReport is the message that stands in a run's report.
func readReport(t *testing.T, r *Recorder) map[string]any {
	t.Helper()
	text, err := os.ReadFile(r.folder.Report())
	if err != nil {
		t.Fatal(err)
	}
	_, rest, found := strings.Cut(string(text), messagePlace)
	written, _, _ := strings.Cut(rest, "</script>")
	var m map[string]any
	if err := json.Unmarshal([]byte(written), &m); err != nil || !found {
		t.Fatalf("the report holds %q: %v", written, err)
	}
	return m
}

// An epoch's means are of its own iterations.
func TestEpochMeans(t *testing.T) {
	r := newRun(t)
	train(t, r, 2*perEpoch)
	want := 0.0
	for i := perEpoch; i < 2*perEpoch; i++ {
		want += float64(metrics(i)[gLoss]) / perEpoch
	}
	if got := float64(r.now.epochs[1][gLoss]); got < want-1e-6 || got > want+1e-6 {
		t.Errorf("the second epoch's mean is %v, want %v", got, want)
	}
}

// What a page gets is of one moment: iterations made meanwhile do not change it.
func TestCopyIsOfOneMoment(t *testing.T) {
	r := newRun(t)
	train(t, r, 2*maxBins+1)
	before := r.copy()
	last, latest := before.curves.bins[dLoss][before.curves.n-1], before.latest[dLoss]
	r.Iteration([]float32{100, 100, 1, 1}, time.Second)
	if after := before.curves.bins[dLoss][before.curves.n-1]; after != last || before.latest[dLoss] != latest {
		t.Errorf("the copy changed from %+v to %+v", last, after)
	}
}
