package train_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"gangpu/engine/collective"
	"gangpu/engine/program"
	"gangpu/gan/data"
	"gangpu/gan/train"
	"gangpu/gan/train/traintest"
)

// rankTest is a run of several ranks, each a goroutine with a device of its own.
type rankTest struct {
	open  func(testing.TB) program.Device
	link  func(collective.Group, program.Device) error // the devices with each other, if it is set
	game  func() train.Game
	data  train.Data
	s     train.Settings
	from  *train.Model // to go on from; nil for a new run
	limit time.Duration
	stop  func(rank int)
	odd   int // a rank that has another seed
}

// run has rank 0 do something, while the others follow, and returns all errors.
func (c rankTest) run(t *testing.T, size int, lead func(tr *train.Trainer) error, follow func(rank int, tr *train.Trainer) error) []error {
	t.Helper()
	if c.limit == 0 {
		c.limit = time.Minute
	}
	errs := make([]error, size)
	var wg sync.WaitGroup
	for i, g := range collective.Local(size) {
		dev := c.open(t)
		wg.Go(func() {
			errs[i] = func() (err error) {
				if c.link != nil {
					if err := c.link(g, dev); err != nil {
						return err
					}
				}
				s := c.s
				if i > 0 && i == c.odd {
					s.Seed++
				}
				r := train.Ranks{Group: g, Limit: c.limit, Stop: c.stop}
				var tr *train.Trainer
				if c.from != nil {
					tr, err = train.ResumeRank(r, dev, c.game(), c.from, c.data)
				} else {
					tr, err = train.NewRank(r, dev, c.game(), s, c.data)
				}
				if err != nil {
					return err
				}
				defer func() { err = errors.Join(err, tr.Close()) }()
				if i == 0 {
					return lead(tr)
				}
				return follow(i, tr)
			}()
		})
	}
	wg.Wait()
	return errs
}

func follow(_ int, tr *train.Trainer) error { return tr.Follow(context.Background()) }

// trained is the hash of what so many iterations make, and the model.
func (c rankTest) trained(t *testing.T, size, iterations int) (hash string, m *train.Model) {
	t.Helper()
	for rank, err := range c.run(t, size, func(tr *train.Trainer) error {
		for range iterations {
			if err := tr.Step(); err != nil {
				return err
			}
			if _, err := tr.Metrics(); err != nil {
				return err
			}
		}
		var path string
		path, hash = save(t, tr)
		var err error
		m, err = train.Load(path)
		return err
	}, follow) {
		if err != nil {
			t.Fatalf("rank %d of %d: %v", rank, size, err)
		}
	}
	return hash, m
}

// One rank, two, four and eight make the same model file: of a game with batch and spectral norms, masks, classes, a
// gradient penalty, averages and clipping, and of one with pools.
func TestRanksMakeTheSameFile(t *testing.T) {
	pools := func() train.Game { return pooling(3) }
	for name, c := range map[string]rankTest{
		"game":  {open: traintest.CPU, game: game, data: dataOf(30), s: train.Settings{Batch: 16, Shards: 8, Seed: 5}},
		"pools": {open: traintest.CPU, game: pools, data: traintest.Images(4, 2, 2, 1, 0), s: train.Settings{Batch: 16, Shards: 8, Seed: 5}},
	} {
		want, _ := c.trained(t, 1, 5)
		for _, size := range []int{2, 4, 8} {
			if got, _ := c.trained(t, size, 5); got != want {
				t.Errorf("%s: %d ranks make another file than one", name, size)
			}
		}
	}
}

func TestRanksMakeTheSameFileOnTheEmulator(t *testing.T) {
	if testing.Short() {
		t.Skip("-short leaves out the emulator, which the race detector makes too slow; make test runs this")
	}
	c := rankTest{open: traintest.Emulated, game: game, data: dataOf(30), s: train.Settings{Batch: 4, Shards: 4, Seed: 5}}
	want, _ := c.trained(t, 1, 2)
	for _, size := range []int{2, 4} {
		if got, _ := c.trained(t, size, 2); got != want {
			t.Errorf("%d ranks make another file than one", size)
		}
	}
}

// A run goes on with another number of ranks to the bits that it would have come to: pools go with it.
func TestRunGoesOnWithOtherRanks(t *testing.T) {
	c := rankTest{open: traintest.CPU, game: func() train.Game { return pooling(3) }, data: traintest.Images(4, 2, 2, 1, 0),
		s: train.Settings{Batch: 8, Shards: 4, Seed: 5}}
	want, _ := c.trained(t, 1, 6)
	_, c.from = c.trained(t, 4, 2)
	_, c.from = c.trained(t, 2, 2)
	if got, _ := c.trained(t, 1, 2); got != want {
		t.Error("4 ranks, then 2, then 1 make another file than one that was never stopped")
	}
}

