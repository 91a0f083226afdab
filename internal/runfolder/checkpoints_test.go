package runfolder

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestCheckpoints(t *testing.T) {
	r := Folder(t.TempDir())
	open := func(iterations, keep int) *Checkpoints {
		t.Helper()
		c, err := r.OpenCheckpoints(loadState, iterations, keep, Measure{})
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	// save saves the state after so many iterations; a score below 0 is none.
	save := func(c *Checkpoints, iterations int, score float64, want ...int) {
		t.Helper()
		scored := &score
		if score < 0 {
			scored = nil
		}
		if err := errors.Join(c.Save(testState{Made: iterations}, scored), c.Prune()); err != nil {
			t.Fatal(err)
		}
		if got, err := r.checkpoints(); err != nil || !slices.Equal(got, want) {
			t.Errorf("after %d iterations, %v (%v) are kept, want %v", iterations, got, err, want)
		}
		for _, path := range []string{r.Model(), r.Checkpoint(iterations)} {
			if got, err := loadState(path); err != nil || got.Iterations() != iterations {
				t.Errorf("%s: %v", path, err)
			}
		}
	}
	best := func(c *Checkpoints, want int) {
		t.Helper()
		b := c.Best()
		if got := b != nil && b.Iterations == want; got != (want > 0) {
			t.Errorf("the best is %+v, want that after %d iterations", b, want)
		}
	}
	damage := func(iterations int) {
		t.Helper()
		if err := os.Truncate(r.Checkpoint(iterations), 100); err != nil {
			t.Fatal(err)
		}
	}

	c := open(0, 2)
	save(c, 10, -1, 10)
	save(c, 20, -1, 10, 20)
	save(c, 30, -1, 20, 30)
	best(c, 0)
	save(c, 40, 7, 30, 40)
	save(c, 50, 8, 40, 50)
	save(c, 60, -1, 40, 50, 60)
	save(c, 1_000_000, -1, 40, 60, 1_000_000)
	best(c, 40)
	save(c, 1_000_001, 6, 1_000_000, 1_000_001) // the best of before goes with the newest
	best(c, 1_000_001)

	// A run that goes on knows the best, and that damaged files are none.
	other := filepath.Join(string(r), "checkpoints", "mine.safetensors")
	if err := os.WriteFile(other, nil, 0o666); err != nil {
		t.Fatal(err)
	}
	c = open(1_000_001, 1)
	best(c, 1_000_001)
	save(c, 1_000_002, -1, 1_000_001, 1_000_002)
	c = open(1_000_002, 2)
	best(c, 1_000_001)
	save(c, 1_000_003, -1, 1_000_001, 1_000_002, 1_000_003)
	damage(1_000_001)
	c = open(1_000_003, 2)
	best(c, 0)
	// One that goes on from an earlier checkpoint leaves the later ones.
	c = open(1_000_002, 3)
	save(c, 1_000_002, -1, 1_000_002)
	if _, err := os.Stat(other); err != nil {
		t.Error("a file that is no checkpoint was removed")
	}
}

// Where more is better, the greatest score is the best.
func TestBestIsHighest(t *testing.T) {
	r := Folder(t.TempDir())
	c, err := r.OpenCheckpoints(loadState, 0, 1, Measure{Higher: true})
	if err != nil {
		t.Fatal(err)
	}
	for i, score := range []float64{0.5, 0.9, 0.7} {
		if err := errors.Join(c.Save(testState{Made: i + 1}, &score), c.Prune()); err != nil {
			t.Fatal(err)
		}
	}
	if got, err := r.checkpoints(); err != nil || !slices.Equal(got, []int{2, 3}) || c.Best().Iterations != 2 {
		t.Errorf("%v (%v) are kept, the best is %+v", got, err, c.Best())
	}
}

func TestNewestBefore(t *testing.T) {
	r := Folder(t.TempDir())
	c, err := r.OpenCheckpoints(loadState, 0, 9, Measure{})
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range []int{10, 20, 30, 40} {
		if err := errors.Join(c.Save(testState{Made: n}, nil), c.Prune()); err != nil {
			t.Fatal(err)
		}
	}
	b, err := os.ReadFile(r.Checkpoint(30))
	if err != nil {
		t.Fatal(err)
	}
	b[len(b)/2] ^= 8
	if err := os.WriteFile(r.Checkpoint(30), b, 0o666); err != nil {
		t.Fatal(err)
	}
	for _, x := range []struct{ file, want string }{
		{r.Model(), r.Checkpoint(40)}, {r.Checkpoint(40), r.Checkpoint(20)}, {r.Checkpoint(20), r.Checkpoint(10)}, {r.Checkpoint(10), ""},
	} {
		if got, err := r.NewestBefore(x.file, loadState); err != nil || got != x.want {
			t.Errorf("before %s: %q (%v), want %q", x.file, got, err, x.want)
		}
	}
}

func TestResumable(t *testing.T) {
	r := Folder(filepath.Join(t.TempDir(), "run"))
	for _, path := range []string{r.Model(), r.Checkpoint(10), filepath.Join(string(r), "samples", "epoch-001.png")} {
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, nil, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	for path, want := range map[string]string{
		string(r): r.Model(), r.Model(): r.Model(), r.Checkpoint(10): r.Checkpoint(10),
	} {
		if folder, file, err := Resumable(path); err != nil || folder != r || file != want {
			t.Errorf("%s: %s, %s (%v)", path, folder, file, err)
		}
	}
	t.Chdir(string(r))
	for path, want := range map[string]string{
		".": "model.safetensors", "model.safetensors": "model.safetensors", "checkpoints/iteration-000010.safetensors": "checkpoints/iteration-000010.safetensors",
	} {
		if folder, file, err := Resumable(path); err != nil || folder != "." || file != want {
			t.Errorf("%s: %s, %s (%v)", path, folder, file, err)
		}
	}
	for path, want := range map[string]string{
		"samples": "samples holds no run", "none": "none",
	} {
		if _, _, err := Resumable(path); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %q", path, err, want)
		}
	}
}
