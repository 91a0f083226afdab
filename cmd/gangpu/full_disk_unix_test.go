//go:build linux || darwin

package main

import (
	"bytes"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
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
	checkFailure(t, onFullDisk(t, limit, args...), exitFailed, "model.safetensors", args)
	if !bytes.Equal(before, readFile(t, out, "model.safetensors")) {
		t.Error("the model saved before was changed")
	}
	if rows := metricsRows(t, out); len(rows) != 4 {
		t.Errorf("metrics of %d iterations", len(rows))
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
