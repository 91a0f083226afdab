package engine

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"gangpu/engine/program"
)

// network builds graphs for tests, with random values bound to their inputs.
type network struct {
	t          testing.TB
	g          *gorgonia.ExprGraph
	dtype      tensor.Dtype
	rng        *rand.Rand
	parameters gorgonia.Nodes
	byName     map[string]*gorgonia.Node

	withoutValues bool // for programs that are not run
}

func newNetwork(t testing.TB, dtype tensor.Dtype, seed uint64) *network {
	return &network{t: t, g: gorgonia.NewGraph(), dtype: dtype, rng: rand.New(rand.NewPCG(seed, 1)),
		byName: map[string]*gorgonia.Node{}}
}

func (b *network) must(n *gorgonia.Node, err error) *gorgonia.Node {
	b.t.Helper()
	if err != nil {
		b.t.Fatal(err)
	}
	return n
}

// input is normal numbers, the same node for the same name.
func (b *network) input(name string, shape ...int) *gorgonia.Node {
	return b.fill(name, func() float64 { return b.rng.NormFloat64() }, shape...)
}

// labels are 0 or 1.
func (b *network) labels(name string, shape ...int) *gorgonia.Node {
	return b.fill(name, func() float64 { return float64(b.rng.IntN(2)) }, shape...)
}

// distributions are rows that each sum to 1.
func (b *network) distributions(name string, rows, classes int) *gorgonia.Node {
	drawn, rest := 0, 0.
	return b.fill(name, func() float64 {
		if drawn%classes == 0 {
			rest = 1
		}
		drawn++
		v := rest
		if drawn%classes != 0 {
			v *= b.rng.Float64()
		}
		rest -= v
		return v
	}, rows, classes)
}

func (b *network) fill(name string, draw func() float64, shape ...int) *gorgonia.Node {
	if n, ok := b.byName[name]; ok {
		return n
	}
	options := []gorgonia.NodeConsOpt{gorgonia.WithName(name), gorgonia.WithShape(shape...)}
	if !b.withoutValues {
		options = append(options, gorgonia.WithValue(b.draw(draw, shape)))
	}
	n := gorgonia.NewTensor(b.g, b.dtype, len(shape), options...)
	b.byName[name] = n
	return n
}

func (b *network) draw(draw func() float64, shape tensor.Shape) tensor.Tensor {
	v := tensor.New(tensor.Of(b.dtype), tensor.WithShape(shape...))
	for i := range v.Shape().TotalSize() {
		if b.dtype == tensor.Float64 {
			v.Float64s()[i] = draw()
		} else {
			v.Float32s()[i] = float32(draw())
		}
	}
	return v
}

func (b *network) parameter(name string, shape ...int) *gorgonia.Node {
	_, known := b.byName[name]
	n := b.fill(name, func() float64 { return 0.3 * b.rng.NormFloat64() }, shape...)
	if !known {
		b.parameters = append(b.parameters, n)
	}
	return n
}

func (b *network) conv(layer string, x *gorgonia.Node, filters, size, stride int, p program.Padding) *gorgonia.Node {
	b.t.Helper()
	in := x.Shape()[3]
	return b.must(Conv2D(x, b.parameter(layer+"/kernel", size, size, in, filters), b.parameter(layer+"/bias", filters),
		[2]int{stride, stride}, p))
}

func (b *network) convTranspose(layer string, x *gorgonia.Node, filters, size, stride int) *gorgonia.Node {
	b.t.Helper()
	in := x.Shape()[3]
	return b.must(Conv2DTranspose(x, b.parameter(layer+"/kernel", size, size, filters, in), b.parameter(layer+"/bias", filters),
		[2]int{stride, stride}, program.Same))
}

func (b *network) dense(layer string, x *gorgonia.Node, units int) *gorgonia.Node {
	b.t.Helper()
	return b.must(Dense(x, b.parameter(layer+"/kernel", x.Shape()[1], units), b.parameter(layer+"/bias", units)))
}

func (b *network) leaky(x *gorgonia.Node) *gorgonia.Node {
	b.t.Helper()
	return b.must(LeakyReLU(x, 0.3))
}

// discriminator gives logits for images.
func (b *network) discriminator(x *gorgonia.Node, call string, filters int, p program.Padding) *gorgonia.Node {
	b.t.Helper()
	x = b.leaky(b.conv("discriminator/conv2d", x, filters, 3, 2, p))
	x = b.must(Dropout(x, b.labels("mask"+call, x.Shape()...)))
	x = b.leaky(b.conv("discriminator/conv2d_1", x, 2*filters, 3, 2, program.Same))
	return b.dense("discriminator/dense", b.must(Flatten(x)), 1)
}

// generator makes images of 4*size.
func (b *network) generator(z *gorgonia.Node, size, filters, last int) *gorgonia.Node {
	b.t.Helper()
	x := b.leaky(b.dense("generator/dense", z, size*size*filters))
	x = b.must(Reshape(x, z.Shape()[0], size, size, filters))
	x = b.leaky(b.convTranspose("generator/conv2d_transpose", x, filters, 3, 2))
	x = b.leaky(b.convTranspose("generator/conv2d_transpose_1", x, (filters+1)/2, 3, 2))
	return b.must(Sigmoid(b.conv("generator/conv2d", x, 1, last, 1, program.Same)))
}

func (b *network) bce(logits *gorgonia.Node, name string) *gorgonia.Node {
	b.t.Helper()
	return b.must(BCEWithLogits(logits, b.labels(name, logits.Shape()...)))
}

