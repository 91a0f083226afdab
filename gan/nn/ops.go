package nn

import (
	"fmt"

	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"gangpu/engine"
	"gangpu/engine/expr"
)

// one is the result of an engine's function as build wants it.
func one(n *gorgonia.Node, err error) ([]*gorgonia.Node, error) { return []*gorgonia.Node{n}, err }

// Without attributes.

type function struct{ Name string }

var unary = map[string]func(x *gorgonia.Node) (*gorgonia.Node, error){
	"relu": engine.ReLU, "tanh": engine.Tanh, "sigmoid": engine.Sigmoid, "gelu": engine.GELU, "silu": engine.SiLU,
	"softplus": engine.Softplus, "softmax": engine.Softmax, "log_softmax": engine.LogSoftmax, "flatten": engine.Flatten,
	"detach": engine.Detach, "global_average_pool": engine.GlobalAveragePool, "total_variation": engine.TotalVariation,
}

var binary = map[string]func(a, b *gorgonia.Node) (*gorgonia.Node, error){
	"add": engine.Add, "subtract": engine.Subtract, "multiply": engine.Multiply, "divide": engine.Divide,
}

func (o function) Kind() string { return o.Name }

func (o function) build(x []*gorgonia.Node) ([]*gorgonia.Node, error) {
	if f, ok := unary[o.Name]; ok && len(x) == 1 {
		return one(f(x[0]))
	}
	if f, ok := binary[o.Name]; ok && len(x) == 2 {
		return one(f(x[0], x[1]))
	}
	return nil, fmt.Errorf("no operation %q of %d inputs", o.Name, len(x))
}

// ReLU is max(x, 0).
func ReLU(x *Node) *Node { return apply(function{"relu"}, x) }

// Tanh is the hyperbolic tangent.
func Tanh(x *Node) *Node { return apply(function{"tanh"}, x) }

// Sigmoid is 1/(1+exp(-x)).
func Sigmoid(x *Node) *Node { return apply(function{"sigmoid"}, x) }

// GELU is x*(1+erf(x/sqrt(2)))/2 (Hendrycks and Gimpel, 2016).
func GELU(x *Node) *Node { return apply(function{"gelu"}, x) }

// SiLU is x*sigmoid(x) (Elfwing et al., 2017).
func SiLU(x *Node) *Node { return apply(function{"silu"}, x) }

// Softplus is log(1+exp(x)).
func Softplus(x *Node) *Node { return apply(function{"softplus"}, x) }

// Softmax is exp(x)/sum(exp(x)) along the last axis.
func Softmax(x *Node) *Node { return apply(function{"softmax"}, x) }

// LogSoftmax is the logarithm of Softmax.
func LogSoftmax(x *Node) *Node { return apply(function{"log_softmax"}, x) }

// Flatten makes each example one row.
func Flatten(x *Node) *Node { return apply(function{"flatten"}, x) }

// Detach is x as a constant: nothing is differentiated through it.
func Detach(x *Node) *Node { return apply(function{"detach"}, x) }

// GlobalAveragePool is the mean over the pixels, [batch, channels].
func GlobalAveragePool(x *Node) *Node { return apply(function{"global_average_pool"}, x) }

// Add, Subtract, Multiply and Divide are element by element; shapes are broadcast as NumPy does it.
func Add(a, b *Node) *Node      { return apply(function{"add"}, a, b) }
func Subtract(a, b *Node) *Node { return apply(function{"subtract"}, a, b) }
func Multiply(a, b *Node) *Node { return apply(function{"multiply"}, a, b) }
func Divide(a, b *Node) *Node   { return apply(function{"divide"}, a, b) }

// Sum adds up nodes of one shape.
func Sum(x ...*Node) *Node {
	if len(x) == 0 {
		return applyAll(function{"add"}, 1)[0]
	}
	y := x[0]
	for _, n := range x[1:] {
		y = Add(y, n)
	}
	return y
}

type mapOf struct {
	Name string    `json:"name"`
	Code expr.Code `json:"code"`
}

func (mapOf) Kind() string { return "map" }

func (o mapOf) build(x []*gorgonia.Node) ([]*gorgonia.Node, error) {
	results, err := o.Code.Exprs()
	if err != nil {
		return nil, err
	}
	for _, i := range o.Code.Inputs() {
		if i >= len(x) {
			return nil, fmt.Errorf("%s reads input %d of %d", o.Name, i, len(x))
		}
	}
	return one(engine.Map(o.Name, func(in ...expr.Expr) expr.Expr {
		return results[0].Replace(func(i int) expr.Expr { return in[i] })
	}, x...))
}

// Map computes an expression of its inputs, element by element; see [engine.Map].
func Map(name string, f func(x ...expr.Expr) expr.Expr, inputs ...*Node) *Node {
	return apply(mapOf{name, expr.Compile(f(expr.Inputs(len(inputs))...))}, inputs...)
}

// Scale is factor*x.
func Scale(x *Node, factor float64) *Node {
	if factor == 1 {
		return x
	}
	return Map("scale", func(x ...expr.Expr) expr.Expr { return x[0].Mul(expr.Const(factor)) }, x)
}

// Square is x*x.
func Square(x *Node) *Node {
	return Map("square", func(x ...expr.Expr) expr.Expr { return x[0].Mul(x[0]) }, x)
}

// Lerp is a + t*(b-a), broadcast to each other.
func Lerp(a, b, t *Node) *Node {
	return Map("lerp", func(x ...expr.Expr) expr.Expr { return x[0].Add(x[2].Mul(x[1].Sub(x[0]))) }, a, b, t)
}

type leakyReLU struct {
	Alpha float64 `json:"alpha"`
}

