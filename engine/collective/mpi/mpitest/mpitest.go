// Package mpitest starts ranks by real launchers in tests.
package mpitest

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// Variable names the environment variable with the launchers to test with, a list of files as PATH is one. Make test-mpi
// sets it.
const Variable = "GANGPU_TEST_MPI"

// Launcher is a launcher of an MPI.
type Launcher struct {
	Name string
	file string
	open bool // Open MPI
}

// Launchers are those to test with. A test without any is skipped.
func Launchers(t testing.TB) []Launcher {
	t.Helper()
	var all []Launcher
	for _, file := range filepath.SplitList(os.Getenv(Variable)) {
		version, err := exec.Command(file, "--version").CombinedOutput()
		if err != nil {
			t.Fatalf("%s --version: %v\n%s", file, err, version)
		}
		l := Launcher{Name: "MPICH", file: file}
		if strings.Contains(string(version), "Open MPI") || strings.Contains(string(version), "open-mpi") {
			l.Name, l.open = "Open MPI", true
		}
		all = append(all, l)
	}
	if len(all) == 0 {
		t.Skipf("%s names no launchers: make test-mpi does", Variable)
	}
	return all
}

// Command is a program on so many ranks of this machine, ended after two minutes.
func (l Launcher) Command(t testing.TB, ranks int, program string, args ...string) *exec.Cmd {
	t.Helper()
	launch := []string{"-n", strconv.Itoa(ranks)}
	if l.open {
		launch = append(launch, "--oversubscribe", "--bind-to", "none")
	}
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	t.Cleanup(cancel)
	cmd := exec.CommandContext(ctx, l.file, append(append(launch, program), args...)...)
	cmd.WaitDelay = 5 * time.Second // a rank that outlives its launcher may hold the output open
	cmd.Env = append(os.Environ(), "OMPI_ALLOW_RUN_AS_ROOT=1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1",
		"PRTE_ALLOW_RUN_AS_ROOT=1", "PRTE_ALLOW_RUN_AS_ROOT_CONFIRM=1")
	return cmd
}
