package program

import (
	"errors"
	"fmt"
	"strings"
)

// Storage is an array that a program's views lie in.
type Storage struct {
	Name  string
	DType DType
	Len   int // elements
	// Scratch storages belong to the executable and hold no value between runs. The others are
	// bound by name, and are how programs share parameters and hand each other results.
	Scratch bool
	// Constant is what a scratch storage holds in all runs, which no step writes: as many elements as Len says. It is nil
	// for the others.
	Constant []float32
}

// written reports whether a storage belongs to the executable and holds what steps write.
func (s Storage) written() bool { return s.Scratch && s.Constant == nil }

// View is a run of elements of a storage.
type View struct {
	Storage     int // index into Program.Storages
	Offset, Len int // elements
}

// Step is one operation on its arguments.
type Step struct {
	Op   Op
	Args []View // in the order of Op.Operands
	Name string // whose step this is, for errors and profiles: "generator/conv2d"
}

// Program is a static sequence of steps.
type Program struct {
	Name     string
	Storages []Storage
	Steps    []Step
}

// External returns the index of the external storage called name, added if p does not have it
// and grown if it is shorter than n elements.
func (p *Program) External(name string, t DType, n int) (int, error) {
	for i := range p.Storages {
		s := &p.Storages[i]
		if s.Scratch || s.Name != name {
			continue
		}
		if s.DType != t {
			return 0, fmt.Errorf("program %s: storage %q is both %v and %v", p.Name, name, s.DType, t)
		}
		s.Len = max(s.Len, n)
		return i, nil
	}
	p.Storages = append(p.Storages, Storage{Name: name, DType: t, Len: n})
	return len(p.Storages) - 1, nil
}

// Arg names an argument of a step for [Program.Append]: the elements of an external storage from
// Offset on, as many as the operand has.
type Arg struct {
	Storage string
	Offset  int
}

// Append adds a step whose arguments are all external.
func (p *Program) Append(name string, op Op, args ...Arg) error {
	operands := op.Operands()
	if len(args) != len(operands) {
		return fmt.Errorf("program %s: %s (%s) takes %d arguments, got %d", p.Name, name, op.Name(), len(operands), len(args))
	}
	step := Step{Op: op, Name: name, Args: make([]View, len(args))}
	for i, a := range args {
		s, err := p.External(a.Storage, operands[i].DType, a.Offset+operands[i].Len)
		if err != nil {
			return err
		}
		step.Args[i] = View{Storage: s, Offset: a.Offset, Len: operands[i].Len}
	}
	p.Steps = append(p.Steps, step)
	return nil
}

// Join makes one program that runs others in turn. External storages of the same name are one;
// the scratch of one program is reused by the next.
func Join(name string, programs ...*Program) (*Program, error) {
	joined := &Program{Name: name}
	var scratch []int // joined's scratch storages, all float32
	for _, p := range programs {
		index := make([]int, len(p.Storages))
		used := 0
		for i, s := range p.Storages {
			if !s.Scratch {
				var err error
				if index[i], err = joined.External(s.Name, s.DType, s.Len); err != nil {
					return nil, fmt.Errorf("joining program %s: %w", p.Name, err)
				}
				continue
			}
			if s.Constant != nil {
				index[i] = len(joined.Storages)
				joined.Storages = append(joined.Storages, s)
				continue
			}
			if s.DType != Float32 {
				return nil, fmt.Errorf("joining program %s: scratch storage %q is %v", p.Name, s.Name, s.DType)
			}
			if used == len(scratch) {
				scratch = append(scratch, len(joined.Storages))
				joined.Storages = append(joined.Storages, Storage{Name: fmt.Sprintf("scratch%d", used), Scratch: true})
			}
			index[i] = scratch[used]
			joined.Storages[index[i]].Len = max(joined.Storages[index[i]].Len, s.Len)
			used++
		}
		for _, step := range p.Steps {
			args := make([]View, len(step.Args))
			for i, v := range step.Args {
				args[i] = View{Storage: index[v.Storage], Offset: v.Offset, Len: v.Len}
			}
			joined.Steps = append(joined.Steps, Step{Op: step.Op, Args: args, Name: step.Name})
		}
	}
	return joined, nil
}

// MaxLen is the largest number of elements of an array, which kernels count by 32 bits. Scratch storages hold
// many arrays, and may be longer; so may arrays of bytes, which are datasets: [Images] alone reads them, an image at a
// time.
const MaxLen = 1<<31 - 1

