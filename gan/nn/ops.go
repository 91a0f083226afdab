package nn

import (
	"fmt"

	"gorgonia.org/gorgonia"

	"gangpu/engine"
	"gangpu/engine/expr"
	"gangpu/engine/program"
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

// Channels are the channels from the first to the one before end.
func Channels(x *Node, first, end int) *Node { return apply(slice{-1, first, end}, x) }

// Examples are those of a batch from the first to the one before end.
func Examples(x *Node, first, end int) *Node { return apply(slice{0, first, end}, x) }

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

type upsample struct {
	Factor int `json:"factor"`
}

func (upsample) Kind() string { return "upsample_nearest" }
func (o upsample) build(x []*gorgonia.Node) ([]*gorgonia.Node, error) {
	return one(engine.UpsampleNearest(x[0], o.Factor, o.Factor))
}

// Upsample repeats each pixel factor times down and across.
func Upsample(x *Node, factor int) *Node { return apply(upsample{factor}, x) }

type pool struct {
	Of      string `json:"of"` // average or maximum
	Size    int    `json:"size"`
	Stride  int    `json:"stride"`
	Padding int    `json:"padding"`
}

func (pool) Kind() string { return "pool" }
func (o pool) build(x []*gorgonia.Node) ([]*gorgonia.Node, error) {
	w := engine.Window{Height: o.Size, Width: o.Size, StrideH: o.Stride, StrideW: o.Stride,
		Top: o.Padding, Bottom: o.Padding, Left: o.Padding, Right: o.Padding}
	if o.Of == "maximum" {
		return one(engine.MaxPool(x[0], w))
	}
	return one(engine.AveragePool(x[0], w))
}

// AveragePool is the mean of windows of size x size pixels, which do not overlap.
func AveragePool(x *Node, size int) *Node { return apply(pool{"average", size, size, 0}, x) }

// MaxPool is the largest element of such windows.
func MaxPool(x *Node, size int) *Node { return apply(pool{"maximum", size, size, 0}, x) }

type depthToSpace struct {
	Block int `json:"block"`
}

func (depthToSpace) Kind() string { return "depth_to_space" }
func (o depthToSpace) build(x []*gorgonia.Node) ([]*gorgonia.Node, error) {
	return one(engine.DepthToSpace(x[0], o.Block))
}

// DepthToSpace is the pixel shuffle (Shi et al., 2016); see [engine.DepthToSpace].
func DepthToSpace(x *Node, block int) *Node { return apply(depthToSpace{block}, x) }

type reflectPad struct {
	Top, Bottom, Left, Right int
}

func (reflectPad) Kind() string { return "reflect_pad" }
func (o reflectPad) build(x []*gorgonia.Node) ([]*gorgonia.Node, error) {
	return one(engine.ReflectPad(x[0], o.Top, o.Bottom, o.Left, o.Right))
}

// ReflectPad continues images by so many mirrored pixels on each side.
func ReflectPad(x *Node, pixels int) *Node {
	return apply(reflectPad{pixels, pixels, pixels, pixels}, x)
}

type mirror struct{}

func (mirror) Kind() string { return "mirror" }
func (mirror) build(x []*gorgonia.Node) ([]*gorgonia.Node, error) {
	return one(engine.Flip(x[0], 2))
}

// Mirror flips images left to right.
func Mirror(x *Node) *Node { return apply(mirror{}, x) }

type blur struct {
	Weights []float64 `json:"weights"`
}

func (blur) Kind() string { return "blur" }
func (o blur) build(x []*gorgonia.Node) ([]*gorgonia.Node, error) {
	return one(engine.Blur(x[0], o.Weights...))
}

// Blur filters images by the weights down and across; see [engine.Blur].
func Blur(x *Node, weights ...float64) *Node { return apply(blur{weights}, x) }

type pixelNorm struct {
	Epsilon float64 `json:"epsilon"`
}

func (pixelNorm) Kind() string { return "pixel_norm" }
func (o pixelNorm) build(x []*gorgonia.Node) ([]*gorgonia.Node, error) {
	return one(engine.PixelNorm(x[0], o.Epsilon))
}

// PixelNorm divides each pixel by the root of its channels' mean square (Karras et al., 2018).
func PixelNorm(x *Node) *Node { return apply(pixelNorm{1e-8}, x) }

type minibatchStddev struct {
	Group   int     `json:"group"`
	Epsilon float64 `json:"epsilon"`
}

func (minibatchStddev) Kind() string { return "minibatch_stddev" }
func (o minibatchStddev) build(x []*gorgonia.Node) ([]*gorgonia.Node, error) {
	return one(engine.MinibatchStddev(x[0], o.Group, o.Epsilon))
}

// MinibatchStddev appends a channel that tells how much the images of a group differ (Karras et al., 2018).
func MinibatchStddev(x *Node, group int) *Node { return apply(minibatchStddev{group, 1e-8}, x) }

type attention struct{}

func (attention) Kind() string { return "attention" }
func (attention) build(x []*gorgonia.Node) ([]*gorgonia.Node, error) {
	return one(engine.Attention(x[0], x[1], x[2]))
}

// Attention is that of queries [batch, n, depth] to keys [batch, m, depth] with values [batch, m, width].
func Attention(queries, keys, values *Node) *Node { return apply(attention{}, queries, keys, values) }

// Of layers.

type dense struct{}

func (dense) Kind() string { return "dense" }
func (dense) build(x []*gorgonia.Node) ([]*gorgonia.Node, error) {
	return one(engine.Dense(x[0], x[1], optional(x, 2)))
}

// optional is input i, nil if there is none.
func optional(x []*gorgonia.Node, i int) *gorgonia.Node {
	if i < len(x) {
		return x[i]
	}
	return nil
}

type conv2D struct {
	Stride  [2]int          `json:"stride"`
	Padding program.Padding `json:"padding"`
}

func (conv2D) Kind() string { return "conv2d" }
func (o conv2D) build(x []*gorgonia.Node) ([]*gorgonia.Node, error) {
	return one(engine.Conv2D(x[0], x[1], optional(x, 2), o.Stride, o.Padding))
}

type conv2DTranspose struct {
	Stride  [2]int          `json:"stride"`
	Padding program.Padding `json:"padding"`
}

func (conv2DTranspose) Kind() string { return "conv2d_transpose" }
func (o conv2DTranspose) build(x []*gorgonia.Node) ([]*gorgonia.Node, error) {
	return one(engine.Conv2DTranspose(x[0], x[1], optional(x, 2), o.Stride, o.Padding))
}

type dropout struct{}

func (dropout) Kind() string { return "dropout" }
func (dropout) build(x []*gorgonia.Node) ([]*gorgonia.Node, error) {
	return one(engine.Dropout(x[0], x[1]))
}

type prelu struct{}

func (prelu) Kind() string { return "prelu" }
func (prelu) build(x []*gorgonia.Node) ([]*gorgonia.Node, error) {
	return one(engine.PReLU(x[0], x[1]))
}

// norm normalises by statistics that are computed of the input: of the batch, of an instance, ...
type norm struct {
	Over    string  `json:"over"` // batch, instance, layer or group
	Epsilon float64 `json:"epsilon"`
	Groups  int     `json:"groups,omitempty"`
}

func (norm) Kind() string { return "norm" }

func (o norm) build(x []*gorgonia.Node) ([]*gorgonia.Node, error) {
	gamma, beta := optional(x, 1), optional(x, 2)
	switch o.Over {
	case "batch":
		y, mean, variance, err := engine.BatchNorm(x[0], gamma, beta, o.Epsilon)
		return []*gorgonia.Node{y, mean, variance}, err
	case "instance":
		return one(engine.InstanceNorm(x[0], gamma, beta, o.Epsilon))
	case "layer":
		return one(engine.LayerNorm(x[0], gamma, beta, o.Epsilon))
	case "group":
		return one(engine.GroupNorm(x[0], gamma, beta, o.Groups, o.Epsilon))
	}
	return nil, fmt.Errorf("no norm over a %q", o.Over)
}

// normalise normalises by given statistics.
type normalise struct {
	Epsilon float64 `json:"epsilon"`
}

func (normalise) Kind() string { return "normalise" }
func (o normalise) build(x []*gorgonia.Node) ([]*gorgonia.Node, error) {
	return one(engine.Normalise(x[0], x[1], x[2], optional(x, 3), optional(x, 4), o.Epsilon))
}

type spectralNorm struct {
	Epsilon float64 `json:"epsilon"`
}

func (spectralNorm) Kind() string { return "spectral_norm" }
func (o spectralNorm) build(x []*gorgonia.Node) ([]*gorgonia.Node, error) {
	w, u, err := engine.SpectralNorm(x[0], x[1], o.Epsilon)
	return []*gorgonia.Node{w, u}, err
}

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

// vector makes an array with one long axis a vector.
type vector struct{}

func (vector) Kind() string { return "vector" }
func (vector) build(x []*gorgonia.Node) ([]*gorgonia.Node, error) {
	return one(engine.Reshape(x[0], x[0].Shape().TotalSize()))
}
