package cuda

import (
	"fmt"
	"runtime"
	"time"

	"gangpu/engine/program"
)

// Links move memory between a GPU and those of the other ranks of a run. Package nccl makes them.
type Links interface {
	// Exchange enqueues on a stream that send[i] goes to each other rank i, and that recv[i] is filled with what that one
	// sends here, as many bytes. Ranges may be empty.
	Exchange(stream uint64, send, recv []Range) error
	// Failure is what has gone wrong since in what was enqueued, if that is known.
	Failure() error
	// Abort gives up what was enqueued, so that the stream goes on, and returns the error of an exchange that was not done
	// within the time waited. The links are of no use then.
	Abort(waited time.Duration) error
	Close() error
}

// Range is memory of a GPU.
type Range struct{ Address, Bytes uint64 }

// linked is a device's part in an exchange of memory.
type linked struct {
	links      Links
	limit      time.Duration
	busy       bool // an exchange may be under way
	send, recv []Range
}

// Link lets the device exchange memory with other ranks by links, which it owns from then on. [Device.Sync] and what waits
// as it does give up an exchange that is not done within the limit: the device is of no use then.
func (d *Device) Link(l Links, limit time.Duration) { d.linked = linked{links: l, limit: limit} }

// Linked reports whether the device can exchange memory with other ranks.
func (d *Device) Linked() bool { return d.linked.links != nil }

// Within calls a function on a thread where the device's context is current, as libraries beside the driver want it.
func (d *Device) Within(f func() error) error { return d.driver.Within(f) }

// Exchange enqueues, after what was run before, that send[i] goes to each other rank i, and that recv[i] is filled with what
// that one sends here. Parts may be empty. It allocates nothing.
func (d *Device) Exchange(send, recv []program.Part) error {
	l := &d.linked
	switch {
	case d.closed:
		return errClosed
	case d.failure != nil:
		return d.failure
	case l.links == nil:
		return fmt.Errorf("%s: exchanging memory: the device has no links", d.info.Name)
	}
	var err error
	if l.send, err = d.ranges(l.send[:0], send); err != nil {
		return err
	}
	if l.recv, err = d.ranges(l.recv[:0], recv); err != nil {
		return err
	}
	l.busy = true
	if err := l.links.Exchange(d.stream, l.send, l.recv); err != nil {
		return d.fault(fmt.Errorf("exchanging memory: %w", err))
	}
	return nil
}

// ranges appends where parts of the device's arrays lie.
func (d *Device) ranges(to []Range, parts []program.Part) ([]Range, error) {
	for _, p := range parts {
		if p.Len == 0 {
			to = append(to, Range{})
			continue
		}
		m, ok := p.Memory.(*memory)
		if !ok || m.device != d {
			return nil, fmt.Errorf("%s: exchanging memory of another device", d.info.Name)
		}
		size := m.dtype.Size()
		if err := m.check("exchanging", p.First*size, p.Len*size); err != nil {
			return nil, err
		}
		to = append(to, Range{m.ptr + uint64(p.First*size), uint64(p.Len * size)})
	}
	return to, nil
}

// Waits for an exchange: what is done soon is seen at once, and a long wait leaves the core to others.
const (
	exchangeSpin  = 50 * time.Microsecond
	exchangePause = 20 * time.Microsecond
)

// waitExchange waits for an exchange that may be under way, and ends it if ranks do not come.
func (d *Device) waitExchange() error {
	l := &d.linked
	for start := time.Now(); l.busy && d.failure == nil; {
		done, err := d.driver.StreamQuery(d.stream)
		if err != nil {
			return d.fault(fmt.Errorf("waiting for an exchange of memory: %w", d.running(err)))
		}
		waited := time.Since(start)
		if err = l.links.Failure(); err != nil || !done && waited >= l.limit {
			lost := l.links.Abort(waited.Round(time.Millisecond))
			if err == nil {
				err = lost
			}
			d.failure = fmt.Errorf("%s: an exchange of memory: %w", d.info.Name, err)
			return d.failure
		}
		switch {
		case done:
			l.busy = false
		case waited < exchangeSpin:
			runtime.Gosched()
		default:
			time.Sleep(exchangePause)
		}
	}
	return nil
}

// closeLinks ends them, in good order if nothing has failed.
func (d *Device) closeLinks() error {
	if d.linked.links == nil {
		return nil
	}
	links := d.linked.links
	d.linked = linked{}
	if d.failure != nil {
		_ = links.Abort(0) // what failed before is told
		return nil
	}
	return links.Close()
}