// ErrTooLong is a program with an array of more than MaxLen floats or words. The same work in smaller parts may do.
var ErrTooLong = errors.New("array too long")

// checkLen reports an array of more elements of a type than kernels can count.
func checkLen(t DType, n int) error {
	if t == Uint8 || n <= MaxLen {
		return nil
	}
	return fmt.Errorf("%w: %d elements, at most %d can be told apart by 32 bits", ErrTooLong, n, MaxLen)
}

// Validate reports an external storage of more than MaxLen floats or words ([ErrTooLong]), two external storages of one name, or the
// first step that does not fit its operation: attributes out of range, arguments of another number, type or
// length, a view outside its storage or of more than MaxLen floats or words, a result in a constant or that overlaps an
// operand which the operation still reads, or an operand in scratch that is not what a step wrote there: see [Program.Values].
func (p *Program) Validate() error {
	external := map[string]bool{}
	for _, s := range p.Storages {
		if s.Constant != nil && (!s.Scratch || s.DType != Float32 || len(s.Constant) != s.Len) {
			return fmt.Errorf("program %s: storage %q of %d %v has a constant of %d float32", p.Name, s.Name, s.Len, s.DType, len(s.Constant))
		}
		if s.Scratch {
			continue
		}
		if err := checkLen(s.DType, s.Len); err != nil {
			return fmt.Errorf("program %s: storage %q: %w", p.Name, s.Name, err)
		}
		if external[s.Name] {
			return fmt.Errorf("program %s: two external storages are called %q", p.Name, s.Name)
		}
		external[s.Name] = true
	}
	for i, s := range p.Steps {
		if s.Op == nil {
			return fmt.Errorf("program %s: step %d, %s, has no operation", p.Name, i, s.Name)
		}
		if err := p.validate(s); err != nil {
			return fmt.Errorf("program %s: step %d, %s (%s): %w", p.Name, i, s.Name, s.Op.Name(), err)
		}
	}
	_, _, err := p.Values()
	return err
}

func (p *Program) validate(s Step) error {
	if err := s.Op.Validate(); err != nil {
		return err
	}
	operands := s.Op.Operands()
	if len(s.Args) != len(operands) {
		return fmt.Errorf("got %d arguments, want %d", len(s.Args), len(operands))
	}
	for i, o := range operands {
		v := s.Args[i]
		if v.Storage < 0 || v.Storage >= len(p.Storages) {
			return fmt.Errorf("%s: no storage %d", o.Name, v.Storage)
		}
		st := p.Storages[v.Storage]
		if err := checkLen(o.DType, o.Len); err != nil {
			return fmt.Errorf("%s: %w", o.Name, err)
		}
		switch {
		case st.DType != o.DType:
			return fmt.Errorf("%s: storage %q is %v, want %v", o.Name, st.Name, st.DType, o.DType)
		case v.Len != o.Len:
			return fmt.Errorf("%s: view of %d elements, want %d", o.Name, v.Len, o.Len)
		case v.Offset < 0 || v.Offset > st.Len-v.Len:
			return fmt.Errorf("%s: elements [%d, %d) of storage %q, which has %d",
				o.Name, v.Offset, v.Offset+v.Len, st.Name, st.Len)
		}
		if o.Access != Read && st.Constant != nil {
			return fmt.Errorf("%s: storage %q is constant", o.Name, st.Name)
		}
		for j, other := range operands[:i] {
			w := s.Args[j]
			overlap := v.Storage == w.Storage && v.Offset < w.Offset+w.Len && w.Offset < v.Offset+v.Len
			if !overlap || o.Access == Read && other.Access == Read {
				continue
			}
			oneWrites := o.Access == Read || other.Access == Read
			read := i
			if other.Access == Read {
				read = j
			}
			if !(oneWrites && v == w && MayOverwrite(s.Op, read)) {
				return fmt.Errorf("%s overlaps %s in storage %q", o.Name, other.Name, st.Name)
			}
		}
	}
	return nil
}

// String lists the steps, one a line.
func (p *Program) String() string {
	var b strings.Builder
	for i, s := range p.Steps {
		fmt.Fprintf(&b, "%3d %-24s %-20s", i, s.Name, s.Op.Name())
		for j, o := range s.Op.Operands() {
			v := s.Args[j]
			fmt.Fprintf(&b, " %s=%s[%d:%d]", o.Name, p.Storages[v.Storage].Name, v.Offset, v.Offset+v.Len)
		}
		b.WriteByte('\n')
	}
	return b.String()
}
