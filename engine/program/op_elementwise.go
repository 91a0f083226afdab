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
