// Package mpitest starts ranks by real launchers in tests.
package mpitest

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"gangpu/engine/collective/mpi"
)

// Variable names the environment variable with the launchers to test with, a list of files as PATH is one. Make test-mpi
// sets it.
const Variable = "GANGPU_TEST_MPI"

// Launcher is a launcher of an MPI.
type Launcher struct{ mpi.Starter }

// Launchers are those to test with. A test without any is skipped.
func Launchers(t testing.TB) []Launcher {
	t.Helper()
	var all []Launcher
	for _, file := range filepath.SplitList(os.Getenv(Variable)) {
		s, err := mpi.StarterAt(file)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, Launcher{s})
	}
	if len(all) == 0 {
		t.Skipf("%s names no launchers: make test-mpi does", Variable)
	}
	return all
}

// Command is a program on so many ranks of this machine, ended after two minutes.
func (l Launcher) Command(t testing.TB, ranks int, program string, args ...string) *exec.Cmd {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	t.Cleanup(cancel)
	of := l.Starter.Command(ranks, nil, program, args...)
	cmd := exec.CommandContext(ctx, of.Path, of.Args[1:]...)
	cmd.Env = of.Env
	cmd.WaitDelay = 5 * time.Second // a rank that outlives its launcher may hold the output open
	return cmd
}
