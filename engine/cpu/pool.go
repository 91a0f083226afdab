package cpu

import (
	"sync"
	"sync/atomic"
)

// A pool runs phases on a fixed number of workers. The goroutine that calls run is worker 0; the
// others sleep between phases.
type pool struct {
	threads int
	closed  bool
	wake    []chan struct{} // one a sleeping worker; closed, it ends
	done    sync.WaitGroup

	phase *phase // the one that runs; written before the wake that publishes it
	next  atomic.Int64
}

func newPool(threads int) *pool {
	p := &pool{threads: threads, wake: make([]chan struct{}, threads-1)}
	for i := range p.wake {
		p.wake[i] = make(chan struct{}, 1)
		go p.work(p.wake[i], i+1)
	}
	return p
}

func (p *pool) work(wake <-chan struct{}, worker int) {
	for range wake {
		p.drain(worker)
		p.done.Done()
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
		helpers := min(p.threads, k[i].tasks) - 1
		if helpers > 0 {
			p.done.Add(helpers)
			for _, w := range p.wake[:helpers] {
				w <- struct{}{}
			}
		}
		p.drain(0)
		if helpers > 0 {
			p.done.Wait()
		}
	}
}

func (p *pool) close() {
	for _, w := range p.wake {
		close(w)
	}
	p.wake, p.closed = nil, true
}
