package program

import "fmt"

// DType is the type of an array's elements.
type DType uint8

const (
	Float32 DType = iota // weights, images, gradients, losses
	Uint8                // pixels of a dataset
	Uint32               // step counters and indices
)

// Size is the number of bytes of one element.
func (t DType) Size() int {
	if t == Uint8 {
		return 1
	}
	return 4
}

func (t DType) String() string {
	switch t {
	case Float32:
		return "float32"
	case Uint8:
		return "uint8"
	case Uint32:
		return "uint32"
	}
	return fmt.Sprintf("DType(%d)", uint8(t))
}

// Access says what an operation does to an operand.
type Access uint8

const (
	Read Access = iota
	Write
	ReadWrite
)

// Operand describes one argument of an operation.
type Operand struct {
	Name   string // as in the operation's doc comment
	DType  DType
	Len    int // elements
	Access Access
}

// An Op is one operation with its shape and attributes: a comparable value. The set is closed;
// a device that does not know one refuses it in [Device.Load].
type Op interface {
	// Name is the operation's word, the same in every room: "conv2d", "leaky_relu", ...
	Name() string
	// Operands lists the arguments in the order in which [Step.Args] holds them.
	Operands() []Operand
	// Validate reports an attribute out of range.
	Validate() error
	// Elementwise reports whether every element of the written operand depends only on the
	// elements of the operands read at the same index, so that it may overwrite one of them.
	Elementwise() bool
}

// MayOverwrite reports whether the result of op may lie where its operand i does.
func MayOverwrite(op Op, i int) bool {
	if o, ok := op.(interface{ MayOverwrite(i int) bool }); ok {
		return o.MayOverwrite(i)
	}
	return op.Elementwise()
}

func f32(name string, n int, a Access) Operand {
	return Operand{Name: name, DType: Float32, Len: n, Access: a}
}

func u32(name string, n int, a Access) Operand {
	return Operand{Name: name, DType: Uint32, Len: n, Access: a}
}

func positive(what string, n int) error {
	if n < 1 {
		return fmt.Errorf("%s is %d, want at least 1", what, n)
	}
	return nil
}
