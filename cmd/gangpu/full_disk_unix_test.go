//go:build linux || darwin

package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"gangpu/gan/train"
	"gangpu/internal/runfolder"
)

// fileLimit in the environment of the test binary as the command is how many bytes a file may have: a write
// beyond fails as on a full disk.
const fileLimit = "GANGPU_TEST_FILE_LIMIT"

func init() {
	text := os.Getenv(fileLimit)
	if text == "" {
		return
	}
	bytes, err := strconv.ParseUint(text, 10, 63)
	limit := syscall.Rlimit{Cur: bytes, Max: bytes}
	if err == nil {
		err = syscall.Setrlimit(syscall.RLIMIT_FSIZE, &limit)
	}
	if err != nil {
		panic(err)
	}
	signal.Ignore(syscall.SIGXFSZ)
}

// onFullDisk runs a command that can write no file of more than so many bytes.
func onFullDisk(t *testing.T, bytesOfFile int, args ...string) result {
	t.Helper()
	var stdout, stderr bytes.Buffer
	cmd := command(t, args...)
	cmd.Env = append(cmd.Env, fmt.Sprintf("%s=%d", fileLimit, bytesOfFile))
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	_ = cmd.Run() // the code says it all
	return result{code: cmd.ProcessState.ExitCode(), stdout: stdout.String(), stderr: stderr.String()}
}

// A disk that is full when the model is saved again leaves the model that was saved before.
func TestFullDisk(t *testing.T) {
	const limit = 1_000_000 // less than a model or the pixels of the images have
	out := trained(t)
	before := readFile(t, out, "model.safetensors")
	dir := t.TempDir()
	generate := []string{"generate", "--device", "cpu", "--model", filepath.Join(out, "model.safetensors")}
	npy := filepath.Join(dir, "pixels.npy")
	succeed(t, append(generate, "--npy", npy, "-n", "2")...)
	pixels := readFile(t, npy)

	args := []string{"train", "--device", "cpu", "--resume", out, "--iterations", "4"}
	checkFailure(t, onFullDisk(t, limit, args...), exitFailed, filepath.Join(out, "model.safetensors")+" holds the state after 2 of the 4 iterations made; "+
		"once there is room, go on with: gangpu train --resume "+out+" --device cpu --iterations 4", args)
	if !bytes.Equal(before, readFile(t, out, "model.safetensors")) {
		t.Error("the model saved before was changed")
	}
	if rows := metricsRows(t, out); len(rows) != 4 {
		t.Errorf("metrics of %d iterations", len(rows))
	}
	// An output that fails keeps no other from being written.
	args = append(generate, "--npy", filepath.Join(dir, "large.npy"), "--images", filepath.Join(dir, "images"), "-n", "400")
	checkFailure(t, onFullDisk(t, limit, args...), exitFailed, "large.npy", args)
	if _, err := os.Stat(filepath.Join(dir, "images", "00399.png")); err != nil {
		t.Error(err)
	}
	args = append(generate, "--npy", npy, "-n", "1000")
	checkFailure(t, onFullDisk(t, limit, args...), exitFailed, npy, args)
	if !bytes.Equal(pixels, readFile(t, npy)) {
		t.Error("the pixels written before were changed")
	}
	for _, d := range []string{out, dir} {
		for name := range folder(t, d) {
			if strings.HasSuffix(name, ".tmp") {
				t.Errorf("%s was left behind", name)
			}
		}
	}
}

// checkWarnings checks that stderr tells once of each of these, and of no more, that a run goes on without.
func checkWarnings(t *testing.T, stderr string, words ...string) {
	t.Helper()
	for _, w := range words {
		if n := strings.Count(stderr, w); n != 1 {
			t.Errorf("%d warnings of %s:\n%s", n, w, stderr)
		}
	}
	if n := strings.Count(stderr, "the run goes on without it"); n != len(words) {
		t.Errorf("%d warnings, want %d:\n%s", n, len(words), stderr)
	}
}

// What a run writes beside its state ends nothing: each is told of once, and goes on where it can.
func TestSideOutputs(t *testing.T) {
	out := filepath.Join(t.TempDir(), "run")
	r := runfolder.Folder(out)
	for _, path := range []string{r.Report(), r.Findings()} {
		if err := os.MkdirAll(path, 0o777); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(r.TensorBoard(), nil, 0o666); err != nil {
		t.Fatal(err)
	}
	cmd := command(t, trainArgs(out, "--epochs", "3")...)
	got := ended(t, cmd, ">1, 5/", func(*os.Process, *os.File) {
		if err := errors.Join(os.Remove(r.Info()), os.Mkdir(r.Info(), 0o777), os.Mkdir(r.Sample(1), 0o777), os.Mkdir(r.Sample(2), 0o777)); err != nil {
			t.Error(err)
		}
	})
	checkWarnings(t, got.stderr, "event files", r.Sample(1), r.Report(), r.Info())
	if made := checkMade(t, out); got.code != exitOK || made != 30 {
		t.Errorf("code %d after %d iterations", got.code, made)
	}
	if _, err := train.Load(r.Checkpoint(30)); err != nil {
		t.Error(err)
	}
	if info, err := os.Stat(r.Sample(3)); err != nil || info.IsDir() {
		t.Errorf("the third epoch's samples are %v (%v)", info, err)
	}
}

// A run that was killed between the saving of an epoch's state and its samples draws them when it goes on.
func TestSamplesAfterKill(t *testing.T) {
	out := trained(t, "--iterations", "10")
	sample := runfolder.Folder(out).Sample(1)
	before := readFile(t, sample)
	if err := os.Remove(sample); err != nil {
		t.Fatal(err)
	}
	succeed(t, "train", "--device", "cpu", "--resume", out, "--iterations", "12")
	if !bytes.Equal(before, readFile(t, sample)) {
		t.Error("the samples were drawn otherwise")
	}
}
