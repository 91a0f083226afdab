package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"
	"runtime"
	"sync/atomic"
	"syscall"
	"time"

	"gangpu/engine"
	"gangpu/engine/collective"
	"gangpu/engine/collective/mpi"
	"gangpu/engine/program"
	"gangpu/gan/train"
	"gangpu/internal/safetensors"

	"github.com/urfave/cli/v2"
)

// ranks are the processes that a launcher started to train one model together. All methods but those of the group are for
// nil, one process alone, too.
type ranks struct {
	collective.Group
	limit  time.Duration
	errors io.Writer // of this process; the command's own is silent on all ranks but 0
	saved  []byte    // on the others, the file of the state that the run goes on from
	links  string    // what a reader is told of how GPUs exchange gradients; empty if through the host

	// Where the training is, for what is told if the library hangs.
	iterations atomic.Int64
	resume     atomic.Value // on rank 0, the command line that goes on with the run, a string
}

// setups is how many limits the ranks wait for each other until all are set up: rank 0 may fetch data.
const setups = 12

// joinRanks joins the ranks that a launcher started, which wait for each other up to the limit; nil if it started one, or there
// is none. Ranks but 0 print nothing.
func joinRanks(c *cli.Context, limit time.Duration) (*ranks, error) {
	l, err := mpi.FindLaunch(os.Getenv)
	if err != nil || l.Size == 1 {
		return nil, err
	}
	r := &ranks{limit: limit, errors: c.App.ErrWriter}
	if r.Group, err = mpi.Open(l, limit, r.hung); err != nil {
		return nil, err
	}
	if r.Size() == 1 {
		return nil, r.Close()
	}
	if r.follows() {
		c.App.Writer, c.App.ErrWriter = io.Discard, io.Discard
	}
	return r, nil
}

// hung ends the process, whose library does not come back.
func (r *ranks) hung(err error) {
	err = fmt.Errorf("after iteration %d: %w", r.iterations.Load(), err)
	if r.Group != nil { // the ranks have found each other
		err = fmt.Errorf("%s: %w", collective.RankName(r.Rank(), r.Host(r.Rank())), err)
	}
	if line, ok := r.resume.Load().(string); ok {
		err = fmt.Errorf("%w; go on with: %s", err, line)
	}
	tell(r.errors, err)
	tellEnd(exitLost)
	os.Exit(exitLost)
}

// follows reports whether this is a rank that does what rank 0 does.
func (r *ranks) follows() bool { return r != nil && r.Rank() > 0 }

// leave ends the ranks by how the training ended. An error that all know of is rank 0's to tell; one that the others do not
// know of is told where it is. Either ends all ranks with the exit code of the error.
func (r *ranks) leave(ctx context.Context, err error) error {
	if r == nil {
		return err
	}
	shared := collective.IsShared(err)
	if err == nil || shared && r.follows() {
		return r.Close()
	}
	switch of := (*collective.SharedError)(nil); {
	case !shared && (r.follows() || collective.Ends(err)):
		err = fmt.Errorf("%s: %w", collective.RankName(r.Rank(), r.Host(r.Rank())), err)
	case errors.As(err, &of) && err == error(of) && of.Rank == 0:
		err = of.Err
	}
	tell(r.errors, err)
	// Launchers lose what a rank prints right before it ends, and some return another exit code if ranks end in good order.
	time.Sleep(300 * time.Millisecond)
	code := exitCode(ctx, err)
	tellEnd(code)
	r.Abort(code)
	os.Exit(code) // where the library hangs too
	return err
}

// share has all ranks know whether one has an error, which is an error on all.
func (r *ranks) share(mine error) error {
	if r == nil || mine != nil && collective.Ends(mine) {
		return mine
	}
	return collective.Share(r, setups*r.limit, mine)
}

// lead does something on rank 0 alone, whose error is one on all.
func (r *ranks) lead(f func() error) error {
	if r.follows() {
		return r.share(nil)
	}
	return r.share(f())
}

// open opens the training: rank 0 first, which may fetch and decode what the others find then, and brings the state to go on
// from. It is an error if the ranks do not train the same.
func (r *ranks) open(c *cli.Context, t *training) error {
	if err := r.lead(func() error { return t.open(c) }); err != nil || r == nil {
		return err
	}
	err := r.share(r.openOthers(c, t))
	if err == nil {
		err = collective.Agree(r, r.limit, t.facts())
	}
	if err != nil && t.data != nil {
		_ = t.data.Close()
	}
	return err
}

func (r *ranks) openOthers(c *cli.Context, t *training) (err error) {
	var state []byte
	if !r.follows() && t.saved != nil {
		state, err = os.ReadFile(t.from)
	}
	if err := r.share(err); err != nil {
		return err
	}
	if r.saved, err = collective.Broadcast(r, r.limit, state); err != nil || !r.follows() {
		return err
	}
	return t.open(c)
}

