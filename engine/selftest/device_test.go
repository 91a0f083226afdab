package selftest

import (
	"errors"
	"fmt"
	"time"
	"unsafe"

	"gangpu/engine/program"
)

// refDevice is a device made of program.Compute in float32. Its hook, if any, runs in the
// place of each step, with run to do what the step should do: how faults are planted.
type refDevice struct {
	hook   func(s program.Step, storages arrays, run func() error) error
	closed bool
}

func (d *refDevice) Info() program.Info {
	return program.Info{Name: "reference", Description: "loops", Precision: "fp32"}
}
func (d *refDevice) Sync() error  { return nil }
func (d *refDevice) Close() error { d.closed = true; return nil }

func (d *refDevice) Alloc(name string, t program.DType, n int) (program.Memory, error) {
	if d.closed || n < 0 {
		return nil, fmt.Errorf("allocating %d elements for %s on a device that is closed or not (%v)", n, name, d.closed)
	}
	p := &program.Program{Storages: []program.Storage{{DType: t, Len: n}}}
	m := &refMemory{name: name, dtype: t, n: n, array: poisoned(p)[0]}
	clear(m.bytes())
	return m, nil
}

type refMemory struct {
	name  string
	dtype program.DType
	n     int
	array any
}

func (m *refMemory) DType() program.DType { return m.dtype }
func (m *refMemory) Len() int             { return m.n }
func (m *refMemory) Free() error          { m.n = 0; return nil }

func (m *refMemory) bytes() []byte {
	var p unsafe.Pointer
	switch a := m.array.(type) {
	case []float32:
		p = unsafe.Pointer(unsafe.SliceData(a))
	case []uint32:
		p = unsafe.Pointer(unsafe.SliceData(a))
	case []uint8:
		p = unsafe.Pointer(unsafe.SliceData(a))
	}
	return unsafe.Slice((*byte)(p), m.n*m.dtype.Size())
}

func (m *refMemory) Write(offset int, src []byte) error { return m.copy(offset, src, true) }
func (m *refMemory) Read(dst []byte, offset int) error  { return m.copy(offset, dst, false) }

func (m *refMemory) copy(offset int, host []byte, write bool) error {
	b := m.bytes()
	if offset < 0 || offset > len(b) || len(host) > len(b)-offset {
		return fmt.Errorf("bytes [%d, %d) of %s, which has %d", offset, offset+len(host), m.name, len(b))
	}
	if write {
		copy(b[offset:], host)
	} else {
		copy(host, b[offset:])
	}
	return nil
}

func (d *refDevice) Load(p *program.Program, bindings program.Bindings) (program.Executable, error) {
	if d.closed {
		return nil, errors.New("closed")
	}
	if err := p.Validate(); err != nil {
		return nil, err
	}
	e := &refExecutable{p: p, dev: d, storages: poisoned(p)}
	for i, s := range p.Storages {
		if s.Scratch {
			continue
		}
		m, ok := bindings[s.Name].(*refMemory)
		if !ok || m.dtype != s.DType || m.n < s.Len {
			return nil, fmt.Errorf("program %s: storage %s, %v of %d, bound to %+v, which may be uint32", p.Name, s.Name, s.DType, s.Len, m)
		}
		e.storages[i] = m.array
	}
	for _, s := range p.Steps {
		if _, ok := s.Op.(unknownOp); ok {
			return nil, fmt.Errorf("program %s: step %s: %s", p.Name, s.Name, s.Op.Name())
		}
	}
	return e, nil
}

type refExecutable struct {
	p        *program.Program
	dev      *refDevice
	storages arrays
	closed   bool
}

func (e *refExecutable) Run() error {
	if e.closed || e.dev.closed {
		return fmt.Errorf("program %s: closed", e.p.Name)
	}
	for _, s := range e.p.Steps {
		run := func() error { return program.Compute[float32](s.Op, e.storages.args(s)...) }
		var err error
		if e.dev.hook != nil {
			err = e.dev.hook(s, e.storages, run)
		} else {
			err = run()
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (e *refExecutable) Profile(times []time.Duration) error {
	if len(times) != len(e.p.Steps) {
		return fmt.Errorf("program %s: %d times", e.p.Name, len(times))
	}
	return e.Run()
}

func (e *refExecutable) ScratchBytes() int {
	n := 0
	for _, s := range e.p.Storages {
		if s.Scratch {
			n += s.Len * s.DType.Size()
		}
	}
	return n
}

func (e *refExecutable) Close() error { e.closed = true; return nil }
