package cpu

import (
	"errors"
	"fmt"
	"time"

	"gangpu/engine/program"
)

// Executable is a program bound to its arrays.
type Executable struct {
	name      string
	pool      *pool
	steps     []program.Step
	kernels   []kernel // one a step
	workspace *workspace
	scratch   int // bytes
	budget    *budget
}

// Load binds p to arrays and chooses a kernel for each step. Scratch that there is no memory for
// is a *program.OutOfMemoryError.
func (d *Device) Load(p *program.Program, bindings program.Bindings) (_ program.Executable, err error) {
	if d.pool == nil {
		return nil, fmt.Errorf("cpu: loading program %s: %w", p.Name, errClosed)
	}
	if err := p.Validate(); err != nil {
		return nil, fmt.Errorf("cpu: %w", err)
	}
	e := &Executable{name: p.Name, pool: d.pool, steps: p.Steps, kernels: make([]kernel, len(p.Steps)), budget: d.budget}
	defer func() {
		if err != nil {
			e.Close()
		}
	}()
	storages := make([]*Memory, len(p.Storages))
	for i, s := range p.Storages {
		if s.Scratch {
			if err := e.take(s.Len, s.DType.Size()); err != nil {
				return nil, err
			}
			storages[i] = newMemory(s.Name, s.DType, s.Len)
			copy(elements[float32](storages[i].bytes), s.Constant)
			continue
		}
		m, err := bound(s, bindings)
		if err != nil {
			return nil, fmt.Errorf("cpu: loading program %s: %s: %w", p.Name, user(p, i), err)
		}
		storages[i] = m
	}
	ws := &workspace{threads: d.pool.threads}
	for i, s := range p.Steps {
		args := make(arguments, len(s.Args))
		for j, v := range s.Args {
			m := storages[v.Storage]
			n := v.Len * m.dtype.Size()
			args[j] = m.bytes[v.Offset*m.dtype.Size():][:n:n] // others lie behind it
		}
		k, err := newKernel(s.Op, args, ws)
		if err != nil {
			return nil, fmt.Errorf("cpu: loading program %s: step %d, %s (%s): %w", p.Name, i, s.Name, s.Op.Name(), err)
		}
		e.kernels[i] = k
	}
	if err := e.take(ws.size, 4); err != nil {
		return nil, err
	}
	ws.allocate()
	e.workspace = ws
	return e, nil
}

// take counts memory that the executable is about to hold.
func (e *Executable) take(elements, size int) error {
	if err := e.budget.take("program "+e.name, elements, size); err != nil {
		return err
	}
	e.scratch += elements * size
	return nil
}

func bound(s program.Storage, bindings program.Bindings) (*Memory, error) {
	b, ok := bindings[s.Name]
	if !ok || b == nil {
		return nil, fmt.Errorf("nothing is bound to storage %q", s.Name)
	}
	m, ok := b.(*Memory)
	switch {
	case !ok:
		return nil, fmt.Errorf("storage %q is bound to memory of another device (%T)", s.Name, b)
	case m.dtype != s.DType:
		return nil, fmt.Errorf("storage %q is bound to %s of %v, want %v", s.Name, m.name, m.dtype, s.DType)
	case m.Len() < s.Len:
		return nil, fmt.Errorf("storage %q is bound to %s of %d elements, want %d", s.Name, m.name, m.Len(), s.Len)
	}
	return m, nil
}

// user names the first step that uses a storage.
func user(p *program.Program, storage int) string {
	for i, s := range p.Steps {
		for _, v := range s.Args {
			if v.Storage == storage {
				return fmt.Sprintf("step %d, %s (%s)", i, s.Name, s.Op.Name())
			}
		}
	}
	return "no step"
}

var errClosed = errors.New("used after Close")

// Run runs the steps in order and returns when they are done.
func (e *Executable) Run() error {
	if e.pool == nil || e.pool.closed {
		return fmt.Errorf("cpu: running program %s: %w", e.name, errClosed)
	}
	for i := range e.kernels {
		if err := e.step(i); err != nil {
			return err
		}
	}
	return nil
}

// Profile is Run with the time of each step in times.
func (e *Executable) Profile(times []time.Duration) error {
	if e.pool == nil || e.pool.closed {
		return fmt.Errorf("cpu: profiling program %s: %w", e.name, errClosed)
	}
	if len(times) != len(e.kernels) {
		return fmt.Errorf("cpu: profiling program %s: room for %d times, want %d", e.name, len(times), len(e.kernels))
	}
	for i := range e.kernels {
		start := time.Now()
		if err := e.step(i); err != nil {
			return err
		}
		times[i] = time.Since(start)
	}
	return nil
}

func (e *Executable) step(i int) error {
	e.pool.run(e.kernels[i])
	if err := e.workspace.failed(); err != nil {
		s := e.steps[i]
		return fmt.Errorf("cpu: running program %s: step %d, %s (%s): %w", e.name, i, s.Name, s.Op.Name(), err)
	}
	return nil
}

// ScratchBytes is the size of the program's scratch storages and of the kernels' workspace.
func (e *Executable) ScratchBytes() int { return e.scratch }

// Close lets go of the memory. The executable runs no more.
func (e *Executable) Close() error {
	e.budget.giveBack(e.scratch)
	e.pool, e.steps, e.kernels, e.workspace, e.scratch = nil, nil, nil, nil, 0
	return nil
}
