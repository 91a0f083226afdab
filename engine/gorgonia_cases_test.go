package engine

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"gangpu/engine/cpu"
	"gangpu/engine/program"
)

func openProcessor(t testing.TB) program.Device {
	t.Helper()
	dev, err := cpu.Open(cpu.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := dev.Close(); err != nil {
			t.Error(err)
		}
	})
	return dev
}

// stock is a graph of Gorgonia's own operations, with inputs of random values: the same ones in float32 and float64.
type stock struct {
	t      testing.TB
	g      *gorgonia.ExprGraph
	dt     tensor.Dtype
	rng    *rand.Rand
	inputs gorgonia.Nodes
}

func newStock(t testing.TB, dt tensor.Dtype) *stock {
	return &stock{t: t, g: gorgonia.NewGraph(), dt: dt, rng: rand.New(rand.NewPCG(1, 2))}
}

func (s *stock) of(dt tensor.Dtype, value func() float64, shape ...int) gorgonia.Value {
	n := tensor.Shape(shape).TotalSize()
	values := make([]float64, n)
	for i := range values {
		values[i] = float64(float32(value()))
	}
	if dt == tensor.Float64 {
		return newValue(shape, values)
	}
	single := make([]float32, n)
	for i, v := range values {
		single[i] = float32(v)
	}
	return newValue(shape, single)
}

func (s *stock) input(value func() float64, shape ...int) *gorgonia.Node {
	name := gorgonia.WithName(fmt.Sprintf("x%d", len(s.inputs)))
	v := gorgonia.WithValue(s.of(s.dt, value, shape...))
	var n *gorgonia.Node
	if len(shape) == 0 {
		n = gorgonia.NewScalar(s.g, s.dt, name, v)
	} else {
		n = gorgonia.NewTensor(s.g, s.dt, len(shape), gorgonia.WithShape(shape...), name, v)
	}
	s.inputs = append(s.inputs, n)
	return n
}

// x is an input of normal numbers, away from 0 by 0.1, so that differences cross no kink there.
func (s *stock) x(shape ...int) *gorgonia.Node {
	return s.input(func() float64 { v := s.rng.NormFloat64(); return v + math.Copysign(0.1, v) }, shape...)
}

func (s *stock) positive(shape ...int) *gorgonia.Node {
	return s.input(func() float64 { return 0.5 + s.rng.Float64() }, shape...)
}

func (s *stock) constant(v float64) *gorgonia.Node {
	if s.dt == tensor.Float64 {
		return gorgonia.NewConstant(v)
	}
	return gorgonia.NewConstant(float32(v))
}

func (s *stock) indices(n ...int) *gorgonia.Node {
	return gorgonia.NewTensor(s.g, tensor.Int, 1, gorgonia.WithShape(len(n)), gorgonia.WithName("indices"),
		gorgonia.WithValue(tensor.New(tensor.WithShape(len(n)), tensor.WithBacking(n))))
}

func (s *stock) must(n *gorgonia.Node, err error) *gorgonia.Node {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
	return n
}

// cost is a scalar of y with a gradient that is the same nowhere, of operations that Gorgonia differentiates rightly.
func (s *stock) cost(y *gorgonia.Node) *gorgonia.Node {
	s.t.Helper()
	if y.Dims() == 0 {
		return s.must(gorgonia.Square(y))
	}
	i := 0
	weights := s.of(s.dt, func() float64 { i++; return math.Sin(float64(i)) }, y.Shape()...)
	w := gorgonia.NewTensor(s.g, s.dt, y.Dims(), gorgonia.WithShape(y.Shape()...), gorgonia.WithName("weights"), gorgonia.WithValue(weights))
	return s.must(gorgonia.Sum(s.must(gorgonia.HadamardProd(s.must(gorgonia.Tanh(y)), w))))
}

// stockCase is an operation of Gorgonia's on inputs that its caller makes.
type stockCase struct {
	name  string
	build func(s *stock) *gorgonia.Node
	steps bool // it has no gradient, or one of 0
	eval  bool // in the mode of evaluation
}

func (c stockCase) tape(g *gorgonia.ExprGraph) gorgonia.VM {
	if c.eval {
		return gorgonia.NewTapeMachine(g, gorgonia.EvalMode())
	}
	return gorgonia.NewTapeMachine(g)
}

func (c stockCase) options(of ...VMOption) []VMOption {
	if c.eval {
		of = append(of, WithEvalMode())
	}
	return of
}

