package engine

import (
	"fmt"
	"math"
	"slices"
	"time"
	"unsafe"

	"gangpu/engine/program"
)

// referenceDevice runs programs by the same loops as the operations' Do, so that its results are
// bit for bit those of Gorgonia's machine on the same graph, if the program is right. Scratch is
// NaN before each run, and so is each result before its step, unless it overwrites an operand.
type referenceDevice struct{ allocated int }

type referenceMemory struct {
	device *referenceDevice
	t      program.DType
	words  []uint32
	freed  bool
}

func (d *referenceDevice) Info() program.Info { return program.Info{Name: "reference"} }
func (d *referenceDevice) Sync() error        { return nil }
func (d *referenceDevice) Close() error       { return nil }

func (d *referenceDevice) Alloc(name string, t program.DType, n int) (program.Memory, error) {
	if t == program.Uint8 {
		return nil, fmt.Errorf("%s: not needed here", name)
	}
	d.allocated++
	return &referenceMemory{device: d, t: t, words: make([]uint32, n)}, nil
}

func (m *referenceMemory) DType() program.DType { return m.t }
func (m *referenceMemory) Len() int             { return len(m.words) }

func (m *referenceMemory) bytes() []byte {
	return unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(m.words))), 4*len(m.words))
}

func (m *referenceMemory) floats() []float32 {
	return unsafe.Slice((*float32)(unsafe.Pointer(unsafe.SliceData(m.words))), len(m.words))
}

func (m *referenceMemory) Write(offset int, src []byte) error {
	copy(m.bytes()[offset:], src)
	return nil
}

func (m *referenceMemory) Read(dst []byte, offset int) error {
	copy(dst, m.bytes()[offset:])
	return nil
}

func (m *referenceMemory) Free() error {
	if m.freed {
		return fmt.Errorf("freed twice")
	}
	m.freed = true
	m.device.allocated--
	return nil
}

type referenceExecutable struct {
	p      *program.Program
	arrays [][]float32
}

func (d *referenceDevice) Load(p *program.Program, bindings program.Bindings) (program.Executable, error) {
	if err := p.Validate(); err != nil {
		return nil, err
	}
	e := &referenceExecutable{p: p}
	for _, s := range p.Storages {
		if s.Scratch {
			e.arrays = append(e.arrays, make([]float32, s.Len))
			copy(e.arrays[len(e.arrays)-1], s.Constant)
			continue
		}
		m, ok := bindings[s.Name]
		if !ok || m.Len() < s.Len {
			return nil, fmt.Errorf("storage %q of %d elements is not bound, or too short", s.Name, s.Len)
		}
		e.arrays = append(e.arrays, m.(*referenceMemory).floats())
	}
	return e, nil
}

func (e *referenceExecutable) Run() error {
	for i, s := range e.p.Storages {
		if s.Scratch && s.Constant == nil {
			for j := range e.arrays[i] {
				e.arrays[i][j] = float32(math.NaN())
			}
		}
	}
	for _, s := range e.p.Steps {
		var args []any
		for _, v := range s.Args {
			args = append(args, e.arrays[v.Storage][v.Offset:][:v.Len])
		}
		for i, o := range s.Op.Operands() {
			if o.Access == program.Write && !slices.Contains(s.Args[:i], s.Args[i]) {
				for j := range args[i].([]float32) {
					args[i].([]float32)[j] = float32(math.NaN())
				}
			}
		}
		if err := program.Compute[float32](s.Op, args...); err != nil {
			return fmt.Errorf("%s: %w", s.Name, err)
		}
	}
	return nil
}

func (e *referenceExecutable) Profile([]time.Duration) error { return e.Run() }
func (e *referenceExecutable) ScratchBytes() int             { return 0 }
func (e *referenceExecutable) Close() error                  { return nil }