func (leakyReLU) Kind() string { return "leaky_relu" }
func (o leakyReLU) build(x []*gorgonia.Node) ([]*gorgonia.Node, error) {
	return one(engine.LeakyReLU(x[0], float32(o.Alpha)))
}

// LeakyReLU is x where x > 0, else alpha*x.
func LeakyReLU(x *Node, alpha float64) *Node { return apply(leakyReLU{alpha}, x) }

type reshape struct {
	Shape []int `json:"shape"` // of one example
}

func (reshape) Kind() string { return "reshape" }
func (o reshape) build(x []*gorgonia.Node) ([]*gorgonia.Node, error) {
	if x[0].Dims() == 0 {
		return nil, fmt.Errorf("reshape of a scalar")
	}
	return one(engine.Reshape(x[0], append([]int{x[0].Shape()[0]}, o.Shape...)...))
}

// Reshape gives each example another shape of as many elements.
func Reshape(x *Node, shape ...int) *Node { return apply(reshape{shape}, x) }

type concat struct {
	Axis int `json:"axis"`
}

func (concat) Kind() string { return "concat" }
func (o concat) build(x []*gorgonia.Node) ([]*gorgonia.Node, error) {
	axis := o.Axis
	if axis < 0 {
		axis += x[0].Dims()
	}
	return one(engine.Concat(axis, x...))
}

// Concat joins nodes along their last axis: the channels.
func Concat(x ...*Node) *Node { return apply(concat{-1}, x...) }

// Stack joins batches, one after the other.
func Stack(x ...*Node) *Node { return apply(concat{0}, x...) }

type slice struct {
	Axis  int `json:"axis"`
	First int `json:"first"`
	End   int `json:"end"` // 0 for all
}

func (slice) Kind() string { return "slice" }
func (o slice) build(x []*gorgonia.Node) ([]*gorgonia.Node, error) {
	axis := o.Axis
	if axis < 0 {
		axis += x[0].Dims()
	}
	if axis < 0 || axis >= x[0].Dims() {
		return nil, fmt.Errorf("slice along axis %d of %v", o.Axis, x[0].Shape())
	}
	ranges := make([]engine.Range, axis+1)
	ranges[axis] = engine.Range{First: o.First, End: o.End}
	return one(engine.Slice(x[0], ranges...))
}

// Slice is the elements along an axis from the first to the one before end.
func Slice(x *Node, axis, first, end int) *Node { return apply(slice{axis, first, end}, x) }

// Channels and Examples are slices of the last axis and of the batch.
func Channels(x *Node, first, end int) *Node { return Slice(x, -1, first, end) }
func Examples(x *Node, first, end int) *Node { return Slice(x, 0, first, end) }

type reduce struct {
	Of   string `json:"of"` // sum, mean or maximum
	Axes []int  `json:"axes"`
}

func (reduce) Kind() string { return "reduce" }
func (o reduce) build(x []*gorgonia.Node) ([]*gorgonia.Node, error) {
	switch o.Of {
	case "sum":
		return one(engine.Sum(x[0], o.Axes...))
	case "mean":
		return one(engine.Mean(x[0], o.Axes...))
	case "maximum":
		return one(engine.Maximum(x[0], o.Axes...))
	}
	return nil, fmt.Errorf("no reduction %q", o.Of)
}

// SumOver, MeanOver and MaximumOver combine x along axes, which stay with a size of 1; without axes they make a
// scalar of all.
func SumOver(x *Node, axes ...int) *Node     { return apply(reduce{"sum", axes}, x) }
func MeanOver(x *Node, axes ...int) *Node    { return apply(reduce{"mean", axes}, x) }
func MaximumOver(x *Node, axes ...int) *Node { return apply(reduce{"maximum", axes}, x) }

// custom is an operation that cannot be saved.
type custom struct {
	kind string
	f    func(x ...*gorgonia.Node) (*gorgonia.Node, error)
}

func (o custom) Kind() string                                       { return o.kind }
func (o custom) build(x []*gorgonia.Node) ([]*gorgonia.Node, error) { return one(o.f(x...)) }

// Custom adds what a Go function makes of Gorgonia's nodes by package engine. It can be trained through, but a
// network with it cannot be saved to make images without its code; use [Map] where that will do.
func Custom(kind string, f func(x ...*gorgonia.Node) (*gorgonia.Node, error), inputs ...*Node) *Node {
	return apply(custom{kind, f}, inputs...)
}

// BatchMatMul is the products of two batches of matrices; see [engine.BatchMatMul].
func BatchMatMul(a, b *Node) *Node {
	return Custom("batch_matmul", func(x ...*gorgonia.Node) (*gorgonia.Node, error) {
		return engine.BatchMatMul(x[0], x[1], false, false)
	}, a, b)
}

// Transpose has the axes of x in another order; see [engine.Transpose].
func Transpose(x *Node, order ...int) *Node {
	return Custom("transpose", func(x ...*gorgonia.Node) (*gorgonia.Node, error) { return engine.Transpose(x[0], order...) }, x)
}

// Count is the numbers 0, 1, ... n-1, [n], in the graph of x.
func Count(x *Node, n int) *Node {
	return Custom("count", func(x ...*gorgonia.Node) (*gorgonia.Node, error) {
		numbers := tensor.New(tensor.Of(x[0].Dtype()), tensor.WithShape(n))
		for i := range n {
			if x[0].Dtype() == tensor.Float64 {
				numbers.Set(i, float64(i))
			} else {
				numbers.Set(i, float32(i))
			}
		}
		return engine.Constant(x[0].Graph(), numbers)
	}, x)
}