func on1(name string, f func(x *gorgonia.Node) (*gorgonia.Node, error), shape ...int) stockCase {
	return stockCase{name: name, build: func(s *stock) *gorgonia.Node { return s.must(f(s.x(shape...))) }}
}

func onPositive(name string, f func(x *gorgonia.Node) (*gorgonia.Node, error)) stockCase {
	return stockCase{name: name, build: func(s *stock) *gorgonia.Node { return s.must(f(s.positive(2, 3))) }}
}

func on2(name string, f func(a, b *gorgonia.Node) (*gorgonia.Node, error), a, b []int) stockCase {
	return stockCase{name: name, build: func(s *stock) *gorgonia.Node { return s.must(f(s.x(a...), s.x(b...))) }}
}

func stepping(c stockCase) stockCase { c.steps = true; return c }

func compare(name string, f func(a, b *gorgonia.Node, retSame bool) (*gorgonia.Node, error)) []stockCase {
	var all []stockCase
	for _, same := range []bool{true, false} {
		result := map[bool]string{true: "0 and 1", false: "bool"}[same]
		all = append(all, stockCase{name: name + ", " + result, steps: true, build: func(s *stock) *gorgonia.Node {
			whole := func() float64 { return float64(s.rng.IntN(2)) } // some are equal
			return s.must(f(s.input(whole, 3, 4), s.input(whole, 3, 4), same))
		}})
	}
	return all
}

func broadcast2(name string, f func(a, b *gorgonia.Node, left, right []byte) (*gorgonia.Node, error)) stockCase {
	return stockCase{name: name, build: func(s *stock) *gorgonia.Node { return s.must(f(s.positive(2, 3), s.positive(2, 1), nil, []byte{1})) }}
}

var m23 = []int{2, 3}