// state is what a run goes on from, on a rank that rank 0 brought it to.
func (r *ranks) state() (*train.Model, error) {
	if len(r.saved) == 0 {
		return nil, errors.New("rank 0 begins a new run")
	}
	file, err := safetensors.Decode(bytes.NewReader(r.saved), int64(len(r.saved)))
	if err != nil {
		return nil, err
	}
	return train.Decode(file)
}

// facts are what all ranks have to have alike.
func (t *training) facts() []collective.Fact {
	all := []collective.Fact{{Name: "version", Value: versionLine()}, {Name: "game", Value: t.system.Name}}
	add := func(name string, value any) { all = append(all, collective.Fact{Name: name, Value: fmt.Sprint(value)}) }
	add("batch", t.planned.Batch)
	add("number of shards", t.planned.Shards)
	add("seed", t.planned.Seed)
	add("number of iterations", t.planned.Iterations)
	for _, o := range (train.Preset{Settings: t.game.Settings}).Options() {
		add(o.Name, o.Default)
	}
	made := 0
	if t.saved != nil {
		made = t.saved.Iterations
	}
	add("number of iterations made", made)
	add("set of images", t.data.SHA256)
	add("set of labels", t.data.labels())
	add("augmentation", fmt.Sprintf("%+v", t.data.augment))
	return all
}

// threadsOf is what the description of the CPU device says of threads, which change no bits.
var threadsOf = regexp.MustCompile(`, \d+ threads?`)

// openDevice opens the rank's device: of several GPUs its own, of the cores its share. It is an error if the ranks' devices
// are not of one kind: they would round differently.
func (r *ranks) openDevice(c *cli.Context, name string) (program.Device, error) {
	if r == nil {
		return openDeviceAs(c, name, c.Int("threads"))
	}
	threads, err := r.threads(c)
	if err != nil {
		return nil, err
	}
	dev, err := openDeviceAs(c, r.deviceName(name), threads)
	if err := r.share(err); err != nil {
		if dev != nil {
			_ = dev.Close()
		}
		return nil, err
	}
	info := dev.Info()
	if err := collective.Agree(r, r.limit, []collective.Fact{
		{Name: "device", Value: threadsOf.ReplaceAllString(info.Description, "")}, {Name: "precision", Value: info.Precision}}); err != nil {
		return nil, errors.Join(err, dev.Close())
	}
	chooseNCCL()
	if err := r.linkGPU(c.App.ErrWriter, dev); err != nil {
		return nil, errors.Join(err, dev.Close())
	}
	return dev, nil
}

// deviceName is the name that --device says; where that leaves it open, and the machine has several GPUs, each rank of it takes
// the next.
func (r *ranks) deviceName(name string) string {
	if name != "auto" || chooseDriver(os.Getenv(libraryVariable)) != nil {
		return name
	}
	cards, _, err := engine.GPUs()
	if err != nil || len(cards) < 2 {
		return name // opening it tells what is wrong
	}
	local, _ := r.Local()
	return fmt.Sprintf("cuda:%d", local%len(cards))
}

var allowedCores = regexp.MustCompile(`(?m)^Cpus_allowed_list:\s*(.*)$`)

// threads is the number of threads of the CPU device: the flag's, or the cores that the rank may use, shared with the ranks
// of the machine that may use the same ones.
func (r *ranks) threads(c *cli.Context) (int, error) {
	status, _ := os.ReadFile("/proc/self/status") // where there is none, all may use all cores
	mine := r.Host(r.Rank()) + string(allowedCores.Find(status))
	all, err := collective.Gather(r, r.limit, []byte(mine))
	if err != nil {
		return 0, err
	}
	sharing, bound := 0, false
	for rank, of := range all {
		if string(of) == mine {
			sharing++
		} else if r.Host(rank) == r.Host(r.Rank()) {
			bound = true
		}
	}
	threads := c.Int("threads")
	if threads > 0 {
		return threads, nil
	}
	if bound && runtime.NumCPU() == 1 {
		fmt.Fprintln(c.App.ErrWriter, "gangpu: the launcher bound each rank to one core: --bind-to none lets ranks share all of the machine's")
	}
	return max(1, runtime.NumCPU()/sharing), nil
}

// of is the rank as a trainer takes it. A rank that is asked to stop has rank 0 stop the run.
func (r *ranks) of(stop func(error)) train.Ranks {
	if r == nil {
		return train.Ranks{}
	}
	return train.Ranks{Group: r.Group, Limit: r.limit, Stop: func(int) { stop(&signalError{syscall.SIGTERM}) },
		Progress: func(iterations int) { r.iterations.Store(int64(iterations)) }}
}
