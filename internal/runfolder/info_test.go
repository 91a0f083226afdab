package runfolder

import (
	"errors"
	"io/fs"
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
	if s := want.Seconds(); s != 2.5 || want.Epochs() != 1 || want.Session().PID != 2 {
		t.Errorf("%v s, %d epochs, newest session %+v", s, want.Epochs(), want.Session())
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