// stockCases are the operations that a VM knows. Each is compared with Gorgonia's machine and with differences.
func stockCases() []stockCase {
	cases := []stockCase{
		on2("Add", gorgonia.Add, m23, m23), on2("Sub", gorgonia.Sub, m23, m23),
		on2("HadamardProd", gorgonia.HadamardProd, m23, m23), on2("HadamardDiv", gorgonia.HadamardDiv, m23, m23),
		{name: "Pow", build: func(s *stock) *gorgonia.Node { return s.must(gorgonia.Pow(s.positive(2, 3), s.x(2, 3))) }},
		{name: "Pow, constant", build: func(s *stock) *gorgonia.Node { return s.must(gorgonia.Pow(s.x(2, 3), s.constant(3))) }},
		on2("Add, scalar left", gorgonia.Add, nil, m23), on2("Sub, scalar right", gorgonia.Sub, m23, nil),
		on2("HadamardProd, scalar left", gorgonia.HadamardProd, nil, m23),
		on2("HadamardDiv, scalar right", gorgonia.HadamardDiv, m23, nil),
		on2("Add, scalars", gorgonia.Add, nil, nil), on2("HadamardDiv, scalar left", gorgonia.HadamardDiv, nil, m23),
		broadcast2("BroadcastAdd", gorgonia.BroadcastAdd), broadcast2("BroadcastSub", gorgonia.BroadcastSub),
		broadcast2("BroadcastHadamardProd", gorgonia.BroadcastHadamardProd), broadcast2("BroadcastHadamardDiv", gorgonia.BroadcastHadamardDiv),
		broadcast2("BroadcastPow", gorgonia.BroadcastPow),
		{name: "BroadcastAdd, of a vector", build: func(s *stock) *gorgonia.Node {
			return s.must(gorgonia.BroadcastAdd(s.x(2, 3), s.x(3), nil, []byte{0}))
		}},
		{name: "BroadcastAdd, left, four axes", build: func(s *stock) *gorgonia.Node {
			return s.must(gorgonia.BroadcastAdd(s.x(1, 3, 1, 1), s.x(2, 3, 2, 2), []byte{0, 2, 3}, nil))
		}},
		on1("Neg", gorgonia.Neg, 2, 3), on1("Abs", gorgonia.Abs, 2, 3), stepping(on1("Sign", gorgonia.Sign, 2, 3)),
		stepping(on1("Ceil", gorgonia.Ceil, 2, 3)), stepping(on1("Floor", gorgonia.Floor, 2, 3)),
		on1("Sin", gorgonia.Sin, 2, 3), on1("Cos", gorgonia.Cos, 2, 3), on1("Exp", gorgonia.Exp, 2, 3),
		onPositive("Log", gorgonia.Log), onPositive("Log2", gorgonia.Log2), onPositive("Log1p", gorgonia.Log1p),
		on1("Expm1", gorgonia.Expm1, 2, 3), onPositive("Sqrt", gorgonia.Sqrt), on1("Square", gorgonia.Square, 2, 3),
		on1("Cube", gorgonia.Cube, 2, 3), on1("Inverse", gorgonia.Inverse, 2, 3), onPositive("InverseSqrt", gorgonia.InverseSqrt),
		on1("Tanh", gorgonia.Tanh, 2, 3), on1("Sigmoid", gorgonia.Sigmoid, 2, 3), on1("Softplus", gorgonia.Softplus, 2, 3),
		on1("Mish", gorgonia.Mish, 2, 3), on1("Rectify", gorgonia.Rectify, 2, 3),
		on1("LeakyRelu", func(x *gorgonia.Node) (*gorgonia.Node, error) { return gorgonia.LeakyRelu(x, 0.2) }, 2, 3),
		{name: "BinaryXent", build: func(s *stock) *gorgonia.Node {
			p := s.must(gorgonia.Sigmoid(s.x(2, 3)))
			return s.must(gorgonia.BinaryXent(p, s.positive(2, 3)))
		}},
		on2("MinBetween", gorgonia.MinBetween, m23, m23), on2("MaxBetween", gorgonia.MaxBetween, m23, m23),

		on2("Mul, matrices", gorgonia.Mul, m23, []int{3, 4}), on2("Mul, matrix and vector", gorgonia.Mul, m23, []int{3}),
		on2("Mul, vector and matrix", gorgonia.Mul, []int{2}, m23), on2("Mul, vectors", gorgonia.Mul, []int{3}, []int{3}),
		on2("OuterProd", gorgonia.OuterProd, []int{2}, []int{3}),
		on2("Tensordot, one axis", func(a, b *gorgonia.Node) (*gorgonia.Node, error) {
			return gorgonia.Tensordot([]int{1}, []int{0}, a, b)
		}, m23, []int{3, 4}),
		on2("Tensordot, two axes", func(a, b *gorgonia.Node) (*gorgonia.Node, error) {
			return gorgonia.Tensordot([]int{0, 2}, []int{1, 0}, a, b)
		}, []int{2, 3, 4}, []int{4, 2, 3}),
		on2("BatchedMatMul", func(a, b *gorgonia.Node) (*gorgonia.Node, error) { return gorgonia.BatchedMatMul(a, b) }, []int{2, 2, 3}, []int{2, 3, 4}),
		on2("BatchedMatMul, transposed", func(a, b *gorgonia.Node) (*gorgonia.Node, error) {
			return gorgonia.BatchedMatMul(a, b, false, true)
		}, []int{2, 2, 3}, []int{2, 4, 3}),

		on1("SoftMax", func(x *gorgonia.Node) (*gorgonia.Node, error) { return gorgonia.SoftMax(x) }, 2, 3),
		on1("SoftMax, first axis", func(x *gorgonia.Node) (*gorgonia.Node, error) { return gorgonia.SoftMax(x, 0) }, 2, 3),
		on1("SoftMax, vector", func(x *gorgonia.Node) (*gorgonia.Node, error) { return gorgonia.SoftMax(x) }, 4),
		on1("LogSoftMax", func(x *gorgonia.Node) (*gorgonia.Node, error) { return gorgonia.LogSoftMax(x) }, 2, 3),
		on1("LogSumExp", func(x *gorgonia.Node) (*gorgonia.Node, error) { return gorgonia.LogSumExp(x, 0) }, 4),
		on1("Norm 2", func(x *gorgonia.Node) (*gorgonia.Node, error) { return gorgonia.Norm(x, 1, 2) }, 2, 3),
		{name: "Norm 3", build: func(s *stock) *gorgonia.Node { return s.must(gorgonia.Norm(s.positive(2, 3), 0, 3)) }},
	}
	for _, r := range []struct {
		name string
		f    func(x *gorgonia.Node, along ...int) (*gorgonia.Node, error)
	}{{"Sum", gorgonia.Sum}, {"Mean", gorgonia.Mean}, {"Max", gorgonia.Max}} {
		for _, along := range [][]int{nil, {0}, {1}, {0, 2}} {
			name := r.name
			if along != nil {
				name = fmt.Sprintf("%s along %v", r.name, along)
			}
			cases = append(cases, on1(name, func(x *gorgonia.Node) (*gorgonia.Node, error) { return r.f(x, along...) }, 2, 3, 2))
		}
	}
	for i, f := range []func(a, b *gorgonia.Node, retSame bool) (*gorgonia.Node, error){
		gorgonia.Lt, gorgonia.Gt, gorgonia.Lte, gorgonia.Gte, gorgonia.Eq, gorgonia.Ne} {
		cases = append(cases, compare([]string{"Lt", "Gt", "Lte", "Gte", "Eq", "Ne"}[i], f)...)
	}
	for i, f := range []func(a, b *gorgonia.Node, retSame bool, left, right []byte) (*gorgonia.Node, error){gorgonia.BroadcastLt, gorgonia.BroadcastGt,
		gorgonia.BroadcastLte, gorgonia.BroadcastGte, gorgonia.BroadcastEq, gorgonia.BroadcastNe} {
		name := "Broadcast" + []string{"Lt", "Gt", "Lte", "Gte", "Eq", "Ne"}[i]
		cases = append(cases, stockCase{name: name, steps: true, build: func(s *stock) *gorgonia.Node {
			whole := func() float64 { return float64(s.rng.IntN(2)) }
			return s.must(f(s.input(whole, 3, 4), s.input(whole, 1, 4), i%2 == 0, nil, []byte{0}))
		}})
	}
	return append(append(cases, moveCases()...), networkCases()...)
}

