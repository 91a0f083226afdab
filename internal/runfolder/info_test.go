package runfolder

import (
	"encoding/json"
	"errors"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"
)

func testInfo() *Info {
	return &Info{
		State: Running, Architecture: "tutorial", Settings: json.RawMessage(`{"batch":256,"loss":"hinge"}`),
		Dataset:    Dataset{Name: "mnist", Images: 60000, SHA256: "ab"},
		Iterations: 300, IterationsAsked: 23400, IterationsPerEpoch: 234, Columns: testColumns,
		Metrics: &Metrics{1, 65, map[string]float32{"d_loss": 0.5, "g_loss": 0.75, "accuracy_real": 1}},
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
		`{"format":"` + infoFormat + `","iterations_per_epoch":1,"sessions":[{}]}`: "no columns",
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
	m, _, err := r.OpenMetrics(testColumns, 0, testInfo().IterationsPerEpoch)
	if err != nil {
		t.Fatal(err)
	}
	for i := range 400 {
		row := Row{i / 234, i % 234, []float32{float32(i), 1, 1}, 0}
		if i == 399 {
			row.Values[1] = float32(math.NaN())
		}
		if err := m.Write(row); err != nil {
			t.Fatal(err)
		}
	}
	if err := m.Close(); err != nil {
		t.Fatal(err)
	}
	if run, err := Open(string(r)); err != nil || run.Iterations != 400 || run.Metrics.Values["d_loss"] != 398 {
		t.Errorf("got %+v (%v)", run, err)
	}
	if err := lock.Close(); err != nil {
		t.Fatal(err)
	}
	if run, err := Open(string(r)); err != nil || run.Iterations != 300 || run.Metrics.Values["d_loss"] != 0.5 {
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

// What an early version wrote is read, with its columns, its measure and what guessing costs.
func TestEarlyInfo(t *testing.T) {
	r := Folder(t.TempDir())
	const early = `{"format":"gangpu-run/1","state":"finished","architecture":"tutorial","settings":{"batch":256,"loss":"hinge"},
		"dataset":{"name":"mnist","images":60000,"pixels_sha256":"ab"},"iterations":468,"iterations_asked":468,"iterations_per_epoch":234,
		"metrics":{"epoch":1,"iteration":233,"d_loss":0.5,"g_loss":0.75,"accuracy_real":0.25,"accuracy_fake":1},
		"checkpoint_every":0,"keep":3,"judge_every":1,"classifier":"/judge.safetensors","distance":12.5,"best":{"iterations":234,"distance":11},
		"sessions":[{"device":"cpu"}]}`
	const rows = "epoch,iteration,d_loss,g_loss,accuracy_real,accuracy_fake,seconds\n1,232,0.5,0.75,0.25,1,0.333333\n"
	const judged = "epoch,iterations,classifier_frechet_distance,classifier_score,confident,classes_seen,seconds\n2,468,12.5,3,0.5,9,1.5\n"
	for path, text := range map[string]string{r.Info(): early, r.Metrics(): rows, r.Judge(): judged} {
		if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	run, err := Open(string(r))
	if err != nil {
		t.Fatal(err)
	}
	if m := run.Metrics; m.Epoch != 1 || m.Iteration != 233 || len(m.Values) != 4 || m.Values["accuracy_real"] != 0.25 {
		t.Errorf("metrics %+v", m)
	}
	if *run.Score != 12.5 || *run.Best.Score != 11 || run.Best.Iterations != 234 || run.Notes["classifier"] != "/judge.safetensors" {
		t.Errorf("score %v, best %+v, notes %v", *run.Score, run.Best, run.Notes)
	}
	if g := run.Guides; len(g) != 1 || g[0] != (Guide{"loss", 2, "cannot tell"}) {
		t.Errorf("guides %v", g)
	}
	got, err := run.Rows()
	if err != nil || len(got) != 1 || !reflect.DeepEqual(got[0], Row{1, 232, []float32{0.5, 0.75, 0.25, 1}, 333333 * time.Microsecond}) {
		t.Errorf("rows %v (%v)", got, err)
	}
	if scores, err := r.ReadJudgements(run.Measure); err != nil || len(scores) != 1 || scores[0] != (Judgement{2, 12.5}) {
		t.Errorf("judgements %v (%v)", scores, err)
	}
	// Written again, it is the same.
	if err := r.WriteInfo(&run.Info); err != nil {
		t.Fatal(err)
	}
	if again, err := Open(string(r)); err != nil || !reflect.DeepEqual(again, run) {
		t.Errorf("written again it is %+v (%v), want %+v", again, err, run)
	}
}