// networks are a loss and the parameters to differentiate it by.
var networks = map[string]func(b *network) (loss *gorgonia.Node, wrt gorgonia.Nodes){
	"D": func(b *network) (*gorgonia.Node, gorgonia.Nodes) {
		x := b.input("images", 1+b.rng.IntN(3), 3+b.rng.IntN(5), 3+b.rng.IntN(5), 1+b.rng.IntN(2))
		loss := b.bce(b.discriminator(x, "", 1+b.rng.IntN(3), b.padding()), "labels")
		return loss, b.parameters
	},
	"G": func(b *network) (*gorgonia.Node, gorgonia.Nodes) {
		y := b.generator(b.input("noise", 1+b.rng.IntN(3), 1+b.rng.IntN(4)), 1+b.rng.IntN(2), 1+b.rng.IntN(3), 1+b.rng.IntN(6))
		return b.bce(y, "labels"), b.parameters
	},
	"G through D": func(b *network) (*gorgonia.Node, gorgonia.Nodes) {
		y := b.generator(b.input("noise", 1+b.rng.IntN(3), 1+b.rng.IntN(4)), 1+b.rng.IntN(2), 1+b.rng.IntN(3), 1+b.rng.IntN(6))
		wrt := b.parameters
		return b.bce(b.discriminator(y, "", 1+b.rng.IntN(3), program.Same), "labels"), wrt
	},
	"D twice": func(b *network) (*gorgonia.Node, gorgonia.Nodes) {
		n, h, w, f := 1+b.rng.IntN(3), 3+b.rng.IntN(5), 3+b.rng.IntN(5), 1+b.rng.IntN(3)
		real := b.bce(b.discriminator(b.input("real", n, h, w, 1), "/real", f, program.Same), "ones")
		fake := b.bce(b.discriminator(b.input("fake", n, h, w, 1), "/fake", f, program.Same), "zeros")
		fake = b.must(Scale(fake, 0.5))
		if b.rng.IntN(2) == 0 {
			return b.must(gorgonia.Add(real, fake)), b.parameters
		}
		return b.must(Add(real, fake)), b.parameters
	},
	"dropouts": func(b *network) (*gorgonia.Node, gorgonia.Nodes) {
		mask := func(name string, x *gorgonia.Node) *gorgonia.Node {
			return b.fill(name, func() float64 { return float64(b.rng.IntN(2)) / 0.6 }, x.Shape()...)
		}
		conv := func(layer string, x *gorgonia.Node) *gorgonia.Node { return b.conv(layer, x, 3, 3, 1, program.Same) }
		x := b.leaky(conv("first", b.input("images", 2, 4, 5, 2)))
		x = b.must(Dropout(x, mask("once", x)))
		x = conv("second", x)
		x = b.leaky(b.must(Dropout(x, mask("before", x))))
		x = b.leaky(conv("third", x))
		x = b.must(Dropout(b.must(Dropout(x, mask("twice", x))), mask("again", x)))
		x = b.leaky(conv("fourth", x)) // read twice after it is dropped, and once before
		y := b.must(Dropout(x, mask("some", x)))
		x = b.must(Add(b.must(Add(conv("fifth", y), y)), x))
		// No mask: the sign of what LeakyReLU returned is lost.
		x = b.leaky(conv("sixth", x))
		x = b.must(gorgonia.HadamardProd(x, b.input("signed", x.Shape()...)))
		return b.bce(b.dense("last", b.must(Flatten(x)), 1), "labels"), b.parameters
	},
	"residual": func(b *network) (*gorgonia.Node, gorgonia.Nodes) {
		// A value read by a fusable step and by others, before and after it.
		x := b.conv("first", b.input("images", 2, 4, 5, 2), 3, 3, 1, program.Same)
		y := b.must(Add(x, b.leaky(x)))
		y = b.must(Add(b.must(Sigmoid(b.conv("second", y, 3, 3, 1, program.Same))), y))
		y = b.must(gorgonia.HadamardProd(y, y))
		return b.bce(b.must(gorgonia.Neg(b.must(Add(y, x)))), "labels"), b.parameters
	},
}

// eachNetwork runs a test on some networks of each kind.
func eachNetwork(t *testing.T, dtype tensor.Dtype, count int, test func(t *testing.T, b *network, loss *gorgonia.Node, wrt, grads gorgonia.Nodes)) {
	for name, build := range networks {
		for seed := range count {
			t.Run(fmt.Sprintf("%s/%d", name, seed), func(t *testing.T) {
				b := newNetwork(t, dtype, uint64(seed))
				loss, wrt := build(b)
				grads, err := gorgonia.Grad(loss, wrt...)
				if err != nil {
					t.Fatal(err)
				}
				test(t, b, loss, wrt, grads)
			})
		}
	}
}

// tape runs the graph on Gorgonia's own machine and copies the values of nodes.
func tape[E float32 | float64](t testing.TB, nodes ...*gorgonia.Node) [][]E {
	t.Helper()
	vm := gorgonia.NewTapeMachine(nodes[0].Graph().SubgraphRoots(nodes...))
	defer vm.Close()
	if err := vm.RunAll(); err != nil {
		t.Fatal(err)
	}
	var values [][]E
	for _, n := range nodes {
		v, err := elements[E](n.Value())
		if err != nil {
			t.Fatal(err)
		}
		values = append(values, append([]E(nil), v...))
	}
	return values
}
