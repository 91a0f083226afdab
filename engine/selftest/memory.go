package selftest

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"gangpu/engine/program"
)

var memoryChecks = []Check{
	{"NewMemoryIsZero", func(dev program.Device) error {
		for _, t := range []program.DType{program.Float32, program.Uint8, program.Uint32} {
			for _, n := range []int{1, 3, 64, 1001} {
				m, err := dev.Alloc("zeros", t, n)
				if err != nil {
					return err
				}
				if m.DType() != t || m.Len() != n {
					return fmt.Errorf("an array of %d %v says that it is %d %v", n, t, m.Len(), m.DType())
				}
				got := slices.Repeat([]byte{0xff}, n*t.Size())
				if err := m.Read(got, 0); err != nil {
					return err
				}
				if i := slices.IndexFunc(got, func(b byte) bool { return b != 0 }); i >= 0 {
					return fmt.Errorf("byte %d of a new array of %d %v is %#x", i, n, t, got[i])
				}
				// What comes next may get this memory again, and must find zeros.
				if err := errors.Join(m.Write(0, slices.Repeat([]byte{0xff}, n*t.Size())), m.Free()); err != nil {
					return err
				}
			}
		}
		return nil
	}},
	{"ReadAndWriteAtOffsets", func(dev program.Device) error {
		m, err := dev.Alloc("bytes", program.Uint8, 40)
		if err != nil {
			return err
		}
		want, got := make([]byte, 40), make([]byte, 40)
		for i, offset := range []int{0, 1, 7, 33, 39, 40} {
			src := slices.Repeat([]byte{byte(i + 1)}, min(7, 40-offset))
			copy(want[offset:], src)
			if err := m.Write(offset, src); err != nil {
				return err
			}
			if err := m.Read(got, 0); err != nil {
				return err
			}
			if !slices.Equal(got, want) {
				return fmt.Errorf("after writing %d bytes at %d: %v, want %v", len(src), offset, got, want)
			}
			part := make([]byte, len(src))
			if err := m.Read(part, offset); err != nil {
				return err
			}
			if !slices.Equal(part, src) {
				return fmt.Errorf("%d bytes read at %d: %v, want %v", len(src), offset, part, src)
			}
		}
		f, err := dev.Alloc("floats", program.Float32, 5)
		if err != nil {
			return err
		}
		floats := make([]float32, 3)
		if err := errors.Join(program.WriteSlice(f, 2, []float32{1, 2}), program.ReadSlice(floats, f, 1)); err != nil {
			return err
		}
		if !slices.Equal(floats, []float32{0, 1, 2}) {
			return fmt.Errorf("elements 1 to 3 are %v, want [0 1 2]", floats)
		}
		return nil
	}},
	{"OutOfRange", func(dev program.Device) error {
		m, err := dev.Alloc("weights", program.Float32, 4)
		if err != nil {
			return err
		}
		for _, c := range []struct{ offset, n int }{{0, 17}, {16, 1}, {13, 4}, {-1, 1}, {-4, 4}, {1 << 62, 1}} {
			if err := refused(m.Write(c.offset, make([]byte, c.n)), "weights"); err != nil {
				return fmt.Errorf("writing %d bytes at %d of 16: %w", c.n, c.offset, err)
			}
			if err := refused(m.Read(make([]byte, c.n), c.offset), "weights"); err != nil {
				return fmt.Errorf("reading %d bytes at %d of 16: %w", c.n, c.offset, err)
			}
		}
		_, err = dev.Alloc("negative", program.Float32, -1)
		return refused(err, "negative")
	}},
	{"Free", func(dev program.Device) error {
		kept, err := dev.Alloc("kept", program.Float32, 100)
		if err != nil {
			return err
		}
		value := slices.Repeat([]float32{7}, 100)
		if err := program.WriteSlice(kept, 0, value); err != nil {
			return err
		}
		for range 100 {
			m, err := dev.Alloc("freed", program.Float32, 100)
			if err != nil {
				return err
			}
			if err := errors.Join(program.WriteSlice(m, 0, make([]float32, 100)), m.Free()); err != nil {
				return err
			}
			if err := refused(m.Read(make([]byte, 4), 0), "freed"); err != nil {
				return fmt.Errorf("reading what was freed: %w", err)
			}
		}
		got := make([]float32, 100)
		if err := program.ReadSlice(got, kept, 0); err != nil {
			return err
		}
		if !slices.Equal(got, value) {
			return errors.New("an array changed while others were freed")
		}
		return nil
	}},
}

var closeChecks = []Check{
	{"Executable", func(dev program.Device) error {
		s, err := load(dev, fillProgram(4), arrays{make([]float32, 4)})
		if err != nil {
			return err
		}
		if err := s.Executable.Close(); err != nil {
			return err
		}
		if err := refused(s.Run(), "fill program"); err != nil {
			return fmt.Errorf("running after Close: %w", err)
		}
		// The arrays outlive it.
		return program.WriteSlice(s.memories["y"], 0, make([]float32, 4))
	}},
	{"Device", func(dev program.Device) error {
		s, err := load(dev, fillProgram(4), arrays{make([]float32, 4)})
		if err != nil {
			return err
		}
		if err := dev.Close(); err != nil {
			return err
		}
		if err := refused(s.Run(), "fill program"); err != nil {
			return fmt.Errorf("running on a closed device: %w", err)
		}
		if _, err := dev.Alloc("late", program.Float32, 1); err == nil {
			return errors.New("a closed device allocates")
		}
		if _, err := dev.Load(fillProgram(4), s.memories); err == nil {
			return errors.New("a closed device loads a program")
		}
		return nil // each closes it again, which is no error
	}},
}

// fillProgram writes ones into storage y, of n elements.
func fillProgram(n int) *program.Program {
	return &program.Program{Name: "fill program",
		Storages: []program.Storage{{Name: "y", DType: program.Float32, Len: n}},
		Steps:    []program.Step{{Name: "ones", Op: program.Fill{N: n, Value: 1}, Args: []program.View{{Len: n}}}}}
}

// refused reports what is wrong with err as the refusal of something: that it is none, or does
// not name what it is about.
func refused(err error, names ...string) error {
	if err == nil {
		return errors.New("accepted, want an error")
	}
	for _, n := range names {
		if !strings.Contains(err.Error(), n) {
			return fmt.Errorf("the error does not name %q: %w", n, err)
		}
	}
	return nil
}
