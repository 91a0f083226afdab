package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"gangpu/engine/collective/mpi/mpitest"
)

// Train --hosts makes, on two hosts and on three, the file that one process makes, by what goes through their cables.
func TestHostsMakeTheSameFile(t *testing.T) {
	launchers := mpitest.Launchers(t)
	hosts := mpitest.NewHosts(t, 3)
	one := filepath.Join(t.TempDir(), "one")
	succeed(t, trainArgs(one, "--batch", "8", "--iterations", "4", "--shards", "4")...)
	for _, l := range launchers {
		for n, ranks := range map[int]string{2: "%s:2,%s:2", 3: "%s:2,%s:1,%s:1"} {
			var names []any
			for i := range n {
				names = append(names, hosts.Address(i+1))
			}
			out := filepath.Join(t.TempDir(), "run")
			before := hosts.Received(t, n)
			cmd := hosts.Command(t, l, os.Args[0], trainArgs(out, "--batch", "8", "--iterations", "4", "--hosts", fmt.Sprintf(ranks, names...))...)
			cmd.Env = append(cmd.Env, asCommand+"=1")
			if printed, err := cmd.CombinedOutput(); err != nil {
				t.Errorf("%s on %d hosts: %v\n%s", l.Name, n, err, printed)
			} else if !bytes.Equal(readFile(t, out, "model.safetensors"), readFile(t, one, "model.safetensors")) {
				t.Errorf("%s on %d hosts: another model than of one process", l.Name, n)
			} else if got := hosts.Received(t, n) - before; got < 4*1_600_000 { // four gradients of the generator's 400,000 weights
				t.Errorf("%s on %d hosts: the last one got %d bytes by its cable", l.Name, n, got)
			}
		}
	}
}

// A host whose cable is pulled ends the ranks of both, and the command that started them with their exit code and message,
// though Open MPI's launcher itself waits for ever.
func TestHostIsLost(t *testing.T) {
	for _, l := range mpitest.Launchers(t) {
		t.Run(l.Name, func(t *testing.T) {
			hosts := mpitest.NewHosts(t, 2)
			out := filepath.Join(t.TempDir(), "run")
			printed, err := os.Create(filepath.Join(t.TempDir(), "printed")) // a pipe would wait for what the launcher leaves
			if err != nil {
				t.Fatal(err)
			}
			defer printed.Close()
			cmd := hosts.Command(t, l, os.Args[0], trainArgs(out, "--epochs", "100000", "--log-every", "1ms", "--rank-timeout", "2s",
				"--hosts", hosts.Address(1)+":1,"+hosts.Address(2)+":1")...)
			cmd.Env = append(cmd.Env, asCommand+"=1")
			cmd.Stdout, cmd.Stderr = printed, printed
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			for range 200 {
				if strings.Contains(string(readFile(t, printed.Name())), "\n>1, ") {
					break
				}
				time.Sleep(100 * time.Millisecond)
			}
			hosts.Pull(t, 2)
			_ = cmd.Wait() // the code says it all
			said := string(readFile(t, printed.Name()))
			if cmd.ProcessState.ExitCode() != exitLost || !strings.Contains(said, "rank 1 on host2 did not come within 2s; ") ||
				!strings.Contains(said, "gangpu train --resume ") {
				t.Errorf("exit code %d\n%s", cmd.ProcessState.ExitCode(), said[max(0, len(said)-2000):])
			}
			for i := 0; hosts.Running(t, 2, filepath.Base(os.Args[0])) > 0; i++ { // rank 1 may have begun to wait later
				if i == 100 {
					t.Error("rank 1 runs still")
					break
				}
				time.Sleep(100 * time.Millisecond)
			}
			succeed(t, "train", "--device", "cpu", "--resume", out, "--iterations", "10000000", "--dry-run")
		})
	}
}
