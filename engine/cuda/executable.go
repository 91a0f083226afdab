package cuda

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"gangpu/engine/program"
)

// launch is one kernel with everything that starting it takes.
type launch struct {
	kernel      string
	function    uint64
	grid, block [3]uint32
	shared      uint32 // bytes of dynamic shared memory
	args        []uint64
	step        int
}

func (l *launch) String() string {
	return fmt.Sprintf("kernel %s, grid %v, block %v", l.kernel, l.grid, l.block)
}

// executable is a program as a list of launches and, where the driver has graphs, as one graph.
type executable struct {
	device   *Device
	program  *program.Program
	launches []launch
	graph    uint64
	hasGraph bool
	scratch  []uint64
	windows  []uint64 // in scratch
	bytes    int
	closed   bool
}

// Load binds the program to its arrays, compiles the PTX that it needs and plans its launches.
func (d *Device) Load(p *program.Program, bindings program.Bindings) (program.Executable, error) {
	if d.closed {
		return nil, fmt.Errorf("loading program %s: %w", p.Name, errClosed)
	}
	if d.failure != nil {
		return nil, d.failure
	}
	if err := p.Validate(); err != nil {
		return nil, err
	}
	// The driver may wait for all that runs before it loads code, and has no limit.
	if err := d.waitExchange(); err != nil {
		return nil, err
	}
	e := &executable{device: d, program: p}
	if err := e.load(bindings); err != nil {
		return nil, errors.Join(fmt.Errorf("loading program %s: %w", p.Name, err), e.Close())
	}
	return e, nil
}

func (e *executable) load(bindings program.Bindings) error {
	storages, err := e.bind(bindings)
	if err != nil {
		return err
	}
	addresses, err := e.addresses(storages)
	if err != nil {
		return err
	}
	p := planner{device: e.device}
	if err := e.plan(&p, addresses); err != nil {
		return err
	}
	if p.need > 0 { // again, with the workspace that was found to be needed
		again := planner{device: e.device}
		if again.workspace, err = e.scratchBlock("the workspace of program "+e.program.Name, p.need); err != nil {
			return err
		}
		if again.table, err = e.scratchBlock("the sums of program "+e.program.Name, sumBytes*uint64(len(p.sums))); err != nil {
			return err
		}
		if err := e.plan(&again, addresses); err != nil {
			return err
		}
		p = again
	}
	if len(p.sums) > 0 {
		if err := e.device.driver.MemcpyHtoD(p.table, encode(p.sums)); err != nil {
			return e.device.fault(fmt.Errorf("writing the sums of program %s: %w", e.program.Name, err))
		}
	}
	if err := e.device.compileWritten(p.written, p.constants, p.launches); err != nil {
		return err
	}
	for i := range p.constants {
		if err := e.launch(&p.constants[i]); err != nil {
			return e.device.fault(fmt.Errorf("filling the constants of program %s: %w", e.program.Name, err))
		}
	}
	e.launches = p.launches
	return e.record()
}

// plan plans the steps.
func (e *executable) plan(p *planner, addresses []addresses) error {
	last := len(e.program.Steps) - 1
	for i, s := range e.program.Steps {
		planned := len(p.launches)
		err := p.step(s.Op, addresses[i])
		if err == nil && i == last {
			err = p.addPending()
		}
		if err != nil {
			return fmt.Errorf("step %d, %s (%s): %w", i, s.Name, s.Op.Name(), err)
		}
		for j := planned; j < len(p.launches); j++ {
			p.launches[j].step = i
		}
		if isConstant(e.program, i) {
			p.constants = append(p.constants, p.launches[planned:]...)
			p.launches = p.launches[:planned]
		}
	}
	return nil
}

// isConstant reports whether a step fills scratch memory that no other step writes: it need not be
// run more than once.
func isConstant(p *program.Program, step int) bool {
	s := p.Steps[step]
	if _, ok := s.Op.(program.Fill); !ok || !p.Storages[s.Args[0].Storage].Scratch {
		return false
	}
	filled := s.Args[0]
	for i, other := range p.Steps {
		for j, o := range other.Op.Operands() {
			v := other.Args[j]
			if i != step && o.Access != program.Read && v.Storage == filled.Storage &&
				v.Offset < filled.Offset+filled.Len && filled.Offset < v.Offset+v.Len {
				return false
			}
		}
	}
	return true
}

// bind returns the address of each storage.
func (e *executable) bind(bindings program.Bindings) ([]uint64, error) {
	addresses := make([]uint64, len(e.program.Storages))
	for i, s := range e.program.Storages {
		if s.Scratch {
			var err error
			addresses[i], err = e.scratchBlock(fmt.Sprintf("%s of program %s", s.Name, e.program.Name),
				uint64(s.Len)*uint64(s.DType.Size()))
			if err != nil {
				return nil, err
			}
			if s.Constant != nil {
				if err := e.device.driver.MemcpyHtoD(addresses[i], encode(s.Constant)); err != nil {
					return nil, e.device.fault(fmt.Errorf("writing constant %s of program %s: %w", s.Name, e.program.Name, err))
				}
			}
			continue
		}
		bound, ok := bindings[s.Name]
		if !ok {
			return nil, fmt.Errorf("no array is bound to storage %q", s.Name)
		}
		m, ok := bound.(*memory)
		switch {
		case !ok || m.device != e.device:
			return nil, fmt.Errorf("storage %q is bound to an array of another device", s.Name)
		case m.freed:
			return nil, fmt.Errorf("storage %q is bound to an array that was freed", s.Name)
		case m.dtype != s.DType:
			return nil, fmt.Errorf("storage %q is %v, bound to an array of %v", s.Name, s.DType, m.dtype)
		case m.len < s.Len:
			return nil, fmt.Errorf("storage %q has %d elements, bound to an array of %d", s.Name, s.Len, m.len)
		}
		addresses[i] = m.ptr
	}
	return addresses, nil
}

