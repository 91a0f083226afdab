package program

import (
	"fmt"
	"math/rand/v2"
)

// DType is the type of an array's elements.
type DType uint8

const (
	Float32 DType = iota // parameters, images, gradients, losses
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
	Used   int // elements that are read, of an operand of which only some are; 0 for all
	// Draw is a value such as the operation may get, for checks of devices; nil for a normal number, or any word or
	// byte.
	Draw func(rng *rand.Rand) float64
}

// An Op is one operation with its shape and attributes: a comparable value. The set is closed; a device that does not
// know one refuses it in [Device.Load]. Its methods are all that there is to know of it, but for its gradient (package
// engine) and how a device computes it.
//
// An Op may also have methods MayOverwrite, FLOPs and Error: see the functions [MayOverwrite] and [FLOPs], and
// [Comparison.Error].
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

	// Reference computes the operation by the loops of its definition. [Compute] calls it.
	Reference(a Arguments) error

	// Random is an operation of the same kind, to check devices by: with random sizes and attributes, and at most
	// limit multiply-adds or elements.
	Random(rng *rand.Rand, limit int) Op
	// Tolerance is the largest error that a device of a precision, "fp32" or "tf32" (see [Info]), may make; see
	// [Comparison.Error].
	Tolerance(precision string) float64
}

// kinds has one operation of each kind.
var kinds []Op

// known adds kinds of operations to those that checks go through.
func known(ops ...Op) struct{} {
	kinds = append(kinds, ops...)
	return struct{}{}
}

// Kinds are all operations, one of each name, without sizes: for their methods Name, Random and Tolerance.
func Kinds() []Op { return kinds }

// MayOverwrite reports whether the result of op may lie where its operand i does.
func MayOverwrite(op Op, i int) bool {
	if o, ok := op.(interface{ MayOverwrite(i int) bool }); ok {
		return o.MayOverwrite(i)
	}
	return op.Elementwise()
}

// FLOPs counts the arithmetic of convolutions and products, which say it by a method: two for each multiply-add whose
// tap lies inside the image, by the direct algorithm. What other operations compute is less than a hundredth of a
// training step and is counted by its bytes alone.
func FLOPs(op Op) float64 {
	if o, ok := op.(interface{ FLOPs() float64 }); ok {
		return o.FLOPs()
	}
	return 0
}

// Bytes counts the traffic that an operation cannot avoid: each operand moved once, twice if it is read and written. Of
// a dataset, only the images that are taken.
func Bytes(op Op) float64 {
	n := 0
	for _, o := range op.Operands() {
		moved := o.Len
		if o.Used > 0 {
			moved = o.Used
		}
		if o.Access == ReadWrite {
			moved *= 2
		}
		n += moved * o.DType.Size()
	}
	return float64(n)
}

func f32(name string, n int, a Access) Operand {
	return Operand{Name: name, DType: Float32, Len: n, Access: a}
}

func u32(name string, n int, a Access) Operand {
	return Operand{Name: name, DType: Uint32, Len: n, Access: a}
}

// drawn is an operand with values of its own, see [Operand.Draw].
func (o Operand) drawn(value func(rng *rand.Rand) float64) Operand {
	o.Draw = value
	return o
}

func positive(what string, n int) error {
	if n < 1 {
		return fmt.Errorf("%s is %d, want at least 1", what, n)
	}
	return nil
}
