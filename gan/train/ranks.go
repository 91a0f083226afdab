package train

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"hash"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"gangpu/engine/collective"
	"gangpu/engine/program"
)

// Ranks say which of the ranks of a run a trainer is. Each computes as many of the batch's shards, which are added in
// the binary tree that one rank would add them in: all ranks hold the same networks, to the bit, and the same as one
// rank alone.
//
// Rank 0 is used like a trainer that is alone; the others [Trainer.Follow] it. What only reads networks, as a Sampler
// does, is for rank 0.
type Ranks struct {
	Group collective.Group // nil for one rank alone
	// Limit is how long a rank waits for another before the run is given up.
	Limit time.Duration
	// Stop, if set, is called on rank 0 when another rank was asked to stop.
	Stop func(rank int)
	// Progress, if set, is called after each iteration with how many were made.
	Progress func(iterations int)
}

// A command is what rank 0 tells the others to do.
type command uint64

const (
	commandWait     command = iota // rank 0 judges, or saves: it is still there
	commandStep                    // the next iteration
	commandUpdate                  // of one phase, by its number
	commandSnapshot                // bring what shards keep to rank 0
	commandEnd
)

// compareEvery is after how many iterations the ranks compare their networks.
const compareEvery = 100

// ranks is a trainer's part in a group.
type ranks struct {
	Ranks
	sum        collective.Adder
	mu         sync.Mutex // of the group, on rank 0, which tells the others to wait meanwhile
	ended      bool       // by an error, or by rank 0
	stop       atomic.Bool
	send, recv [][]byte // of a command
	stopTicks  func()
	compared   int // iterations that networks were compared after; -1 for not yet
	digest     hash.Hash
	values     []float32 // an array of the device, to be compared
}

// join makes the trainer one of a group. All phases are written down.
func (t *Trainer) join(r Ranks) error {
	if r.Group == nil || r.Group.Size() == 1 {
		return nil
	}
	size := r.Group.Size()
	if t.settings.Shards%size != 0 {
		return fmt.Errorf("%d ranks cannot share %d shards equally: want as many shards as ranks, or a multiple", size, t.settings.Shards)
	}
	j := &ranks{Ranks: r, compared: -1, digest: sha256.New(), send: make([][]byte, size), recv: make([][]byte, size)}
	said := make([]byte, 16)
	if r.Group.Rank() > 0 {
		j.recv[0] = said
	} else {
		j.send = slices.Repeat([][]byte{said}, size)
	}
	t.ranks = j
	return t.newSum()
}

// newSum has the ranks, if there are several, add what the phases compute.
func (t *Trainer) newSum() (err error) {
	if t.ranks == nil {
		return nil
	}
	longest := 0
	for _, p := range t.phases {
		longest = max(longest, p.results.len)
	}
	if t.ranks.sum, err = collective.NewAdder(t.ranks.Group, t.arrays.dev, longest); err == nil {
		t.arrays.owned = append(t.arrays.owned, t.ranks.sum.Close)
	}
	return err
}

// own are the trainer's shards: the first one, and how many.
func (t *Trainer) own() (first, n int) {
	if t.ranks == nil {
		return 0, t.settings.Shards
	}
	n = t.settings.Shards / t.ranks.Group.Size()
	return n * t.ranks.Group.Rank(), n
}

// begin has the other ranks do something with rank 0, until end.
func (r *ranks) begin(c command, argument int) error {
	if r == nil {
		return nil
	}
	if r.Group.Rank() > 0 {
		return fmt.Errorf("rank %d does what rank 0 does, by Follow, and nothing of its own", r.Group.Rank())
	}
	r.mu.Lock()
	if r.stopTicks == nil {
		r.keepTelling()
	}
	if err := r.tell(c, argument); err != nil {
		r.mu.Unlock()
		return err
	}
	return nil
}

// Lead has the other ranks wait, for as long as it takes, for what comes: rank 0 calls it when all ranks have made their
// trainers, unless its first step follows at once.
func (t *Trainer) Lead() error {
	err := t.ranks.begin(commandWait, 0)
	if err == nil {
		t.ranks.end(nil)
	}
	return err
}

// end ends what begin began.
func (r *ranks) end(err error) {
	if r != nil {
		r.ended = r.ended || err != nil && collective.Ends(err)
		r.mu.Unlock()
	}
}

