//go:build unix

package main

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"gangpu/engine/collective/mpi"
	"gangpu/engine/collective/mpi/mpitest"
)

// ranksOf are the command on so many ranks. A rank writes its process to the folder pids, and rank 1 has more arguments.
func ranksOf(t *testing.T, l mpitest.Launcher, size int, pids string, more []string, args ...string) *exec.Cmd {
	t.Helper()
	script := `rank=${OMPI_COMM_WORLD_RANK:-$PMI_RANK}; if [ "$rank" = 1 ]; then set -- "$@" $MORE; fi; echo $$ >"$PIDS/$rank"; exec "$@"`
	cmd := l.Command(t, size, "sh", append([]string{"-c", script, "rank", os.Args[0]}, args...)...)
	cmd.Env = append(cmd.Env, asCommand+"=1", "PIDS="+pids, "MORE="+strings.Join(more, " "))
	return cmd
}

// Ranks of real launchers make the file that one process makes, of the tutorial's game and of two others; so does what was
// stopped on one number of ranks and goes on with others.
func TestRanksMakeTheSameFile(t *testing.T) {
	launchers := mpitest.Launchers(t)
	for _, game := range [][]string{nil, {"dcgan", "--size", "16", "--filters", "4"}, {"wgan", "--size", "16", "--filters", "4"}} {
		args := func(out string, more ...string) []string {
			all := append([]string{"train"}, game...)
			return append(append(all, "--device", "cpu", "--batch", "8", "--judge-every", "0", "--iterations", "4", "--out", out), more...)
		}
		one := filepath.Join(t.TempDir(), "one")
		succeed(t, args(one, "--shards", "4")...)
		want := readFile(t, one, "model.safetensors")
		check := func(who string, cmd *exec.Cmd, out string) {
			t.Helper()
			if printed, err := cmd.CombinedOutput(); err != nil {
				t.Errorf("%s, %v: %v\n%s", who, game, err, printed)
			} else if !bytes.Equal(readFile(t, out, "model.safetensors"), want) {
				t.Errorf("%s, %v: another model than of one process", who, game)
			}
		}
		for i, l := range launchers {
			out := filepath.Join(t.TempDir(), "two")
			check(l.Name+" on 2 ranks", ranksOf(t, l, 2, t.TempDir(), nil, args(out, "--shards", "4")...), out)
			if i > 0 || game != nil {
				continue
			}
			out = filepath.Join(t.TempDir(), "four") // which has as many shards as ranks
			check(l.Name+" on 4 ranks, then 2", ranksOf(t, l, 4, t.TempDir(), nil, args(out)...), out)
			out = filepath.Join(t.TempDir(), "again")
			if printed, err := ranksOf(t, l, 4, t.TempDir(), nil, append(args(out), "--iterations", "2")...).CombinedOutput(); err != nil {
				t.Errorf("%v\n%s", err, printed)
			}
			check(l.Name+" goes on", ranksOf(t, l, 2, t.TempDir(), nil, "train", "--device", "cpu", "--resume", out, "--iterations", "4"), out)
		}
	}
}

// Ranks that do not fit together, or of which one has an error, end with a message of rank 0 that names them.
func TestRanksThatDoNotFit(t *testing.T) {
	for _, l := range mpitest.Launchers(t) {
		for want, more := range map[string][]string{
			" has another seed than rank 0: 9 instead of 1":               {"--seed", "9"},
			" has another number of shards than rank 0: 1 instead of 2":   {"--shards", "1"},
			"a GPU is required, and the device asked for is cpu":          {"--require-gpu"},
			"opening the images: stat /no/such/folder: no such file or d": {"--data", "/no/such/folder"},
		} {
			out := filepath.Join(t.TempDir(), "run")
			cmd := ranksOf(t, l, 2, t.TempDir(), more, trainArgs(out, "--iterations", "2")...)
			printed, err := cmd.CombinedOutput()
			if err == nil || strings.Count(string(printed), "gangpu: rank 1 on ") != 1 || !strings.Contains(string(printed), want) {
				t.Errorf("%s, rank 1 with %v: %v\n%s", l.Name, more, err, printed)
			}
			if _, err := os.Stat(out); !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("%s, rank 1 with %v: a run was begun", l.Name, more)
			}
		}
	}
}

