package program

import "errors"

// LeakyReLU (Maas et al., 2013): y = x where x > 0, else Alpha*x.
// Arguments: x [N], y [N] written.
type LeakyReLU struct {
	N     int
	Alpha float32
}

func (LeakyReLU) Name() string          { return "leaky_relu" }
func (LeakyReLU) Elementwise() bool     { return true }
func (o LeakyReLU) Validate() error     { return errors.Join(positive("length", o.N), slope(o.Alpha)) }
func (o LeakyReLU) Operands() []Operand { return unary("x", "y", o.N) }

// LeakyReLUGrad is LeakyReLU's gradient by its output, whose sign is its input's for Alpha > 0:
// dx = dy where y > 0, else Alpha*dy. Reading the output, not the input, is what lets LeakyReLU
// be fused into the operation before it. Arguments: y [N], dy [N], dx [N] written.
type LeakyReLUGrad struct {
	N     int
	Alpha float32
}

func (LeakyReLUGrad) Name() string          { return "leaky_relu_grad" }
func (LeakyReLUGrad) Elementwise() bool     { return true }
func (o LeakyReLUGrad) Validate() error     { return errors.Join(positive("length", o.N), slope(o.Alpha)) }
func (o LeakyReLUGrad) Operands() []Operand { return binary("y", "dy", "dx", o.N) }

// Sigmoid is the logistic function, y = 1/(1+exp(-x)). Arguments: x [N], y [N] written.
type Sigmoid struct{ N int }

func (Sigmoid) Name() string          { return "sigmoid" }
func (Sigmoid) Elementwise() bool     { return true }
func (o Sigmoid) Validate() error     { return positive("length", o.N) }
func (o Sigmoid) Operands() []Operand { return unary("x", "y", o.N) }

// SigmoidGrad is Sigmoid's gradient by its output: dx = dy*y*(1-y).
// Arguments: y [N], dy [N], dx [N] written.
type SigmoidGrad struct{ N int }

func (SigmoidGrad) Name() string          { return "sigmoid_grad" }
func (SigmoidGrad) Elementwise() bool     { return true }
func (o SigmoidGrad) Validate() error     { return positive("length", o.N) }
func (o SigmoidGrad) Operands() []Operand { return binary("y", "dy", "dx", o.N) }

// Dropout multiplies by a mask that DropoutMask drew: y = x*mask. Its gradient is itself, of dy
// (Srivastava et al., 2014, scaled when training). Arguments: x [N], mask [N], y [N] written.
type Dropout struct{ N int }

func (Dropout) Name() string          { return "dropout" }
func (Dropout) Elementwise() bool     { return true }
func (o Dropout) Validate() error     { return positive("length", o.N) }
func (o Dropout) Operands() []Operand { return binary("x", "mask", "y", o.N) }

// Add is y = a+b, which sums the gradients of a value used twice.
// Arguments: a [N], b [N], y [N] written.
type Add struct{ N int }

func (Add) Name() string          { return "add" }
func (Add) Elementwise() bool     { return true }
func (o Add) Validate() error     { return positive("length", o.N) }
func (o Add) Operands() []Operand { return binary("a", "b", "y", o.N) }

// Scale is y = Factor*x. Arguments: x [N], y [N] written.
type Scale struct {
	N      int
	Factor float32
}

func (Scale) Name() string          { return "scale" }
func (Scale) Elementwise() bool     { return true }
func (o Scale) Validate() error     { return positive("length", o.N) }
func (o Scale) Operands() []Operand { return unary("x", "y", o.N) }

// Copy is y = x, for a result wanted in two places. Arguments: x [N], y [N] written.
type Copy struct{ N int }

func (Copy) Name() string          { return "copy" }
func (Copy) Elementwise() bool     { return true }
func (o Copy) Validate() error     { return positive("length", o.N) }
func (o Copy) Operands() []Operand { return unary("x", "y", o.N) }

// Fill sets every element to Value. Arguments: y [N] written.
type Fill struct {
	N     int
	Value float32
}

func (Fill) Name() string          { return "fill" }
func (Fill) Elementwise() bool     { return true }
func (o Fill) Validate() error     { return positive("length", o.N) }
func (o Fill) Operands() []Operand { return []Operand{f32("y", o.N, Write)} }

func unary(x, y string, n int) []Operand {
	return []Operand{f32(x, n, Read), f32(y, n, Write)}
}

func binary(a, b, y string, n int) []Operand {
	return []Operand{f32(a, n, Read), f32(b, n, Read), f32(y, n, Write)}
}
