package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"gangpu/internal/runfolder"
)

// A run whose metrics and event files are on a small disk that fills goes on, is saved to the end, and goes on
// with them when there is room.
func TestFullSideDisk(t *testing.T) {
	unshare, err := exec.LookPath("unshare")
	if err == nil {
		err = exec.Command(unshare, "-rm", "mount", "-t", "tmpfs", "none", t.TempDir()).Run()
	}
	if err != nil {
		t.Skipf("no disk can be mounted: %v", err)
	}
	out := trained(t)
	r := runfolder.Folder(out)
	small := t.TempDir()
	for _, path := range []string{r.Metrics(), r.TensorBoard()} {
		if err := os.RemoveAll(path); err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(filepath.Join(small, filepath.Base(path)), path); err != nil {
			t.Fatal(err)
		}
	}
	cmd := command(t, "train", "--device", "cpu", "--resume", out, "--epochs", "20")
	script := `mount -t tmpfs -o size=16k none "$0" && mkdir "$0/tensorboard" && exec "$@"`
	cmd.Path, cmd.Args = unshare, append([]string{unshare, "-rm", "sh", "-c", script, small}, cmd.Args...)
	var stderr strings.Builder
	cmd.Stderr = &stderr
	if err := cmd.Run(); err != nil {
		t.Errorf("%v: %s", err, stderr.String())
	}
	checkWarnings(t, stderr.String(), "writing events:", "writing "+r.Metrics()+":")
	if m := readModel(t, out, "model.safetensors"); m.Iterations != 200 {
		t.Errorf("the model was saved after %d iterations, want 200", m.Iterations)
	}
	if run, err := runfolder.Open(out); err != nil || run.State != runfolder.Finished {
		t.Errorf("the run is %v (%v)", run, err)
	}
	// The small disk is gone with the process.
	for _, path := range []string{r.Metrics(), r.TensorBoard()} {
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
	}
	if got := gangpu("train", "--device", "cpu", "--resume", out, "--epochs", "21"); got.code != exitOK {
		t.Errorf("going on: code %d: %s", got.code, got.stderr)
	}
	if rows := metricsRows(t, out); len(rows) != 10 {
		t.Errorf("metrics of %d iterations after the small disk, want 10", len(rows))
	}
}
