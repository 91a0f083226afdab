package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// memoryCgroup makes a cgroup with a limit in bytes, within the test's own. It skips the test where this is not to be had.
func memoryCgroup(t *testing.T, limit int) (procs string) {
	t.Helper()
	for _, l := range strings.Split(string(readFile(t, "/proc/self/cgroup")), "\n") {
		controllers, path, ok := strings.Cut(strings.TrimLeft(l, "0123456789"), ":/")
		mount, file := "/sys/fs/cgroup", "memory.max"
		switch {
		case !ok || controllers != ":memory" && controllers != ":":
			continue
		case controllers == ":memory":
			mount, file = "/sys/fs/cgroup/memory", "memory.limit_in_bytes"
		}
		dir := filepath.Join(mount, path, fmt.Sprintf("gangpu-test-%d", os.Getpid()))
		if os.Mkdir(dir, 0o777) != nil {
			continue
		}
		t.Cleanup(func() {
			// The kernel takes a moment to forget a process that was ended.
			for range 50 {
				if os.Remove(dir) == nil {
					return
				}
				time.Sleep(20 * time.Millisecond)
			}
			t.Errorf("%s cannot be removed", dir)
		})
		if f, err := os.OpenFile(filepath.Join(dir, file), os.O_WRONLY, 0); err == nil {
			_, err = fmt.Fprint(f, limit)
			if f.Close() == nil && err == nil {
				return filepath.Join(dir, "cgroup.procs")
			}
		}
	}
	t.Skip("no cgroup with a limit on memory can be made here: that takes root, and the memory controller")
	return ""
}

// within runs the command after a line of shell.
func within(t *testing.T, before string, args ...string) result {
	t.Helper()
	c := command(t, args...)
	cmd := exec.CommandContext(t.Context(), "/bin/sh", append([]string{"-c", before + ` && exec "$0" "$@"`}, c.Args...)...)
	cmd.Env = c.Env
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	_ = cmd.Run() // the code says it all
	return result{cmd.ProcessState.ExitCode(), stdout.String(), stderr.String()}
}

// A container's limit is told in words before it would end the process, and what fits under it runs.
func TestContainerLimit(t *testing.T) {
	if testing.Short() {
		t.Skip("the race detector, with which this is run, needs many times as much memory")
	}
	const mib = 1 << 20
	model := filepath.Join(trained(t), "model.safetensors")
	dir := t.TempDir()
	join := fmt.Sprintf("echo $$ >'%s'", memoryCgroup(t, 256*mib))
	limited := func(code int, want string, args ...string) {
		t.Helper()
		r := within(t, join, args...)
		if code != exitOK {
			checkFailure(t, r, code, want, args)
		} else if r.code != exitOK {
			t.Errorf("%v: code %d, stderr %q", args, r.code, r.stderr)
		}
	}
	npy, run := filepath.Join(dir, "pixels.npy"), filepath.Join(dir, "run")
	generate := []string{"generate", "--device", "cpu", "--model", model, "--npy", npy, "-n"}
	limited(exitFailed, "generating 200000 images would take 824.0 MiB of memory, and ", append(generate, "200000")...)
	limited(exitFailed, "of the container's limit (256.0 MiB) are free; lower -n 200000", append(generate, "200000")...)
	limited(exitOK, "", append(generate, "30000")...) // three quarters of what is left
	const pixels = 28 * 28 * 4
	if info, err := os.Stat(npy); err != nil || info.Size() != 128+30000*pixels {
		t.Errorf("%v, %v", info, err)
	}
	train := []string{"train", "--device", "cpu", "--iterations", "1", "--out", run, "--batch"}
	limited(exitFailed, "of the container's limit are free", append(train, "2000")...)
	if _, err := os.Stat(run); err == nil {
		t.Error("what did not begin left a folder")
	}
	limited(exitOK, "", append(train, "16")...)

	// Images that are larger than the memory, and are not read.
	data := filepath.Join(dir, "data")
	if err := writeImages(data, 1, imageSide); err != nil {
		t.Fatal(err)
	}
	images := filepath.Join(data, "train-images-idx3-ubyte")
	const count = 400_000
	if err := os.WriteFile(images, idxHeader(0x803, count, imageSide, imageSide), 0o666); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(images, 16+count*imageSide*imageSide); err != nil {
		t.Fatal(err)
	}
	limited(exitFailed, images+" would take ", "data", "--data", data)
}

// So is that of a shell. Go's own words for it are a stack trace. Each thread takes addresses, so there are few.
func TestShellLimit(t *testing.T) {
	if testing.Short() {
		t.Skip("the race detector, with which this is run, needs terabytes of addresses")
	}
	model := filepath.Join(trained(t), "model.safetensors")
	args := []string{"generate", "--device", "cpu", "--model", model, "--npy", filepath.Join(t.TempDir(), "pixels.npy"), "-n", "1000000"}
	checkFailure(t, within(t, "export GOMAXPROCS=2 && ulimit -v 3000000", args...), exitFailed, "of the shell's limit (ulimit -v) (2929.7 MiB) are free", args)
}
