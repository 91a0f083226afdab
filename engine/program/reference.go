package program

import "fmt"

// Float is a type that references compute and accumulate in. Its instance for float64 is the truth that a float32
// result is measured against.
type Float interface{ float32 | float64 }

// Compute computes op by the loops of its definition, for clarity only: it is what the devices are compared with, and
// what runs on a host where speed does not matter. The arguments are in the order of the operands: a []E for a float32
// one, and []uint8 and []uint32 as they are. A result is overwritten, never added to. Arguments of another number,
// type or length, and attributes out of range, are errors.
func Compute[E Float](op Op, args ...any) error {
	err := op.Validate()
	if err == nil {
		err = checkArguments[E](op, args)
	}
	if err == nil {
		err = op.Reference(args)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", op.Name(), err)
	}
	return nil
}

func checkArguments[E Float](op Op, args []any) error {
	operands := op.Operands()
	if len(args) != len(operands) {
		return fmt.Errorf("got %d arguments, want %d", len(args), len(operands))
	}
	for i, o := range operands {
		n, ok := 0, false
		switch o.DType {
		case Float32:
			var s []E
			s, ok = args[i].([]E)
			n = len(s)
		case Uint32:
			var s []uint32
			s, ok = args[i].([]uint32)
			n = len(s)
		case Uint8:
			var s []uint8
			s, ok = args[i].([]uint8)
			n = len(s)
		}
		if !ok {
			return fmt.Errorf("%s is a %T, want %v", o.Name, args[i], o.DType)
		}
		if n != o.Len {
			return fmt.Errorf("%s has %d elements, want %d", o.Name, n, o.Len)
		}
	}
	return nil
}

// Arguments are those of an operation, in the order of its operands, as [Compute] takes them.
type Arguments []any

// either calls the instance of a reference's loops that is for the arguments.
func either[O Op](op O, a Arguments, single func(O, arrays[float32]), double func(O, arrays[float64])) error {
	if a.double() {
		double(op, arrays[float64](a))
	} else {
		single(op, arrays[float32](a))
	}
	return nil
}

func (a Arguments) double() bool {
	for _, s := range a {
		if _, ok := s.([]float64); ok {
			return true
		}
	}
	return false
}

// arrays are arguments whose floats are of type E.
type arrays[E Float] []any

func (a arrays[E]) float(i int) []E       { return a[i].([]E) }
func (a arrays[E]) uint32(i int) []uint32 { return a[i].([]uint32) }
func (a arrays[E]) uint8(i int) []uint8   { return a[i].([]uint8) }

func (a arrays[E]) floats(first, end int) (all [][]E) {
	for i := first; i < end; i++ {
		all = append(all, a.float(i))
	}
	return all
}

// epilogue gives the arguments that follow the two of a convolution or product, nil where there are none.
func (a arrays[E]) epilogue(e Epilogue) (bias, mask, gate, result []E) {
	rest := a[2:]
	take := func(there bool) (s []E) {
		if there {
			s, rest = rest.float(0), rest[1:]
		}
		return s
	}
	return take(e.Bias), take(e.Mask), take(e.Gate), take(true)
}
