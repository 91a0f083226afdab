package cpu

import (
	"fmt"
	"reflect"

	"gangpu/engine/program"
)

// constructors bind operations to their arguments and choose how to run them, by type of operation. Each operation's
// file adds its own.
var constructors = map[reflect.Type]func(op program.Op, a arguments, ws *workspace) (kernel, error){}

// runs adds the constructor for operations of type O.
func runs[O program.Op](construct func(op O, a arguments, ws *workspace) (kernel, error)) struct{} {
	constructors[reflect.TypeFor[O]()] = func(op program.Op, a arguments, ws *workspace) (kernel, error) {
		return construct(op.(O), a, ws)
	}
	return struct{}{}
}

func newKernel(op program.Op, a arguments, ws *workspace) (kernel, error) {
	construct, ok := constructors[reflect.TypeOf(op)]
	if !ok {
		return nil, fmt.Errorf("the CPU device does not know this operation (%T)", op)
	}
	return construct(op, a, ws)
}

// arguments are those of a step, in the order of its operation's operands.
type arguments [][]byte

func (a arguments) f32(i int) []float32 { return elements[float32](a[i]) }
func (a arguments) u32(i int) []uint32  { return elements[uint32](a[i]) }
func (a arguments) floats(first, end int) (all [][]float32) {
	for i := first; i < end; i++ {
		all = append(all, a.f32(i))
	}
	return all
}
func (a arguments) u8(i int) []uint8 { return a[i] }

// epilogue takes the arguments that follow the two of a convolution or product apart.
func (a arguments) epilogue(op program.Epilogue) (e epilogue, result []float32) {
	rest := a[2:]
	take := func(there bool) (s []float32) {
		if there {
			s, rest = rest.f32(0), rest[1:]
		}
		return s
	}
	return epilogue{op.Activation, take(op.Bias), take(op.Mask), take(op.Gate)}, take(true)
}
