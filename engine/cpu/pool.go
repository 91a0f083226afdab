package cpu

import (
	"sync"
	"sync/atomic"
)

// A pool runs phases on a fixed number of workers. The goroutine that calls run is worker 0; the others are its helpers.
// One that has nothing to do looks for work for some time before it sleeps, as the next phase mostly begins at once, and
// waking takes longer than many a phase.
type pool struct {
	threads int
	closed  bool
	helpers []helper

	phase   *phase // the one that runs; written before the helpers are told
	next    atomic.Int64
	running atomic.Int64   // helpers that are not done
	done    sync.WaitGroup // of them, to sleep until they are
}

// poolLooks is how often a worker looks for work, or for the end of others' work, before it sleeps: some 20
// microseconds.
const poolLooks = 1000

type helper struct {
	state atomic.Int32
	wake  chan struct{} // closed, the helper ends
	_     [128]byte     // keeps helpers off each other's cache lines
}

// States of a helper.
const (
	looking int32 = iota
	told          // that there is work
	asleep
)

func newPool(threads int) *pool {
	p := &pool{threads: threads, helpers: make([]helper, threads-1)}
	for i := range p.helpers {
		p.helpers[i].wake = make(chan struct{}, 1)
		go p.help(&p.helpers[i], i+1)
	}
	return p
}

func (p *pool) help(h *helper, worker int) {
	for h.wait() {
		p.drain(worker)
		h.state.Store(looking)
		p.running.Add(-1) // before Done: a caller that slept begins the next phase at once, and counts its helpers anew
		p.done.Done()
	}
}

// wait returns when the helper is told of work, or false at the end.
func (h *helper) wait() bool {
	for range poolLooks {
		if h.state.Load() == told {
			return true
		}
		pause()
	}
	if !h.state.CompareAndSwap(looking, asleep) {
		return true
	}
	_, more := <-h.wake
	return more
}

// tell makes the helper work.
func (h *helper) tell() {
	if !h.state.CompareAndSwap(looking, told) {
		h.wake <- struct{}{}
	}
}

// drain runs tasks until none is left. Workers take them one by one, so that a late worker, or one
// whose core is shared, does fewer.
func (p *pool) drain(worker int) {
	for {
		task := int(p.next.Add(1)) - 1
		if task >= p.phase.tasks {
			return
		}
		p.phase.run(task, worker)
	}
}

// run runs the phases of k in turn.
func (p *pool) run(k kernel) {
	for i := range k {
		p.phase = &k[i]
		p.next.Store(0)
		helpers := p.helpers[:max(0, min(p.threads, k[i].tasks)-1)]
		p.running.Store(int64(len(helpers)))
		p.done.Add(len(helpers))
		for i := range helpers {
			helpers[i].tell()
		}
		p.drain(0)
		for looks := 0; p.running.Load() > 0; looks++ {
			if looks == poolLooks {
				p.done.Wait()
				break
			}
			pause()
		}
	}
}

func (p *pool) close() {
	for i := range p.helpers {
		close(p.helpers[i].wake)
	}
	p.helpers, p.closed = nil, true
}