// A rank that is asked to stop has all stop after the same iteration, and the run goes on; one that is frozen ends the
// others within the limit, with the command that goes on; one that is killed ends all.
func TestRanksEnd(t *testing.T) {
	const failure = -1
	for _, l := range mpitest.Launchers(t) {
		stop, stopped := syscall.SIGTERM, 143 // what the launcher passes on to its ranks, and waits
		if l.Name == "Open MPI" {
			stop, stopped = syscall.SIGUSR1, 138
		}
		for _, c := range []struct {
			rank   string // "launcher" for that
			signal syscall.Signal
			code   int
			want   string
		}{
			{"launcher", stop, stopped, "go on with: gangpu train --resume "},
			{"1", syscall.SIGTERM, 143, "go on with: gangpu train --resume "},
			{"0", syscall.SIGTERM, 143, "go on with: gangpu train --resume "},
			{"1", syscall.SIGSTOP, exitLost, "did not come within 2s; "},
			{"0", syscall.SIGSTOP, exitLost, "rank 0 on "},
			{"1", syscall.SIGKILL, failure, ""},
		} {
			name := fmt.Sprintf("%s, rank %s, %v", l.Name, c.rank, c.signal)
			out, pids := filepath.Join(t.TempDir(), "run"), t.TempDir()
			cmd := ranksOf(t, l, 2, pids, nil, trainArgs(out, "--epochs", "100000", "--log-every", "1ms", "--rank-timeout", "2s")...)
			var printed bytes.Buffer
			cmd.Stdout, cmd.Stderr = &printed, &printed
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			for range 300 {
				if _, err := os.Stat(filepath.Join(out, "checkpoints")); err == nil {
					break
				}
				time.Sleep(100 * time.Millisecond)
			}
			pid := cmd.Process.Pid
			if c.rank != "launcher" {
				var err error
				if pid, err = strconv.Atoi(strings.TrimSpace(string(readFile(t, pids, c.rank)))); err != nil {
					t.Fatal(err)
				}
			}
			if err := syscall.Kill(pid, c.signal); err != nil {
				t.Fatalf("%s: %v, %v\n%s", name, err, cmd.Wait(), &printed)
			}
			_ = cmd.Wait()
			if c.signal == syscall.SIGSTOP {
				_ = syscall.Kill(pid, syscall.SIGKILL) // if it is still there
			}
			code := cmd.ProcessState.ExitCode()
			if code != c.code && (c.code != failure || code == 0) || !strings.Contains(printed.String(), c.want) {
				tail := printed.String()
				t.Errorf("%s: exit code %d\n%s", name, code, tail[max(0, len(tail)-2000):])
			}
			succeed(t, "train", "--device", "cpu", "--resume", out, "--iterations", "10000000", "--dry-run")
		}
	}
}

// Train --ranks finds a launcher and starts ranks, which make the file that one process makes. Ctrl-C and SIGTERM have them
// save, and the exit code is that of a process that the signal ended.
func TestTrainStartsRanks(t *testing.T) {
	one := filepath.Join(t.TempDir(), "one")
	succeed(t, trainArgs(one, "--iterations", "2", "--shards", "2")...)
	for _, l := range mpitest.Launchers(t) {
		path := filepath.Dir(l.File) + string(filepath.ListSeparator) + os.Getenv("PATH")
		for _, more := range [][]string{{"--ranks", "2"}, {"--hosts", "localhost:2"}} {
			out := filepath.Join(t.TempDir(), "run")
			cmd := command(t, trainArgs(out, append(more, "--iterations", "2")...)...)
			cmd.Env = append(cmd.Env, "PATH="+path)
			if printed, err := cmd.CombinedOutput(); err != nil {
				t.Errorf("%s %v: %v\n%s", l.Name, more, err, printed)
			} else if !bytes.Equal(readFile(t, out, "model.safetensors"), readFile(t, one, "model.safetensors")) {
				t.Errorf("%s %v: another model than of one process", l.Name, more)
			}
		}
		for _, s := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM} {
			out := filepath.Join(t.TempDir(), "run")
			cmd := command(t, trainArgs(out, "--epochs", "100000", "--ranks", "2")...)
			cmd.Env = append(cmd.Env, "PATH="+path)
			r := ended(t, cmd, ">2, 1/", func(p *os.Process, _ *os.File) {
				if err := p.Signal(s); err != nil {
					t.Error(err)
				}
			})
			if r.code != 128+int(s) || strings.Count(r.stderr, "go on with: gangpu train --resume ") != 1 {
				t.Errorf("%s, %v: exit code %d\n%s", l.Name, s, r.code, r.stderr)
			}
			checkMade(t, out)
		}
	}
}

