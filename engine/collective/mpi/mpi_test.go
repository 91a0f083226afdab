package mpi_test

import (
	"bytes"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"gangpu/engine/collective"
	"gangpu/engine/collective/mpi"
	"gangpu/engine/collective/mpi/mpitest"
)

// asRank in the environment makes the test binary a rank.
const asRank = "GANGPU_TEST_AS_RANK"

func TestMain(m *testing.M) {
	if os.Getenv(asRank) == "" {
		os.Exit(m.Run())
	}
	if err := rank(os.Getenv(asRank)); err != nil {
		fmt.Println(err)
	}
	mpi.Exit(0)
}

// rank is what a rank does: exchange what is known, or wait for the last rank, which does not come.
func rank(what string) error {
	l, err := mpi.FindLaunch(os.Getenv)
	if err != nil {
		return err
	}
	g, err := mpi.Open(l, time.Minute, nil)
	if err != nil {
		return err
	}
	if what == "lost" {
		if g.Rank() == g.Size()-1 {
			time.Sleep(time.Minute)
		}
		_, err := collective.Gather(g, 300*time.Millisecond, nil)
		fmt.Println(err)
		time.Sleep(300 * time.Millisecond) // or the launcher loses it
		g.Abort(75)
		return nil
	}
	// Of 3 MB, which no library sends at once, and of lengths that differ.
	of := func(rank int) []byte { return bytes.Repeat([]byte{byte(rank), 7, 9}, 1_000_000+rank) }
	for range 3 {
		all, err := collective.Gather(g, time.Minute, of(g.Rank()))
		if err != nil {
			return err
		}
		for i := range all {
			if !bytes.Equal(all[i], of(i)) {
				return fmt.Errorf("rank %d has got other bytes of rank %d", g.Rank(), i)
			}
		}
	}
	if data, err := collective.Broadcast(g, time.Minute, of(g.Rank())); err != nil || !bytes.Equal(data, of(0)) {
		return fmt.Errorf("rank %d has got other bytes by a broadcast: %w", g.Rank(), err)
	}
	local, size := g.Local()
	fmt.Printf("rank %d of %d, %d of %d here, %t\n", g.Rank(), g.Size(), local, size, g.Library() != "" && g.Host(0) != "")
	return g.Close()
}

// Ranks that real launchers start exchange bytes by the library that belongs to each.
func TestExchange(t *testing.T) {
	for _, l := range mpitest.Launchers(t) {
		for _, size := range []int{1, 2, 3} {
			cmd := l.Command(t, size, os.Args[0])
			cmd.Env = append(cmd.Env, asRank+"=exchange")
			out, err := cmd.CombinedOutput()
			lines := strings.Split(strings.TrimSpace(string(out)), "\n")
			slices.Sort(lines)
			var want []string
			for i := range size {
				want = append(want, fmt.Sprintf("rank %d of %d, %d of %d here, true", i, size, i, size))
			}
			if err != nil || !slices.Equal(lines, want) {
				t.Errorf("%s, %d ranks: %v\n%s", l.Name, size, err, out)
			}
		}
	}
}

// A rank that does not come is named after the limit, and the exit code reaches the launcher.
func TestLostRank(t *testing.T) {
	for _, l := range mpitest.Launchers(t) {
		cmd := l.Command(t, 2, os.Args[0])
		cmd.Env = append(cmd.Env, asRank+"=lost")
		out, err := cmd.CombinedOutput()
		if !strings.Contains(string(out), "rank 1 on ") || !strings.Contains(string(out), "did not come within 300ms") {
			t.Errorf("%s: %v\n%s", l.Name, err, out)
		}
		if cmd.ProcessState.ExitCode() != 75 {
			t.Errorf("%s: exit code %d", l.Name, cmd.ProcessState.ExitCode())
		}
	}
}

// How a process was started is told by its environment.
func TestFindLaunch(t *testing.T) {
	for name, c := range map[string]struct {
		environment map[string]string
		want        mpi.Launch
		err         string
	}{
		"alone":             {nil, mpi.Launch{Size: 1}, ""},
		"Open MPI":          {map[string]string{"OMPI_COMM_WORLD_SIZE": "4"}, mpi.Launch{Launcher: "Open MPI", Size: 4}, ""},
		"MPICH":             {map[string]string{"PMI_RANK": "0", "PMI_SIZE": "2"}, mpi.Launch{Launcher: "MPICH", Size: 2}, ""},
		"srun --mpi=pmix":   {map[string]string{"PMIX_RANK": "1", "SLURM_STEP_NUM_TASKS": "3"}, mpi.Launch{Launcher: "PMIx", Size: 3}, ""},
		"srun without":      {map[string]string{"SLURM_STEP_NUM_TASKS": "2"}, mpi.Launch{}, "srun started 2 processes that cannot find each other"},
		"srun of one":       {map[string]string{"SLURM_STEP_NUM_TASKS": "1"}, mpi.Launch{Size: 1}, ""},
		"a batch's command": {map[string]string{"SLURM_NTASKS": "8"}, mpi.Launch{Size: 1}, ""},
	} {
		got, err := mpi.FindLaunch(func(name string) string { return c.environment[name] })
		if got.Launcher != c.want.Launcher || got.Size != c.want.Size || (err == nil) != (c.err == "") {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
		if err != nil && !strings.HasPrefix(err.Error(), c.err) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// A library that cannot be loaded is named, with the variable that names another.
func TestLibraryThatIsNotThere(t *testing.T) {
	t.Setenv(mpi.LibraryVariable, "/no/libmpi.so")
	_, err := mpi.Open(mpi.Launch{Launcher: "MPICH", Size: 2}, time.Second, nil)
	if err == nil || !strings.Contains(err.Error(), "/no/libmpi.so") && !strings.Contains(err.Error(), "C compiler") {
		t.Error(err)
	}
}
