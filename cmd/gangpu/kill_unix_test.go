//go:build linux || darwin

package main

import (
	"bufio"
	"bytes"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"gangpu/internal/runfolder"
)

// killed runs a command, kills it once a line of it begins so or, if then a file is named, once a
// temporary one of that is there, and returns whether it came to that.
func killed(t *testing.T, cmd *exec.Cmd, line, file string) bool {
	t.Helper()
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended, seen := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		for lines := bufio.NewScanner(stdout); lines.Scan(); {
			if line != "" && strings.HasPrefix(lines.Text(), line) {
				close(seen)
				line = ""
			}
		}
	}()
	select {
	case <-ended:
	case <-seen:
		if file != "" {
			waitForTemporary(t, file, ended)
		}
		if err := cmd.Process.Kill(); err != nil {
			t.Error(err)
		}
	}
	<-ended
	err = cmd.Wait()
	byKill := cmd.ProcessState.Sys().(syscall.WaitStatus).Signal() == syscall.SIGKILL
	if !byKill && err != nil {
		t.Fatalf("%q: %v\n%s", cmd.Args[1:], err, stderr.String())
	}
	return byKill
}

// waitForTemporary waits until a file is being written, or there is no more to wait for. It looks
// into the open folder: go test logs what tests open.
func waitForTemporary(t *testing.T, file string, ended <-chan struct{}) {
	t.Helper()
	dir, err := os.Open(filepath.Dir(file))
	if err != nil {
		t.Fatal(err)
	}
	defer dir.Close()
	for {
		if _, err := dir.Seek(0, io.SeekStart); err != nil {
			t.Fatal(err)
		}
		names, err := dir.Readdirnames(-1)
		if err != nil {
			t.Fatal(err)
		}
		if slices.ContainsFunc(names, func(name string) bool {
			return strings.HasPrefix(name, filepath.Base(file)+".") && strings.HasSuffix(name, ".tmp")
		}) {
			return
		}
		select {
		case <-ended:
			return
		case <-time.After(200 * time.Microsecond):
		}
	}
}

// A run that is killed again and again, while it begins, between checkpoints and while it saves,
// goes on from the last state that was saved, and ends with the bits of one that nothing disturbed.
func TestKilledRun(t *testing.T) {
	more := []string{"--checkpoint-every", "4", "--iterations", "22", "--keep", "2"}
	whole := trained(t, more...)
	out := filepath.Join(t.TempDir(), "run")
	r := runfolder.Folder(out)
	args := func() []string {
		if r.CheckFree() == nil {
			return trainArgs(out, more...)
		}
		return []string{"train", "--device", "cpu", "--resume", out, "--iterations", "22"}
	}
	saving := 0
	for _, x := range []struct{ line, file string }{
		{"images ", ""},
		{"run ", r.Model()},
		{">1, 2/", ""},
		{">1, 4/", r.Model()},
		{">1, 8/", r.Checkpoint(8)},
		{">1, 9/", ""},
		{">1, 10/", filepath.Join(out, "samples", "epoch-001.png")},
		{">2, 2/", r.Info()},
		{">2, 8/", ""},
	} {
		if run, err := runfolder.Open(out); err == nil && run.Info.State == runfolder.Finished {
			t.Logf("on a busy machine it came to its end before it was killed after %q", x.line)
			break
		}
		if !killed(t, command(t, args()...), x.line, x.file) {
			t.Logf("it ended before it could be killed after %q, writing %q", x.line, x.file)
		}
		if left := temporaryFiles(t, out); len(left) > 0 {
			saving++
			t.Logf("killed as it wrote %s", left)
		}
		if run, err := runfolder.Open(out); err == nil && run.Info.State != runfolder.Died && run.Info.State != runfolder.Finished {
			t.Errorf("after a kill the run is %s", run.Info.State)
		}
	}
	if saving == 0 {
		t.Log("no kill came while a file was written")
	}
	if run, err := runfolder.Open(out); err != nil || run.Info.State != runfolder.Finished {
		killed(t, command(t, args()...), "", "")
	}
	for _, file := range []string{r.Model(), r.Checkpoint(20), r.Checkpoint(22)} {
		name := file[len(out)+1:]
		if !sameTensors(readTensors(t, whole, name), readTensors(t, file)) {
			t.Errorf("the killed run made another %s", name)
		}
	}
	if a, b := metricsRows(t, whole), metricsRows(t, out); !slices.Equal(a, b) {
		t.Errorf("the killed run made other metrics:\n%q\n%q", a, b)
	}
	for _, sample := range []string{"epoch-001.png", "epoch-002.png"} {
		if !bytes.Equal(readFile(t, whole, "samples", sample), readFile(t, out, "samples", sample)) {
			t.Errorf("the killed run made another %s", sample)
		}
	}
	if left := temporaryFiles(t, out); len(left) > 0 {
		t.Errorf("left %q behind", left)
	}
}

// temporaryFiles are those in a folder that were not renamed.
func temporaryFiles(t *testing.T, dir string) []string {
	t.Helper()
	var left []string
	err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err == nil && strings.HasSuffix(path, ".tmp") {
			left = append(left, filepath.Base(path))
		}
		return err
	})
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	return left
}
