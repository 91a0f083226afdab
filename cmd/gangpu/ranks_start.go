package main

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"strconv"
	"strings"
	"syscall"
	"time"

	"gangpu/engine/collective/mpi"

	"github.com/urfave/cli/v2"
)

// mostRanks that one command starts.
const mostRanks = 4096

func rankFlags() []cli.Flag {
	return []cli.Flag{
		&cli.IntFlag{Name: "ranks", DefaultText: "this process alone", Usage: "train by this `NUMBER` of processes, a power of two, on this machine or on --hosts; Open MPI's or MPICH's mpirun starts them"},
		&cli.StringFlag{Name: "hosts", DefaultText: "this machine", Usage: "`HOST:RANKS`, or several with commas, of the machines that the ranks are started on, with gangpu and the images at the same places on all"},
	}
}

func canBeRanks(n int) bool { return n >= 1 && n <= mostRanks && n&(n-1) == 0 }

// readRanks reads --ranks and --hosts. 0 ranks is this process alone.
func readRanks(c *cli.Context) (ranks int, hosts []mpi.Host, err error) {
	if c.IsSet("ranks") {
		if ranks = c.Int("ranks"); !canBeRanks(ranks) {
			return 0, nil, usagef("--ranks %d: want 1, 2, 4, 8 or another power of two, up to %d", ranks, mostRanks)
		}
	}
	if !c.IsSet("hosts") {
		return ranks, nil, nil
	}
	sum := 0
	for _, part := range strings.Split(c.String("hosts"), ",") {
		name, count, counted := strings.Cut(part, ":")
		n, err := strconv.Atoi(cmp.Or(count, "1"))
		if name == "" || err != nil || n < 1 || n > mostRanks || counted && count == "" {
			return 0, nil, usagef("--hosts %q: want HOST:RANKS, or several with commas", c.String("hosts"))
		}
		hosts, sum = append(hosts, mpi.Host{Name: name, Ranks: n}), sum+n
	}
	if ranks != 0 && sum != ranks {
		return 0, nil, usagef("--hosts %s has %d ranks, and --ranks %d", c.String("hosts"), sum, ranks)
	}
	if sum&(sum-1) != 0 {
		return 0, nil, usagef("--hosts %s: %d ranks, want a power of two", c.String("hosts"), sum)
	}
	return sum, hosts, nil
}

// startRanks starts this command as the ranks that --ranks and --hosts ask for, and waits for them. It has not, if this is one
// of them, or if one process is all.
func startRanks(c *cli.Context) (started bool, err error) {
	ranks, hosts, err := readRanks(c)
	if err != nil || ranks == 0 || ranks == 1 && hosts == nil {
		return false, err
	}
	is, err := isRank(ranks)
	if err != nil || is {
		return false, err
	}
	return true, waitForRanks(c, os.Stdout, ranks, hosts, os.Args[1:])
}

// isRank reports whether a launcher started this process as one of so many.
func isRank(ranks int) (bool, error) {
	l, err := mpi.FindLaunch(os.Getenv)
	if err == nil && l.Launcher != "" && l.Size > 0 && l.Size != ranks {
		err = usagef("%s started %d of the %d ranks of --ranks; leave the flag out under a launcher", l.Launcher, l.Size, ranks)
	}
	return l.Launcher != "", err
}

// waitForRanks starts ranks of this program and waits for them. A signal to end asks them to stop in good order, another one
// not to wait.
func waitForRanks(c *cli.Context, stdout io.Writer, ranks int, hosts []mpi.Host, args []string) error {
	program, err := os.Executable()
	if err != nil {
		return fmt.Errorf("finding the program to start ranks of: %w", err)
	}
	s, err := mpi.FindStarter()
	if err != nil {
		return err
	}
	told, err := os.CreateTemp("", "gangpu-ranks-")
	if err != nil {
		return fmt.Errorf("making a file for ranks to tell how they end: %w", err)
	}
	defer os.Remove(told.Name())
	defer told.Close()
	cmd := s.Command(ranks, hosts, program, args...)
	cmd.Env = append(cmd.Env, endVariable+"="+told.Name())
	cmd.Stdout, cmd.Stderr = stdout, os.Stderr
	cmd.WaitDelay = launcherGrace // what a launcher started to reach other machines may hold the output open
	inOwnGroup(cmd)               // a terminal's Ctrl-C does not reach the launcher, which would leave the ranks no time to save
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("starting ranks by %s: %w", s.File, err)
	}
	ended := make(chan struct{})
	go endLauncher(cmd, told, ended)
	go func() {
		select {
		case <-ended:
			return
		case <-c.Context.Done():
		}
		signals := make(chan os.Signal, 1)
		for _, s := range endSignals {
			signal.Notify(signals, s)
		}
		stop := os.Signal(syscall.SIGTERM)
		if s.Name == "Open MPI" && len(launcherSignals) > 0 {
			stop = launcherSignals[0]
		}
		for {
			_ = cmd.Process.Signal(stop) // the launcher may have ended
			select {
			case <-ended:
				return
			case <-signals:
				stop = syscall.SIGTERM
			}
		}
	}()
	err = cmd.Wait()
	close(ended)
	if code, ok := toldEnd(told); ok && err != nil {
		return &ranksError{code}
	}
	if exit := (*exec.ExitError)(nil); errors.As(err, &exit) {
		return &ranksError{max(exit.ExitCode(), exitFailed)}
	}
	return err
}

// endVariable names the environment variable with the file, of the machine that ranks were started on, that they tell in how
// they end.
const endVariable = "GANGPU_RANKS_END"

// launcherGrace is how long a launcher may take to end after its ranks. Open MPI's waits for ever for a machine that it has
// lost.
const launcherGrace = 10 * time.Second

// tellEnd tells the command that started the ranks, if one did and this rank is on its machine, with which exit code they end.
func tellEnd(code int) {
	f, err := os.OpenFile(os.Getenv(endVariable), os.O_WRONLY, 0)
	if err != nil {
		return // it was another launcher, or another machine
	}
	_, _ = f.WriteAt(fmt.Appendf(nil, "%03d", code), 0) // what is not told here takes longer to be seen
	_ = f.Close()
}

// toldEnd is what a rank told by tellEnd.
func toldEnd(f *os.File) (code int, ok bool) {
	var text [3]byte
	if _, err := f.ReadAt(text[:], 0); err != nil {
		return 0, false
	}
	code, err := strconv.Atoi(string(text[:]))
	return code, err == nil
}

// endLauncher ends a launcher that has not ended long after a rank told of its end.
func endLauncher(cmd *exec.Cmd, told *os.File, ended <-chan struct{}) {
	ticks := time.NewTicker(time.Second)
	defer ticks.Stop()
	var since time.Time
	for {
		select {
		case <-ended:
			return
		case <-ticks.C:
		}
		if _, ok := toldEnd(told); !ok {
			continue
		}
		if since.IsZero() {
			since = time.Now()
		}
		if time.Since(since) > launcherGrace {
			killGroup(cmd)
			return
		}
	}
}

// ranksError is how ranks ended that were started, and that have told why.
type ranksError struct{ code int }

func (e *ranksError) Error() string { return fmt.Sprintf("the ranks ended with exit code %d", e.code) }
