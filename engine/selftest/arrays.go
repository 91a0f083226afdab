package selftest

import (
	"fmt"
	"math"
	"slices"

	"gangpu/engine/program"
)

// What arrays hold where no operand lies, and results before they are written. The float is a
// NaN with bits that no arithmetic makes.
var (
	poisonFloat32 = math.Float32frombits(0x7fc0dead)
	poisonUint32  = uint32(0xdeadbeef)
	poisonUint8   = uint8(0xa5)
)

// arrays are the contents of a program's storages: a []float32, []uint32 or []uint8 each, or
// []float64 for a []float32 of the reference.
type arrays []any

// poisoned makes the arrays of a program's storages.
func poisoned(p *program.Program) arrays {
	a := make(arrays, len(p.Storages))
	for i, s := range p.Storages {
		switch s.DType {
		case program.Float32:
			a[i] = slices.Repeat([]float32{poisonFloat32}, s.Len)
			copy(a[i].([]float32), s.Constant)
		case program.Uint32:
			a[i] = slices.Repeat([]uint32{poisonUint32}, s.Len)
		case program.Uint8:
			a[i] = slices.Repeat([]uint8{poisonUint8}, s.Len)
		}
	}
	return a
}

// float64 copies the arrays, in float64 where they are float32.
func (a arrays) float64() arrays {
	c := make(arrays, len(a))
	for i, s := range a {
		switch s := s.(type) {
		case []float32:
			wide := make([]float64, len(s))
			for j, v := range s {
				wide[j] = float64(v)
			}
			c[i] = wide
		case []uint32:
			c[i] = slices.Clone(s)
		case []uint8:
			c[i] = slices.Clone(s)
		}
	}
	return c
}

// args are the arguments of a step as program.Compute takes them, not copied.
func (a arrays) args(s program.Step) []any {
	args := make([]any, len(s.Args))
	for i, v := range s.Args {
		switch s := a[v.Storage].(type) {
		case []float32:
			args[i] = s[v.Offset:][:v.Len]
		case []float64:
			args[i] = s[v.Offset:][:v.Len]
		case []uint32:
			args[i] = s[v.Offset:][:v.Len]
		case []uint8:
			args[i] = s[v.Offset:][:v.Len]
		}
	}
	return args
}

// interpret runs a program on arrays by its definition, in E.
func interpret[E program.Float](p *program.Program, a arrays) error {
	for _, s := range p.Steps {
		if err := program.Compute[E](s.Op, a.args(s)...); err != nil {
			return err
		}
	}
	return nil
}

// A session is a program loaded on a device, with arrays bound to its external storages.
type session struct {
	p        *program.Program
	memories program.Bindings
	program.Executable
}

// load allocates p's external storages, with content, and loads p.
func load(dev program.Device, p *program.Program, content arrays) (*session, error) {
	s := &session{p: p, memories: program.Bindings{}}
	for _, st := range p.Storages {
		if st.Scratch {
			continue
		}
		m, err := dev.Alloc(st.Name, st.DType, st.Len)
		if err != nil {
			return s, err
		}
		s.memories[st.Name] = m
	}
	if err := s.write(content); err != nil {
		return s, err
	}
	var err error
	s.Executable, err = dev.Load(p, s.memories)
	return s, err
}

func (s *session) write(content arrays) error {
	for i, st := range s.p.Storages {
		if st.Scratch {
			continue
		}
		var err error
		switch a := content[i].(type) {
		case []float32:
			err = program.WriteSlice(s.memories[st.Name], 0, a)
		case []uint32:
			err = program.WriteSlice(s.memories[st.Name], 0, a)
		case []uint8:
			err = program.WriteSlice(s.memories[st.Name], 0, a)
		}
		if err != nil {
			return fmt.Errorf("writing %s: %w", st.Name, err)
		}
	}
	return nil
}

// read returns the contents of the external storages.
func (s *session) read() (arrays, error) {
	content := poisoned(s.p)
	for i, st := range s.p.Storages {
		if st.Scratch {
			continue
		}
		var err error
		switch a := content[i].(type) {
		case []float32:
			err = program.ReadSlice(a, s.memories[st.Name], 0)
		case []uint32:
			err = program.ReadSlice(a, s.memories[st.Name], 0)
		case []uint8:
			err = program.ReadSlice(a, s.memories[st.Name], 0)
		}
		if err != nil {
			return nil, fmt.Errorf("reading %s: %w", st.Name, err)
		}
	}
	return content, nil
}

// run runs the program once and returns what its external storages hold then.
func (s *session) run() (arrays, error) {
	if err := s.Run(); err != nil {
		return nil, err
	}
	return s.read()
}

// close frees what load made.
func (s *session) close() error {
	if s.Executable != nil {
		if err := s.Executable.Close(); err != nil {
			return fmt.Errorf("closing the executable: %w", err)
		}
	}
	for name, m := range s.memories {
		if err := m.Free(); err != nil {
			return fmt.Errorf("freeing %s: %w", name, err)
		}
	}
	return nil
}

// sameBits reports the first element, of those that only accepts, in which two contents differ.
func sameBits(p *program.Program, got, want arrays, only func(storage, element int) bool) error {
	for i, st := range p.Storages {
		if st.Scratch {
			continue
		}
		for j := range st.Len {
			if g, w := bits(got[i], j), bits(want[i], j); g != w && (only == nil || only(i, j)) {
				return fmt.Errorf("element %d of storage %q is %s, was %s", j, st.Name, element(got[i], j), element(want[i], j))
			}
		}
	}
	return nil
}

func bits(a any, i int) uint32 {
	switch a := a.(type) {
	case []float32:
		return math.Float32bits(a[i])
	case []uint32:
		return a[i]
	default:
		return uint32(a.([]uint8)[i])
	}
}

func element(a any, i int) string {
	switch a := a.(type) {
	case []float32:
		if b := math.Float32bits(a[i]); b == math.Float32bits(poisonFloat32) {
			return "poison"
		}
		return fmt.Sprint(a[i])
	case []uint32:
		return fmt.Sprintf("%#x", a[i])
	default:
		return fmt.Sprintf("%#x", a.([]uint8)[i])
	}
}