// What no ranks can be started of is refused before anything is fetched.
func TestRanksThatCannotBeStarted(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	for want, args := range map[string][]string{
		"--ranks 3: want 1, 2, 4, 8 or another power of two": {"--ranks", "3"},
		"--hosts a:1,b:2 has 3 ranks, and --ranks 2":         {"--ranks", "2", "--hosts", "a:1,b:2"},
		"--hosts a:1,b:2: 3 ranks, want a power of two":      {"--hosts", "a:1,b:2"},
		`--hosts "a:,b:2": want HOST:RANKS`:                  {"--hosts", "a:,b:2"},
		"no mpirun and no mpiexec in PATH":                   {"--ranks", "2"},
	} {
		out := filepath.Join(t.TempDir(), "run")
		cmd := command(t, trainArgs(out, args...)...)
		printed, err := cmd.CombinedOutput()
		if err == nil || !strings.Contains(string(printed), want) {
			t.Errorf("%v: %v\n%s", args, err, printed)
		}
		if _, err := os.Stat(out); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%v: a run was begun", args)
		}
	}
}

// A library that does not come back from a call ends its rank within the limit, which says so.
func TestRanksOfALibraryThatHangs(t *testing.T) {
	mpitest.Launchers(t)
	cc := cmp.Or(os.Getenv("CC"), "gcc")
	source, library := filepath.Join(t.TempDir(), "hangs.c"), filepath.Join(t.TempDir(), "libmpi.so.12")
	const code = `
#include <unistd.h>
int MPI_Init_thread(int *argc, char ***argv, int required, int *provided) { if (HANGS_AT_ONCE) pause(); return 0; }
int MPI_Comm_rank(int comm, int *rank) { *rank = 0; return 0; }
int MPI_Comm_size(int comm, int *size) { *size = 2; return 0; }
int MPI_Comm_set_errhandler(int comm, int handler) { return 0; }
int MPI_Isend(void) { return 0; }
int MPI_Irecv(void) { return 0; }
int MPI_Test(void) { return pause(); }
int MPI_Error_string(void) { return 1; }
int MPI_Get_library_version(char *text, int *n) { text[0] = 'X'; return 0; }
int MPI_Finalize(void) { return 0; }
int MPI_Abort(int comm, int code) { return 0; }
`
	if err := os.WriteFile(source, []byte(code), 0o644); err != nil {
		t.Fatal(err)
	}
	for hangs, want := range map[string]string{
		"0": "after iteration 0: X has not come back from exchange 1: it hangs",
		"1": "MPI has not brought the ranks together within 1s",
	} {
		if out, err := exec.Command(cc, "-shared", "-fPIC", "-DHANGS_AT_ONCE="+hangs, "-o", library, source).CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		cmd := command(t, trainArgs(filepath.Join(t.TempDir(), "run"), "--rank-timeout", "1s")...)
		cmd.Env = append(cmd.Env, "PMI_RANK=0", "PMI_SIZE=2", mpi.LibraryVariable+"="+library)
		out, err := cmd.CombinedOutput()
		if cmd.ProcessState.ExitCode() != exitLost || !strings.Contains(string(out), want) {
			t.Errorf("%v\n%s", err, out)
		}
	}
}

// Selftest and bench start ranks too: of the former all checks hold, the latter has a row for each number of ranks.
func TestRanksAreCheckedAndMeasured(t *testing.T) {
	for _, l := range mpitest.Launchers(t) {
		for want, args := range map[string][]string{
			"to the bit": {"selftest", "--device", "cpu", "--ranks", "2"},
			`"ranks":2`: {"bench", "--device", "cpu", "--ranks", "1,2", "--game", "dcgan", "--size", "16", "--batch", "4", "--set", "filters=4",
				"--steps", "1", "--warmup", "0", "--json", "-"},
		} {
			cmd := command(t, args...)
			cmd.Env = append(cmd.Env, "PATH="+filepath.Dir(l.File)+string(filepath.ListSeparator)+os.Getenv("PATH"))
			if out, err := cmd.CombinedOutput(); err != nil || !strings.Contains(string(out), want) {
				t.Errorf("%s, %v: %v\n%s", l.Name, args, err, out)
			}
		}
	}
}
