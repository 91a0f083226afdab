package main

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"gangpu/internal/runfolder"
)

// checkpointNames are the files that a run keeps.
func checkpointNames(t *testing.T, out string) []string {
	t.Helper()
	entries, err := os.ReadDir(filepath.Join(out, "checkpoints"))
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, strings.TrimSuffix(strings.TrimPrefix(e.Name(), "iteration-0000"), ".safetensors"))
	}
	return names
}

// A resumed run keeps checkpoints as it did, unless it is told otherwise.
func TestCheckpointFlags(t *testing.T) {
	out := trained(t, "--checkpoint-every", "2", "--keep", "2", "--iterations", "7")
	resume := []string{"train", "--device", "cpu", "--resume", out}
	check := func(want ...string) {
		t.Helper()
		if got := checkpointNames(t, out); !slices.Equal(got, want) {
			t.Errorf("checkpoints %q, want %q", got, want)
		}
	}
	check("06", "07")
	succeed(t, append(resume, "--iterations", "11")...) // an epoch ends after 10
	check("10", "11")
	succeed(t, append(resume, "--iterations", "13", "--checkpoint-every", "1", "--keep", "3")...)
	check("11", "12", "13")
	fail(t, exitUsage, "--keep 0", append(resume, "--keep", "0")...)
	fail(t, exitUsage, "--checkpoint-every -1", append(resume, "--checkpoint-every", "-1")...)
}

// A damaged file is refused by name, and the newest whole one before it named by the command that goes
// on from it, to the same bits.
func TestResumeFromCheckpoint(t *testing.T) {
	whole := trained(t, "--iterations", "9")
	out := trained(t, "--iterations", "7", "--checkpoint-every", "2")
	r := runfolder.Folder(out)
	flip := func(path string) {
		t.Helper()
		b := readFile(t, path)
		b[len(b)-1000] ^= 1
		if err := os.WriteFile(path, b, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	flip(r.Model())
	if err := os.Truncate(r.Checkpoint(7), 1_000_000); err != nil {
		t.Fatal(err)
	}
	before := folder(t, out)
	resume := func(path string) []string {
		return []string{"train", "--device", "cpu", "--resume", path, "--iterations", "9"}
	}
	advice := "; the newest whole checkpoint before it: gangpu train --resume " + r.Checkpoint(6) + " --device cpu --iterations 9\n"
	fail(t, exitFailed, "loading "+r.Model()+": altered since it was written", resume(out)...)
	fail(t, exitFailed, advice, resume(out)...)
	fail(t, exitFailed, "reading "+r.Checkpoint(7)+": ", resume(r.Checkpoint(7))...)
	fail(t, exitFailed, advice, resume(r.Checkpoint(7))...)
	fail(t, exitFailed, "altered since", "generate", "--device", "cpu", "--model", r.Model(), "--out", filepath.Join(t.TempDir(), "x.png"))
	if !maps.Equal(before, folder(t, out)) {
		t.Error("the run was changed")
	}
	flip(r.Model())
	flip(r.Checkpoint(4))
	fail(t, exitFailed, r.Checkpoint(4)+": altered since", resume(r.Checkpoint(4))...)
	fail(t, exitFailed, "no checkpoint before it is whole", resume(r.Checkpoint(4))...)

	succeed(t, resume(r.Checkpoint(6))...)
	if !sameTensors(readTensors(t, whole, "model.safetensors"), readTensors(t, r.Model())) {
		t.Error("resumed from a checkpoint, the run made another model")
	}
	if a, b := metricsRows(t, whole), metricsRows(t, out); !slices.Equal(a, b) {
		t.Errorf("metrics %q, want %q", b, a)
	}
	if got, want := checkpointNames(t, out), []string{"06", "08", "09"}; !slices.Equal(got, want) {
		t.Errorf("checkpoints %q, want %q", got, want)
	}
	fail(t, exitFailed, "not a safetensors file", resume(r.Metrics())...)
	fail(t, exitFailed, "holds no run", resume(r.Samples())...)
}

// A run that one process trains, or that died, is no other's.
func TestLockedRun(t *testing.T) {
	out := trained(t)
	r := runfolder.Folder(out)
	before := folder(t, out)
	lock, err := r.Lock()
	if err != nil {
		t.Fatal(err)
	}
	fail(t, exitFailed, out+" is being trained by another process", "train", "--device", "cpu", "--resume", out, "--iterations", "3")
	fail(t, exitFailed, "holds another run", trainArgs(out)...)
	if !maps.Equal(before, folder(t, out)) {
		t.Error("the run was changed")
	}
	if err := lock.Close(); err != nil {
		t.Fatal(err)
	}
	succeed(t, "train", "--device", "cpu", "--resume", out, "--iterations", "3")

	// Two new runs that meet in a folder which holds none yet.
	fresh := filepath.Join(t.TempDir(), "fresh")
	if err := os.Mkdir(fresh, 0o777); err != nil {
		t.Fatal(err)
	}
	if lock, err = runfolder.Folder(fresh).Lock(); err != nil {
		t.Fatal(err)
	}
	fail(t, exitFailed, fresh+" is being trained by another process", trainArgs(fresh)...)
	if err := lock.Close(); err != nil {
		t.Fatal(err)
	}
	succeed(t, trainArgs(fresh, "--iterations", "1")...)
}

// What was saved on one device goes on on another, and a line says so.
func TestResumeOnAnotherDevice(t *testing.T) {
	out := trained(t)
	path := filepath.Join(out, "model.safetensors")
	m := readModel(t, path)
	m.Device = "cuda:0"
	if err := m.Save(path); err != nil {
		t.Fatal(err)
	}
	got := gangpu("train", "--device", "cpu", "--resume", out, "--iterations", "3")
	if want := "gangpu: the run was saved on cuda:0 and continues on cpu: same draws, other rounding\n"; got.code != exitOK || got.stderr != want {
		t.Errorf("code %d, stderr %q", got.code, got.stderr)
	}
	run, err := runfolder.Open(out)
	if err != nil || len(run.Info.Sessions) != 2 || run.Info.Session().From != 2 || run.Info.Iterations != 3 {
		t.Errorf("run.json %+v (%v)", run, err)
	}
}
