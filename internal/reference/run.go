package reference

import (
	"fmt"

	"gangpu/engine/program"
)

// Run computes op on arguments in the order of its operands: a []E for a float32 operand, and
// []uint8 and []uint32 as they are. Arguments of another number, type or length, and attributes
// out of range, are errors.
func Run[E Float](op program.Op, args ...any) error {
	if err := op.Validate(); err != nil {
		return fmt.Errorf("%s: %w", op.Name(), err)
	}
	a, err := check[E](op, args)
	if err != nil {
		return fmt.Errorf("%s: %w", op.Name(), err)
	}
	f, u := a.float, a.uint32
	switch op := op.(type) {
	case program.Conv2D:
		bias, mask, gate, y := a.epilogue(op.Epilogue)
		Conv2D(op.Geometry, f(0), f(1), bias, y)
		Finish(op.Epilogue, mask, gate, y)
	case program.Conv2DTranspose:
		bias, mask, gate, y := a.epilogue(op.Epilogue)
		Conv2DInputGrad(op.Geometry, f(0), f(1), bias, y)
		Finish(op.Epilogue, mask, gate, y)
	case program.Conv2DInputGrad:
		bias, mask, gate, dx := a.epilogue(op.Epilogue)
		Conv2DInputGrad(op.Geometry, f(0), f(1), bias, dx)
		Finish(op.Epilogue, mask, gate, dx)
	case program.Conv2DFilterGrad:
		Conv2DFilterGrad(op.Geometry, f(0), f(1), f(2))
	case program.MatMul:
		bias, mask, gate, c := a.epilogue(op.Epilogue)
		for i := range op.Products() {
			MatMul(op, f(0)[i*op.M*op.K:][:op.M*op.K], f(1)[i*op.K*op.N:][:op.K*op.N], bias, c[i*op.M*op.N:][:op.M*op.N])
		}
		Finish(op.Epilogue, mask, gate, c)
	case program.Map:
		return Map(op, a.floats(0, len(op.In)), a.floats(len(op.In), len(a)))
	case program.Reduce:
		return Reduce(op, a.floats(0, len(op.In)), a.floats(len(op.In), len(a)))
	case program.LeakyReLU:
		LeakyReLU(op.Alpha, f(0), f(1))
	case program.LeakyReLUGrad:
		LeakyReLUGrad(op.Alpha, f(0), f(1), f(2))
	case program.Fill:
		Fill(op.Value, f(0))
	case program.Uniform:
		Uniform(op.Draw, op.Low, op.High, u(0)[0], f(1))
	case program.Normal:
		Normal(op.Draw, op.Mean, op.Stddev, u(0)[0], f(1))
	case program.DropoutMask:
		DropoutMask(op.Draw, op.Rate, u(0)[0], f(1))
	case program.Indices:
		Indices(op.Draw, op.Limit, u(0)[0], u(1))
	case program.Images:
		for b, index := range u(1) {
			if int(index) >= op.Count {
				return fmt.Errorf("images: index %d of image %d, of a dataset of %d", index, b, op.Count)
			}
		}
		Images(op.Pixels, a[0].([]uint8), u(1), f(2))
	case program.Adam:
		Adam(op, f(0), u(1)[0], f(2), f(3), f(4))
	case program.EMA:
		EMA(op.Decay, f(0), u(1)[0], f(2))
	case program.Increment:
		Increment(op.Delta, u(0))
	default:
		return fmt.Errorf("%s: unknown operation %T", op.Name(), op)
	}
	return nil
}

// arguments are those of an operation after check.
type arguments[E Float] []any

func (a arguments[E]) float(i int) []E { return a[i].([]E) }
func (a arguments[E]) floats(first, end int) (all [][]E) {
	for i := first; i < end; i++ {
		all = append(all, a.float(i))
	}
	return all
}
func (a arguments[E]) uint32(i int) []uint32 { return a[i].([]uint32) }

// epilogue gives the arguments that follow the two of a convolution or product, nil where there are
// none.
func (a arguments[E]) epilogue(e program.Epilogue) (bias, mask, gate, result []E) {
	rest := a[2:]
	take := func(there bool) (s []E) {
		if there {
			s, rest = rest.float(0), rest[1:]
		}
		return s
	}
	return take(e.Bias), take(e.Mask), take(e.Gate), take(true)
}

func check[E Float](op program.Op, args []any) (arguments[E], error) {
	operands := op.Operands()
	if len(args) != len(operands) {
		return nil, fmt.Errorf("got %d arguments, want %d", len(args), len(operands))
	}
	for i, o := range operands {
		n, ok := 0, false
		switch o.DType {
		case program.Float32:
			var s []E
			s, ok = args[i].([]E)
			n = len(s)
		case program.Uint32:
			var s []uint32
			s, ok = args[i].([]uint32)
			n = len(s)
		case program.Uint8:
			var s []uint8
			s, ok = args[i].([]uint8)
			n = len(s)
		}
		if !ok {
			return nil, fmt.Errorf("%s is a %T, want %v", o.Name, args[i], o.DType)
		}
		if n != o.Len {
			return nil, fmt.Errorf("%s has %d elements, want %d", o.Name, n, o.Len)
		}
	}
	return args, nil
}