func moveCases() []stockCase {
	sliced := func(name string, shape []int, s ...tensor.Slice) stockCase {
		return on1(name, func(x *gorgonia.Node) (*gorgonia.Node, error) { return gorgonia.Slice(x, s...) }, shape...)
	}
	return []stockCase{
		on1("Transpose", func(x *gorgonia.Node) (*gorgonia.Node, error) { return gorgonia.Transpose(x) }, 2, 3),
		on1("Transpose, three axes", func(x *gorgonia.Node) (*gorgonia.Node, error) { return gorgonia.Transpose(x, 2, 0, 1) }, 2, 3, 2),
		on1("Reshape", func(x *gorgonia.Node) (*gorgonia.Node, error) { return gorgonia.Reshape(x, tensor.Shape{3, 2}) }, 2, 3),
		on1("Ravel", gorgonia.Ravel, 2, 3),
		sliced("Slice", []int{4, 3}, gorgonia.S(1, 3)), sliced("Slice, one of an axis", []int{4, 3}, gorgonia.S(2)),
		sliced("Slice, second axis", []int{4, 3}, nil, gorgonia.S(0, 2)), sliced("Slice, both axes", []int{4, 3}, gorgonia.S(1), gorgonia.S(0, 2)),
		sliced("Slice, vector to scalar", []int{4}, gorgonia.S(1)),
		{name: "Slice, stepping", build: func(s *stock) *gorgonia.Node {
			return s.must(gorgonia.Slice(s.x(6, 3), gorgonia.S(0, 6, 2)))
		}},
		{name: "ByIndices", build: func(s *stock) *gorgonia.Node { return s.must(gorgonia.ByIndices(s.x(3, 2), s.indices(2, 0, 2, 1), 0)) }},
		{name: "ByIndices, second axis", build: func(s *stock) *gorgonia.Node {
			return s.must(gorgonia.ByIndices(s.x(2, 3), s.indices(1, 1), 1))
		}},
		on2("Concat", func(a, b *gorgonia.Node) (*gorgonia.Node, error) { return gorgonia.Concat(0, a, b) }, m23, m23),
		on2("Concat, second axis", func(a, b *gorgonia.Node) (*gorgonia.Node, error) { return gorgonia.Concat(1, a, b) }, m23, []int{2, 1}),
	}
}

