package runfolder

import (
	"errors"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"gangpu/gan"
)

func testInfo() *Info {
	return &Info{
		State: Running, Architecture: "tutorial", Settings: gan.DefaultSettings(),
		Dataset:    Dataset{Name: "mnist", Images: 60000, SHA256: "ab"},
		Iterations: 300, IterationsAsked: 23400, IterationsPerEpoch: 234,
		Metrics: &gan.Metrics{Epoch: 1, Iteration: 65, DLoss: 0.5, GLoss: 0.75, AccuracyReal: 1},
		Sessions: []Session{
			{Begun: time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC), Seconds: 2, Command: []string{"gangpu", "train", "<&>"}, Device: "cpu", PID: 1},
			{Begun: time.Date(2026, 11, 24, 13, 0, 0, 0, time.UTC), Seconds: 0.5, From: 234, Device: "cuda:0", Precision: "tf32", PID: 2},
		},
	}
}

// A run is running as long as its lock is held; what says so without one has died.
func TestOpen(t *testing.T) {
	r, lock, err := Create(filepath.Join(t.TempDir(), "run"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Open(string(r)); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("opening what is no run yet: %v", err)
	}
	want := testInfo()
	if err := r.WriteInfo(want); err != nil {
		t.Fatal(err)
	}
	check := func(state State) {
		t.Helper()
		got, err := Open(string(r))
		if err != nil {
			t.Fatal(err)
		}
		if state == Running { // its clock runs
			if got.Session().Seconds <= want.Session().Seconds {
				t.Errorf("the session takes %v s", got.Session().Seconds)
			}
			got.Session().Seconds = want.Session().Seconds
		}
		want.State = state
		if got.Folder != r || !reflect.DeepEqual(&got.Info, want) {
			t.Errorf("got %+v, want %+v", got.Info, want)
		}
	}
	check(Running)
	if _, err := r.Lock(); !errors.As(err, new(*BusyError)) {
		t.Errorf("locking it twice: %v", err)
	}
	if err := lock.Close(); err != nil {
		t.Fatal(err)
	}
	check(Died)
	want.State = Finished
	if err := r.WriteInfo(want); err != nil {
		t.Fatal(err)
	}
	check(Finished)
	if lock, err = r.Lock(); err != nil {
		t.Fatal(err)
	}
	check(Running)
	if err := lock.Close(); err != nil {
		t.Fatal(err)
	}
	if s := want.Seconds(); s != 2.5 || want.Epochs() != 300./234 || want.EpochsAsked() != 100 || want.Session().PID != 2 {
		t.Errorf("%v s, %v epochs, newest session %+v", s, want.Epochs(), want.Session())
	}
}

func TestDamagedInfo(t *testing.T) {
	r := Folder(t.TempDir())
	for content, want := range map[string]string{
		"{":                               "unexpected end",
		`{"format":"gangpu-run/9"}`:       `its format is "gangpu-run/9"`,
		`{"format":"` + infoFormat + `"}`: "missing",
	} {
		if err := os.WriteFile(r.Info(), []byte(content), 0o666); err != nil {
			t.Fatal(err)
		}
		if _, err := Open(string(r)); err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), r.Info()) {
			t.Errorf("%s: got %v, want %q and the path", content, err, want)
		}
	}
}

// Of a run that is being trained the iterations since run.json was written count.
func TestOpenRunning(t *testing.T) {
	r, lock, err := Create(filepath.Join(t.TempDir(), "run"))
	if err != nil {
		t.Fatal(err)
	}
	if err := r.WriteInfo(testInfo()); err != nil {
		t.Fatal(err)
	}
	m, _, err := r.OpenMetrics(0, testInfo().IterationsPerEpoch)
	if err != nil {
		t.Fatal(err)
	}
	for i := range 400 {
		row := gan.Metrics{Epoch: i / 234, Iteration: i % 234, DLoss: float32(i), GLoss: 1}
		if i == 399 {
			row.GLoss = float32(math.NaN())
		}
		if err := m.Write(row, 0); err != nil {
			t.Fatal(err)
		}
	}
	if err := m.Close(); err != nil {
		t.Fatal(err)
	}
	if run, err := Open(string(r)); err != nil || run.Iterations != 400 || run.Metrics.DLoss != 398 {
		t.Errorf("got %+v (%v)", run, err)
	}
	if err := lock.Close(); err != nil {
		t.Fatal(err)
	}
	if run, err := Open(string(r)); err != nil || run.Iterations != 300 || run.Metrics.DLoss != 0.5 {
		t.Errorf("got %+v (%v)", run, err)
	}
}

func TestList(t *testing.T) {
	dir := t.TempDir()
	if runs, err := List(dir); err != nil || len(runs) != 0 {
		t.Errorf("an empty folder: %v (%v)", runs, err)
	}
	if _, err := List(filepath.Join(dir, "none")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("no folder: %v", err)
	}
	for name, hour := range map[string]int{"a": 3, "b": 1, "c": 2} {
		r := Folder(filepath.Join(dir, name))
		i := testInfo()
		i.Session().Begun = time.Date(2026, 11, 25, hour, 0, 0, 0, time.UTC)
		if err := errors.Join(os.Mkdir(string(r), 0o777), r.WriteInfo(i)); err != nil {
			t.Fatal(err)
		}
	}
	damaged := Folder(filepath.Join(dir, "damaged"))
	if err := errors.Join(os.MkdirAll(string(damaged), 0o777), os.WriteFile(damaged.Info(), []byte("{"), 0o666),
		os.Mkdir(filepath.Join(dir, "pictures"), 0o777), os.WriteFile(filepath.Join(dir, "file"), nil, 0o666)); err != nil {
		t.Fatal(err)
	}
	runs, err := List(dir)
	if err != nil {
		t.Fatal(err)
	}
	got := ""
	for _, r := range runs {
		got += filepath.Base(string(r.Folder)) + " " + string(r.State) + "\n"
	}
	if want := "damaged unreadable\nb died\nc died\na died\n"; got != want {
		t.Errorf("got\n%s, want\n%s", got, want)
	}
	if one, err := List(filepath.Join(dir, "c")); err != nil || len(one) != 1 || one[0].Folder != Folder(filepath.Join(dir, "c")) {
		t.Errorf("a run itself: %v (%v)", one, err)
	}
}
