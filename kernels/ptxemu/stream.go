package ptxemu

import "time"

// stream returns nil for the default stream, 0.
func (d *Driver) stream(h uint64) (*stream, error) {
	if h == 0 {
		return nil, nil
	}
	s := d.streams[h]
	if s == nil {
		return nil, newError(codeInvalidHandle, "%d is no stream", h)
	}
	return s, nil
}

// StreamCreate makes a stream. All streams run their work as it comes.
func (d *Driver) StreamCreate() (uint64, error) {
	err := d.enter()
	defer d.mu.Unlock()
	if err != nil {
		return 0, err
	}
	h := d.handle()
	d.streams[h] = &stream{}
	return h, nil
}

func (d *Driver) StreamDestroy(h uint64) error {
	err := d.enter()
	defer d.mu.Unlock()
	if err != nil {
		return err
	}
	if s, err := d.stream(h); err != nil || s == nil {
		return newError(codeInvalidHandle, "%d is no stream", h)
	}
	delete(d.streams, h)
	return nil
}

func (d *Driver) StreamSynchronize(h uint64) error {
	err := d.enter()
	defer d.mu.Unlock()
	if err != nil {
		return err
	}
	s, err := d.stream(h)
	if err == nil && s != nil && s.capture != nil {
		err = newError(codeCaptureUnsupported, "StreamSynchronize while the stream is capturing")
	}
	return err
}

// StreamQuery reports that all is done: launches have been executed when they return.
func (d *Driver) StreamQuery(h uint64) (done bool, err error) { return true, d.StreamSynchronize(h) }

func (d *Driver) EventCreate() (uint64, error) {
	err := d.enter()
	defer d.mu.Unlock()
	if err != nil {
		return 0, err
	}
	h := d.handle()
	d.events[h] = &event{}
	return h, nil
}

func (d *Driver) event(h uint64) (*event, error) {
	if e := d.events[h]; e != nil {
		return e, nil
	}
	return nil, newError(codeInvalidHandle, "%d is no event", h)
}

func (d *Driver) EventDestroy(h uint64) error {
	err := d.enter()
	defer d.mu.Unlock()
	if err != nil {
		return err
	}
	if _, err := d.event(h); err != nil {
		return err
	}
	delete(d.events, h)
	return nil
}

// EventRecord notes the time: all work before it is done.
func (d *Driver) EventRecord(h, stream uint64) error {
	err := d.enter()
	defer d.mu.Unlock()
	if err != nil {
		return err
	}
	if _, err := d.stream(stream); err != nil {
		return err
	}
	e, err := d.event(h)
	if err != nil {
		return err
	}
	e.at, e.recorded = time.Now(), true
	return nil
}

// EventElapsed returns the host's time between two events.
func (d *Driver) EventElapsed(start, end uint64) (milliseconds float32, err error) {
	err = d.enter()
	defer d.mu.Unlock()
	if err != nil {
		return 0, err
	}
	a, err := d.event(start)
	if err != nil {
		return 0, err
	}
	b, err := d.event(end)
	if err != nil {
		return 0, err
	}
	if !a.recorded || !b.recorded {
		return 0, newError(codeInvalidHandle, "EventElapsed of an event that was not recorded")
	}
	return float32(b.at.Sub(a.at).Seconds() * 1000), nil
}

// CaptureBegin records the launches on a stream from here on instead of running them.
func (d *Driver) CaptureBegin(h uint64) error {
	err := d.enter()
	defer d.mu.Unlock()
	if err != nil {
		return err
	}
	s, err := d.stream(h)
	switch {
	case err != nil:
		return err
	case s == nil:
		return newError(codeCaptureUnsupported, "the default stream cannot be captured")
	case s.capture != nil:
		return newError(codeCaptureInvalidated, "the stream is capturing already")
	}
	s.capture = &graph{}
	return nil
}

// CaptureEnd makes a graph of what was recorded.
func (d *Driver) CaptureEnd(h uint64) (graphExec uint64, err error) {
	err = d.enter()
	defer d.mu.Unlock()
	if err != nil {
		return 0, err
	}
	s, err := d.stream(h)
	if err != nil {
		return 0, err
	}
	if s == nil || s.capture == nil {
		return 0, newError(codeCaptureInvalidated, "the stream is not capturing")
	}
	g := d.handle()
	d.graphs[g], s.capture = s.capture, nil
	return g, nil
}

// GraphLaunch runs a graph's launches in their order.
func (d *Driver) GraphLaunch(graphExec, stream uint64) error {
	err := d.enter()
	defer d.mu.Unlock()
	if err != nil {
		return err
	}
	s, err := d.stream(stream)
	if err != nil {
		return err
	}
	g := d.graphs[graphExec]
	if g == nil {
		return newError(codeInvalidHandle, "%d is no graph", graphExec)
	}
	if s != nil && s.capture != nil {
		return newError(codeCaptureUnsupported, "GraphLaunch while the stream is capturing")
	}
	for _, r := range g.launches {
		if d.funcs[r.fn] == nil {
			return newError(codeInvalidHandle, "the graph launches a function that was unloaded")
		}
		if err := d.run(r.fn, r.grid, r.block, r.shared, r.args); err != nil {
			return err
		}
	}
	return nil
}

func (d *Driver) GraphDestroy(graphExec uint64) error {
	err := d.enter()
	defer d.mu.Unlock()
	if err != nil {
		return err
	}
	if d.graphs[graphExec] == nil {
		return newError(codeInvalidHandle, "%d is no graph", graphExec)
	}
	delete(d.graphs, graphExec)
	return nil
}