func networkCases() []stockCase {
	conv := func(name string, x, filter []int, pad, stride, dilation []int) stockCase {
		return on2(name, func(x, filter *gorgonia.Node) (*gorgonia.Node, error) {
			return gorgonia.Conv2d(x, filter, filter.Shape()[2:], pad, stride, dilation)
		}, x, filter)
	}
	pool := func(name string, f func(x *gorgonia.Node, kernel tensor.Shape, pad, stride []int) (*gorgonia.Node, error), size int, pad, stride []int) stockCase {
		return on1(name, func(x *gorgonia.Node) (*gorgonia.Node, error) { return f(x, tensor.Shape{size, size}, pad, stride) }, 2, 2, 5, 5)
	}
	norm := func(name string, training bool, shape ...int) stockCase {
		return stockCase{name: name, eval: !training, build: func(s *stock) *gorgonia.Node {
			of := []int{1, shape[1], 1, 1}[:len(shape)]
			y, _, _, op, err := gorgonia.BatchNorm(s.x(shape...), s.positive(of...), s.x(of...), 0.9, 1e-3)
			if !training {
				op.SetStats(s.of(s.dt, func() float64 { return 0.3 }, shape[1]).(tensor.Tensor), s.of(s.dt, func() float64 { return 0.7 }, shape[1]).(tensor.Tensor))
			}
			return s.must(y, err)
		}}
	}
	return []stockCase{
		conv("Conv2d", []int{2, 2, 4, 5}, []int{3, 2, 3, 2}, nil, []int{1, 1}, nil),
		conv("Conv2d, padded, stride 2", []int{2, 1, 5, 4}, []int{2, 1, 3, 3}, []int{1, 1}, []int{2, 2}, nil),
		conv("Conv2d, dilated", []int{1, 2, 6, 6}, []int{2, 2, 2, 2}, []int{1, 0}, []int{1, 1}, []int{2, 3}),
		conv("Conv2d, 1x1, padded beyond it", []int{1, 2, 3, 3}, []int{2, 2, 1, 1}, []int{1, 2}, []int{1, 1}, nil),
		on2("Conv1d", func(x, filter *gorgonia.Node) (*gorgonia.Node, error) { return gorgonia.Conv1d(x, filter, 3, 1, 1, 1) }, []int{2, 2, 1, 6}, []int{3, 2, 1, 3}),
		on1("Im2Col", func(x *gorgonia.Node) (*gorgonia.Node, error) {
			return gorgonia.Im2Col(x, tensor.Shape{2, 2}, tensor.Shape{1, 0}, tensor.Shape{1, 2}, tensor.Shape{1, 1})
		}, 1, 2, 4, 4),
		pool("MaxPool2D", gorgonia.MaxPool2D, 2, []int{0, 0}, []int{2, 2}),
		pool("MaxPool2D, padded", gorgonia.MaxPool2D, 3, []int{1, 1}, []int{2, 2}),
		pool("MaxPool2D, four paddings", gorgonia.MaxPool2D, 3, []int{1, 0, 1, 0}, []int{1, 2}),
		pool("MaxPool2D, 5x5", gorgonia.MaxPool2D, 5, []int{2, 2}, []int{1, 1}),
		on1("MaxPool1D", func(x *gorgonia.Node) (*gorgonia.Node, error) { return gorgonia.MaxPool1D(x, 2, 0, 2) }, 2, 2, 1, 6),
		pool("AveragePool2D", gorgonia.AveragePool2D, 2, []int{0, 0}, []int{2, 2}),
		pool("AveragePool2D, padded", gorgonia.AveragePool2D, 3, []int{1, 1}, []int{1, 1}),
		pool("AveragePool2D, 5x5", gorgonia.AveragePool2D, 5, []int{0, 0}, []int{1, 1}),
		on1("GlobalAveragePool2D", gorgonia.GlobalAveragePool2D, 2, 3, 4, 4),
		on1("Upsample2D", func(x *gorgonia.Node) (*gorgonia.Node, error) { return gorgonia.Upsample2D(x, 2) }, 2, 2, 3, 3),
		norm("BatchNorm, images", true, 2, 3, 4, 4), norm("BatchNorm, matrix", true, 5, 3),
		norm("BatchNorm, not training, images", false, 2, 3, 2, 2), norm("BatchNorm, not training, matrix", false, 5, 3),
		{name: "GroupNorm", build: func(s *stock) *gorgonia.Node {
			return s.must(gorgonia.GroupNorm(s.x(2, 4, 2, 4), s.positive(1, 4, 1, 1), s.x(1, 4, 1, 1), 2, 4, 1e-3))
		}},
		{name: "Dropout, not training", eval: true, build: func(s *stock) *gorgonia.Node { return s.must(gorgonia.Dropout(s.x(2, 3), 0.5)) }},
		{name: "Dropout, probability 0", build: func(s *stock) *gorgonia.Node { return s.must(gorgonia.Dropout(s.x(2, 3), 0)) }},
	}
}
