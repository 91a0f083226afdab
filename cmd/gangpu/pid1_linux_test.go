package main

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// A signal ends a command that has nothing to finish with the code that shells report: as any process, and as the
// first one of a container.
func TestSignalEndsAtOnce(t *testing.T) {
	own := []string{"unshare", "--pid", "--fork"}
	if os.Getuid() != 0 {
		own = append(own, "--user", "--map-root-user")
	}
	namespaces := exec.Command(own[0], append(own[1:], "true")...).Run() == nil
	for _, first := range []bool{false, true} {
		if first && !namespaces {
			t.Skip("no first process without a namespace, which unshare cannot make here")
		}
		cmd := command(t, classifierArgs(filepath.Join(t.TempDir(), "classifier"), "--epochs", "100000", "--log-every", "0s")...)
		if first {
			path, err := exec.LookPath(own[0])
			if err != nil {
				t.Fatal(err)
			}
			cmd.Args = append(own, cmd.Args...)
			cmd.Path = path
		}
		stdout, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		lines := bufio.NewScanner(stdout)
		for lines.Scan() && !strings.HasPrefix(lines.Text(), "epoch ") {
		}
		pid := cmd.Process.Pid
		if first {
			children := string(readFile(t, fmt.Sprintf("/proc/%d/task/%d/children", pid, pid)))
			if pid, err = strconv.Atoi(strings.TrimSpace(children)); err != nil {
				t.Fatal(err)
			}
		}
		if err := syscall.Kill(pid, syscall.SIGTERM); err != nil {
			t.Fatal(err)
		}
		for lines.Scan() { // until it ends
		}
		exit := (*exec.ExitError)(nil)
		if err := cmd.Wait(); !errors.As(err, &exit) {
			t.Fatalf("it ended with %v", err)
		}
		status, ok := exit.Sys().(syscall.WaitStatus)
		if !ok || status.Signal() != syscall.SIGTERM && status.ExitStatus() != 128+int(syscall.SIGTERM) {
			t.Errorf("as the first process %v: it ended with %v", first, exit)
		}
	}
}
