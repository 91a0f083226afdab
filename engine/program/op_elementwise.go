package program

import (
	"errors"
	"math/rand/v2"
)

var _ = known(LeakyReLU{}, LeakyReLUGrad{}, Fill{})

// rounding is the tolerance of operations of one or two roundings.
const rounding = 1.2e-7

// LeakyReLU (Maas et al., 2013): y = x where x > 0, else Alpha*x.
// Arguments: x [N], y [N] written.
type LeakyReLU struct {
	N     int
	Alpha float32
}

func (LeakyReLU) Name() string             { return "leaky_relu" }
func (LeakyReLU) Elementwise() bool        { return true }
func (LeakyReLU) Tolerance(string) float64 { return rounding }
func (o LeakyReLU) Validate() error        { return errors.Join(positive("length", o.N), slope(o.Alpha)) }

func (o LeakyReLU) Operands() []Operand {
	return []Operand{f32("x", o.N, Read).drawn(withZeros), f32("y", o.N, Write)}
}

func (LeakyReLU) Random(rng *rand.Rand, limit int) Op {
	return LeakyReLU{N: size(rng, limit), Alpha: randomSlope(rng)}
}

func (o LeakyReLU) Reference(a Arguments) error {
	return either(o, a, leakyReLULoops[float32], leakyReLULoops[float64])
}

func leakyReLULoops[E Float](o LeakyReLU, a arrays[E]) {
	x, y := a.float(0), a.float(1)
	for i, v := range x {
		y[i] = leak(v, v, o.Alpha)
	}
}

// LeakyReLUGrad is LeakyReLU's gradient by its output, whose sign is its input's for Alpha > 0:
// dx = dy where y > 0, else Alpha*dy. Reading the output, not the input, is what lets LeakyReLU
// be fused into the operation before it. Arguments: y [N], dy [N], dx [N] written.
type LeakyReLUGrad struct {
	N     int
	Alpha float32
}

func (LeakyReLUGrad) Name() string             { return "leaky_relu_grad" }
func (LeakyReLUGrad) Elementwise() bool        { return true }
func (LeakyReLUGrad) Tolerance(string) float64 { return rounding }
func (o LeakyReLUGrad) Validate() error        { return errors.Join(positive("length", o.N), slope(o.Alpha)) }

func (o LeakyReLUGrad) Operands() []Operand {
	return []Operand{f32("y", o.N, Read).drawn(withZeros), f32("dy", o.N, Read).drawn(withZeros), f32("dx", o.N, Write)}
}

func (LeakyReLUGrad) Random(rng *rand.Rand, limit int) Op {
	return LeakyReLUGrad{N: size(rng, limit), Alpha: randomSlope(rng)}
}

func (o LeakyReLUGrad) Reference(a Arguments) error {
	return either(o, a, leakyReLUGradLoops[float32], leakyReLUGradLoops[float64])
}

func leakyReLUGradLoops[E Float](o LeakyReLUGrad, a arrays[E]) {
	y, dy, dx := a.float(0), a.float(1), a.float(2)
	for i, d := range dy {
		dx[i] = leak(y[i], d, o.Alpha)
	}
}

// Fill sets every element to Value. Arguments: y [N] written.
type Fill struct {
	N     int
	Value float32
}

func (Fill) Name() string             { return "fill" }
func (Fill) Elementwise() bool        { return true }
func (Fill) Tolerance(string) float64 { return rounding }
func (o Fill) Validate() error        { return positive("length", o.N) }
func (o Fill) Operands() []Operand    { return []Operand{f32("y", o.N, Write)} }

func (Fill) Random(rng *rand.Rand, limit int) Op {
	return Fill{N: size(rng, limit), Value: pick(rng, 0, 1, float32(rng.NormFloat64()))}
}

func (o Fill) Reference(a Arguments) error {
	return either(o, a, fillLoops[float32], fillLoops[float64])
}

func fillLoops[E Float](o Fill, a arrays[E]) {
	y := a.float(0)
	for i := range y {
		y[i] = E(o.Value)
	}
}