// Each rank loads and augments its own part of a batch.
func TestRanksStreamPictures(t *testing.T) {
	d := pictures(t)
	td, err := train.FromDataset(d, d.Split("train"), data.Augment{Flip: true, Shift: 1}, 0)
	if err != nil {
		t.Fatal(err)
	}
	c := rankTest{open: traintest.CPU, game: game, data: td.In(-1, 1), s: train.Settings{Batch: 8, Shards: 4, Seed: 5}}
	want, _ := c.trained(t, 1, 4)
	if got, _ := c.trained(t, 4, 4); got != want {
		t.Error("four ranks make another file than one")
	}
}

func TestRankIsAskedToStop(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	stopped := 0
	c := rankTest{open: traintest.CPU, game: game, data: dataOf(30), s: train.Settings{Batch: 8, Shards: 4, Seed: 5}, stop: func(rank int) { stopped = rank }}
	for rank, err := range c.run(t, 4, func(tr *train.Trainer) error {
		for range 100 { // until the other has heard of its context
			if err := tr.Step(); err != nil || stopped > 0 {
				return err
			}
		}
		return nil
	}, func(rank int, tr *train.Trainer) error {
		if rank == 2 {
			return tr.Follow(ctx)
		}
		return follow(rank, tr)
	}) {
		if err != nil {
			t.Errorf("rank %d: %v", rank, err)
		}
	}
	if stopped != 2 {
		t.Errorf("rank %d was asked to stop", stopped)
	}
}

// Ranks that hold other networks, that are lost, or whose number does not fit are told of.
func TestRanksThatCannotGoOn(t *testing.T) {
	c := rankTest{open: traintest.CPU, game: game, data: dataOf(30), s: train.Settings{Batch: 8, Shards: 4, Seed: 5}}
	step := func(tr *train.Trainer) error { return tr.Step() }
	c.odd = 3
	errs := c.run(t, 4, step, follow)
	for rank, err := range errs {
		if err == nil || !strings.Contains(err.Error(), "other networks than on rank 0 to begin with: on rank 3") {
			t.Errorf("rank %d: %v", rank, err)
		}
	}

	c.odd, c.limit = 0, 100*time.Millisecond
	errs = c.run(t, 2, func(tr *train.Trainer) error {
		for range 3 {
			if err := tr.Step(); err != nil {
				return err
			}
		}
		return nil
	}, func(int, *train.Trainer) error { return nil })
	if err := errs[0]; err == nil || !strings.Contains(err.Error(), "iteration 1: rank 1 did not come within 100ms") {
		t.Errorf("rank 0: %v", err)
	}

	c.s.Shards = 2
	for rank, err := range c.run(t, 4, step, follow) {
		if err == nil || !strings.Contains(err.Error(), "4 ranks cannot share 2 shards") {
			t.Errorf("rank %d: %v", rank, err)
		}
	}
}

// Rank 0 may do something of its own for longer than the limit.
func TestRanksWait(t *testing.T) {
	c := rankTest{open: traintest.CPU, game: game, data: dataOf(30), s: train.Settings{Batch: 8, Shards: 4, Seed: 5}, limit: 2 * time.Second}
	for rank, err := range c.run(t, 2, func(tr *train.Trainer) error {
		if err := tr.Step(); err != nil {
			return err
		}
		time.Sleep(3 * time.Second)
		return tr.Step()
	}, follow) {
		if err != nil {
			t.Errorf("rank %d: %v", rank, err)
		}
	}
}

// Where numbers stopped being finite is found by rank 0 alone, which lets the others go.
func TestRanksFindOrigin(t *testing.T) {
	broken := func() train.Game {
		g := withoutNorm()
		for i := range g.Phases {
			g.Phases[i].Optimizer = train.SGD{Rate: train.Constant(1e30)}
		}
		return g
	}
	c := rankTest{open: traintest.CPU, game: broken, data: dataOf(30), s: train.Settings{Batch: 8, Shards: 4, Seed: 5}}
	for rank, err := range c.run(t, 4, func(tr *train.Trainer) error {
		var diverged *train.DivergedError
		for range 10 {
			if err := tr.Step(); err != nil {
				return err
			}
			if _, err := tr.Metrics(); errors.As(err, &diverged) {
				break
			}
		}
		o, err := tr.FindOrigin(nil)
		if err == nil && (diverged == nil || o == nil || o.Iteration > diverged.Iteration) {
			err = fmt.Errorf("it began in %v, and was seen as %v", o, diverged)
		}
		return err
	}, follow) {
		if err != nil {
			t.Errorf("rank %d: %v", rank, err)
		}
	}
}

// A step of two ranks allocates nothing on either.
func TestStepOfRanksAllocatesNothing(t *testing.T) {
	c := rankTest{open: traintest.CPU, game: game, data: dataOf(30), s: train.Settings{Batch: 8, Shards: 4, Seed: 5}}
	for rank, err := range c.run(t, 2, func(tr *train.Trainer) error {
		if err := tr.Step(); err != nil {
			return err
		}
		var failed error
		if n := testing.AllocsPerRun(10, func() { failed = errors.Join(failed, tr.Step()) }); n != 0 {
			return fmt.Errorf("%v allocations a step", n)
		}
		return failed
	}, follow) {
		if err != nil {
			t.Errorf("rank %d: %v", rank, err)
		}
	}
}
