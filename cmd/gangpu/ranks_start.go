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
	cmd := s.Command(ranks, hosts, program, args...)
	cmd.Stdout, cmd.Stderr = stdout, os.Stderr
	inOwnGroup(cmd) // a terminal's Ctrl-C does not reach the launcher, which would leave the ranks no time to save
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("starting ranks by %s: %w", s.File, err)
	}
	ended := make(chan struct{})
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
	if exit := (*exec.ExitError)(nil); errors.As(err, &exit) {
		return &ranksError{max(exit.ExitCode(), exitFailed)}
	}
	return err
}

// ranksError is how ranks ended that were started, and that have told why.
type ranksError struct{ code int }

func (e *ranksError) Error() string { return fmt.Sprintf("the ranks ended with exit code %d", e.code) }