func (e *executable) scratchBlock(what string, bytes uint64) (uint64, error) {
	ptr, err := e.device.pool.alloc(e.device.info.Name, what, bytes)
	if err != nil {
		return 0, err
	}
	e.scratch = append(e.scratch, ptr)
	e.bytes += int(bytes)
	return ptr, nil
}

// record makes a graph of the launches, which costs one call to start instead of one each.
func (e *executable) record() error {
	d := e.device
	if d.synchronous || len(e.launches) == 0 {
		return nil
	}
	if err := d.driver.CaptureBegin(d.stream); errors.Is(err, errors.ErrUnsupported) {
		return nil
	} else if err != nil {
		return d.fault(fmt.Errorf("recording: %w", err))
	}
	launchErr := e.launchAll()
	graph, err := d.driver.CaptureEnd(d.stream)
	if err := errors.Join(launchErr, err); errors.Is(err, errors.ErrUnsupported) {
		return nil
	} else if err != nil {
		return d.fault(fmt.Errorf("recording: %w", err))
	}
	e.graph, e.hasGraph = graph, true
	return nil
}

// Run enqueues the program.
func (e *executable) Run() error {
	d := e.device
	if err := e.usable(); err != nil {
		return err
	}
	d.last = e
	if e.hasGraph {
		if err := d.driver.GraphLaunch(e.graph, d.stream); err != nil {
			return d.fault(fmt.Errorf("running program %s: %w", e.program.Name, err))
		}
		return nil
	}
	if err := e.launchAll(); err != nil {
		return d.fault(fmt.Errorf("running program %s: %w", e.program.Name, err))
	}
	return nil
}

func (e *executable) usable() error {
	switch {
	case e.closed || e.device.closed:
		return fmt.Errorf("running program %s: %w", e.program.Name, errClosed)
	case e.device.failure != nil:
		return e.device.failure
	}
	return nil
}

func (e *executable) launchAll() error {
	for i := range e.launches {
		if err := e.launch(&e.launches[i]); err != nil {
			return err
		}
	}
	return nil
}

func (e *executable) launch(l *launch) error {
	d := e.device
	err := d.driver.Launch(l.function, l.grid, l.block, l.shared, d.stream, l.args)
	if err == nil && d.synchronous {
		err = d.driver.StreamSynchronize(d.stream)
	}
	if err != nil {
		return fmt.Errorf("%s (%s): %v: %w", e.program.Steps[l.step].Name, e.tensors(l.step), l, err)
	}
	return nil
}

// tensors names the arrays that a step works on.
func (e *executable) tensors(step int) string {
	s := e.program.Steps[step]
	var names []string
	for i, o := range s.Op.Operands() {
		v := s.Args[i]
		names = append(names, fmt.Sprintf("%s = %s[%d:%d]", o.Name, e.program.Storages[v.Storage].Name, v.Offset, v.Offset+v.Len))
	}
	return strings.Join(names, ", ")
}

// Profile runs the program with an event after each step.
func (e *executable) Profile(times []time.Duration) error {
	if err := e.usable(); err != nil {
		return err
	}
	if len(times) != len(e.program.Steps) {
		return fmt.Errorf("profiling program %s: %d times for %d steps", e.program.Name, len(times), len(e.program.Steps))
	}
	e.device.last = e
	events := make([]uint64, 0, len(times)+1)
	err := e.profile(times, &events)
	for _, event := range events {
		err = errors.Join(err, e.device.driver.EventDestroy(event))
	}
	if err != nil {
		return e.device.fault(fmt.Errorf("profiling program %s: %w", e.program.Name, err))
	}
	return nil
}

func (e *executable) profile(times []time.Duration, events *[]uint64) error {
	d := e.device
	mark := func() error {
		event, err := d.driver.EventCreate()
		if err != nil {
			return err
		}
		*events = append(*events, event)
		return d.driver.EventRecord(event, d.stream)
	}
	if err := mark(); err != nil {
		return err
	}
	next := 0
	for step := range times {
		for ; next < len(e.launches) && e.launches[next].step == step; next++ {
			if err := e.launch(&e.launches[next]); err != nil {
				return err
			}
		}
		if err := mark(); err != nil {
			return err
		}
	}
	for i := range times {
		ms, err := d.driver.EventElapsed((*events)[i], (*events)[i+1])
		if err != nil {
			return err
		}
		times[i] = time.Duration(float64(ms) * float64(time.Millisecond))
	}
	return nil
}

// ScratchBytes is the device memory that the program holds for itself.
func (e *executable) ScratchBytes() int { return e.bytes }

// Close gives the scratch memory back.
func (e *executable) Close() error {
	d := e.device
	if e.closed || d.closed {
		return nil
	}
	e.closed = true
	errs := []error{d.waitExchange()}
	if d.failure == nil {
		errs = append(errs, d.driver.StreamSynchronize(d.stream))
		if e.hasGraph {
			errs = append(errs, d.driver.GraphDestroy(e.graph))
		}
	}
	for _, window := range e.windows {
		if d.failure == nil {
			errs = append(errs, d.driver.MemFree(window))
		}
	}
	for _, ptr := range e.scratch {
		d.pool.release(ptr)
	}
	if err := errors.Join(errs...); err != nil {
		return d.fault(fmt.Errorf("closing program %s: %w", e.program.Name, err))
	}
	return nil
}