func (r *ranks) tell(c command, argument int) error {
	if r.ended {
		return fmt.Errorf("the ranks have parted")
	}
	for _, said := range r.send {
		binary.LittleEndian.PutUint64(said, uint64(c))
		binary.LittleEndian.PutUint64(said[8:], uint64(argument))
	}
	if err := r.Group.Exchange(r.Limit, r.send, r.recv); err != nil {
		r.ended = true
		return err
	}
	return nil
}

// keepTelling tells the other ranks, as long as rank 0 does something of its own, that it is there.
func (r *ranks) keepTelling() {
	done := make(chan struct{})
	var once sync.Once
	r.stopTicks = func() { once.Do(func() { close(done) }) }
	go func() {
		ticks := time.NewTicker(r.Limit / 4)
		defer ticks.Stop()
		for {
			select {
			case <-done:
				return
			case <-ticks.C:
				// In the middle of a step the ranks hear of each other anyway.
				if r.mu.TryLock() {
					if !r.ended {
						_ = r.tell(commandWait, 0) // what fails here fails in the next step again
					}
					r.mu.Unlock()
				}
			}
		}
	}()
}

// part lets the other ranks go, if they are still there.
func (r *ranks) part() error {
	if r == nil || r.Group.Rank() > 0 {
		return nil
	}
	if r.stopTicks != nil {
		r.stopTicks()
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.ended {
		return nil
	}
	err := r.tell(commandEnd, 0)
	r.ended = true
	return err
}

// Follow does what rank 0 does, until that one closes its trainer. If the context ends, it asks rank 0 to stop.
func (t *Trainer) Follow(ctx context.Context) error {
	r := t.ranks
	if r == nil || r.Group.Rank() == 0 {
		return fmt.Errorf("rank 0 follows none")
	}
	defer context.AfterFunc(ctx, func() { r.stop.Store(true) })()
	for {
		if err := r.Group.Exchange(r.Limit, r.send, r.recv); err != nil {
			return fmt.Errorf("after iteration %d: %w", t.iteration, err)
		}
		c, argument := command(binary.LittleEndian.Uint64(r.recv[0])), int(binary.LittleEndian.Uint64(r.recv[0][8:]))
		var err error
		switch c {
		case commandWait:
		case commandStep:
			if argument != t.iteration {
				return fmt.Errorf("rank 0 has made %d iterations, rank %d %d", argument, r.Group.Rank(), t.iteration)
			}
			err = t.step()
		case commandUpdate:
			err = t.updatePhase(t.runs[argument])
		case commandSnapshot:
			err = t.beforeSnapshot()
		case commandEnd:
			return nil
		default:
			err = fmt.Errorf("rank 0 tells of %d", c)
		}
		if err != nil {
			return err
		}
	}
}

// add adds the results of a phase over all ranks. mine is the error that this one has, which all learn of.
func (t *Trainer) add(r *running, mine error) error {
	j := t.ranks
	stopped, err := j.sum.Add(j.Limit, t.arrays.bindings[r.storage], r.results.len, j.stop.Load(), mine)
	if err != nil {
		return err
	}
	if stopped > 0 && j.Stop != nil && j.Group.Rank() == 0 {
		j.Stop(stopped)
	}
	return nil
}

// beforeSnapshot brings what the shards of other ranks keep to the device, and compares networks.
func (t *Trainer) beforeSnapshot() error {
	if err := t.compare(); err != nil {
		return err
	}
	j := t.ranks
	first, own := t.own()
	for _, p := range t.phases {
		for _, k := range p.kept {
			values := make([]float32, t.settings.Shards*k.len())
			mine := values[first*k.len():][:own*k.len()]
			if err := read(t.arrays, keptOf(k.name), first*k.len(), mine); err != nil {
				return err
			}
			for rank := range j.Group.Size() {
				of := values[rank*own*k.len():][:own*k.len()]
				if err := collective.BroadcastFrom(j.Group, j.Limit, rank, program.AsBytes(of)); err != nil {
					return fmt.Errorf("what the shards of rank %d keep: %w", rank, err)
				}
			}
			if err := write(t.arrays, keptOf(k.name), 0, values); err != nil {
				return err
			}
		}
	}
	return nil
}

// leave makes rank 0 a trainer that is alone, which computes all shards itself.
func (t *Trainer) leave() error {
	err := t.ranks.part()
	t.ranks = nil
	for _, r := range t.runs {
		r.closeStreams()
		r.draws, r.brings, r.keeps, r.merges = nil, nil, nil, nil
		if err == nil {
			err = t.loadShards(r)
		}
	}
	return err
}
