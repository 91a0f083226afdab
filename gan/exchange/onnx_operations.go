package exchange

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"

	"gangpu/engine/expr"
	"gangpu/gan/nn"
)

// onnxOperation writes a node of a saved graph down and returns its results. Package engine says what each computes.
type onnxOperation func(g *onnxUse, n nn.SavedNode, x []*operand) ([]*operand, error)

// onnxOperations are all of them, by their words.
var onnxOperations = map[string]onnxOperation{
	"relu":        elementwise("Relu"),
	"tanh":        elementwise("Tanh"),
	"sigmoid":     elementwise("Sigmoid"),
	"softplus":    elementwise("Softplus"),
	"gelu":        expression(gelu),
	"silu":        expression(func(x ...expr.Expr) expr.Expr { return x[0].Mul(x[0].Sigmoid()) }),
	"add":         expression(func(x ...expr.Expr) expr.Expr { return x[0].Add(x[1]) }),
	"subtract":    expression(func(x ...expr.Expr) expr.Expr { return x[0].Sub(x[1]) }),
	"multiply":    expression(func(x ...expr.Expr) expr.Expr { return x[0].Mul(x[1]) }),
	"divide":      expression(func(x ...expr.Expr) expr.Expr { return x[0].Div(x[1]) }),
	"map":         writeMap,
	"leaky_relu":  writeLeakyReLU,
	"prelu":       writePReLU,
	"softmax":     alongChannels("Softmax"),
	"log_softmax": alongChannels("LogSoftmax"),
	"detach":      unchanged,

	"dropout":        unchanged,
	"dropout_in_use": unchanged,

	"reshape": writeReshape,
	"flatten": writeFlatten,
	"vector":  writeVector,
	"concat":  writeConcat,
	"slice":   writeSlice,
	"mirror":  writeMirror,
	"reduce":  writeReduce,

	"dense":            writeDense,
	"attention":        writeAttention,
	"conv2d":           writeConv2D,
	"conv2d_transpose": writeConv2DTranspose,
	"fir":              writeFIR,
	"demodulation":     writeDemodulation,
	"pool":             writePool,
	"upsample_nearest": writeUpsample,
	"resize_bicubic":   writeBicubic,
	"depth_to_space":   writeDepthToSpace,
	"reflect_pad":      writeReflectPad,

	"norm":                writeNorm,
	"normalise":           writeNormalise,
	"pixel_norm":          writePixelNorm,
	"spectral_norm":       writeSpectralNorm,
	"minibatch_stddev":    writeMinibatchStddev,
	"global_average_pool": writeGlobalAveragePool,
	"total_variation":     writeTotalVariation,
}

// unchanged is of an operation that makes of its operand what it is.
func unchanged(_ *onnxUse, _ nn.SavedNode, x []*operand) ([]*operand, error) { return x[:1], nil }

// decode reads the attributes of a node, or some of them.
func decode(n nn.SavedNode, into any) error {
	if len(n.Attributes) == 0 {
		return nil
	}
	if err := json.Unmarshal(n.Attributes, into); err != nil {
		return fmt.Errorf("the attributes: %w", err)
	}
	return nil
}

// one is the result of an operation that has one.
func one(v *operand, err error) ([]*operand, error) { return []*operand{v}, err }

// apply is an operator on each element of v.
func (g *onnxUse) apply(operator string, v *operand, attributes ...message) *operand {
	first := imagesFirst(v)
	return made(g.node(operator, []string{g.as(v, first)}, attributes...), first, v.shape)
}

func elementwise(operator string) onnxOperation {
	return func(g *onnxUse, _ nn.SavedNode, x []*operand) ([]*operand, error) {
		return one(g.apply(operator, x[0]), nil)
	}
}

func expression(f func(x ...expr.Expr) expr.Expr) onnxOperation {
	return func(g *onnxUse, _ nn.SavedNode, x []*operand) ([]*operand, error) { return one(g.mapOf(f, x...)) }
}

func gelu(x ...expr.Expr) expr.Expr {
	return x[0].Mul(expr.Const(0.5)).Mul(x[0].Mul(expr.Const(1 / math.Sqrt2)).Erf().Add(expr.Const(1)))
}

// alongChannels is an operator on rows along the last axis.
func alongChannels(operator string) onnxOperation {
	return func(g *onnxUse, _ nn.SavedNode, x []*operand) ([]*operand, error) {
		axis := len(x[0].shape) - 1
		if imagesFirst(x[0]) {
			axis = axisOf(axis, true)
		}
		return one(g.apply(operator, x[0], onnxInt("axis", axis)), nil)
	}
}

func writeMap(g *onnxUse, n nn.SavedNode, x []*operand) ([]*operand, error) {
	var a struct{ Code expr.Code }
	if err := decode(n, &a); err != nil {
		return nil, err
	}
	return one(g.compute(a.Code, x...))
}

func writeLeakyReLU(g *onnxUse, n nn.SavedNode, x []*operand) ([]*operand, error) {
	var a struct{ Alpha float64 }
	if err := decode(n, &a); err != nil {
		return nil, err
	}
	return one(g.apply("LeakyRelu", x[0], onnxFloat("alpha", a.Alpha)), nil)
}

func writePReLU(g *onnxUse, _ nn.SavedNode, x []*operand) ([]*operand, error) {
	first := imagesFirst(x...)
	return one(made(g.node("PRelu", []string{g.as(x[0], first), g.as(x[1], first)}), first, x[0].shape), nil)
}

// reshape gives the elements of v, in order, another shape.
func (g *onnxUse) reshape(v *operand, shape ...int) *operand {
	to := make([]int64, len(shape))
	for i, d := range shape {
		to[i] = int64(d) // of which at most one is ofBatch, that is -1, which ONNX finds
	}
	return made(g.node("Reshape", []string{g.channelsLast(v), g.integers(to...)}), false, shape)
}

func writeReshape(g *onnxUse, n nn.SavedNode, x []*operand) ([]*operand, error) {
	var a struct{ Shape []int }
	if err := decode(n, &a); err != nil {
		return nil, err
	}
	return one(g.reshape(x[0], append([]int{x[0].shape[0]}, a.Shape...)...), nil)
}

func writeFlatten(g *onnxUse, _ nn.SavedNode, x []*operand) ([]*operand, error) {
	features := 1
	for _, d := range x[0].shape[1:] {
		features *= d
	}
	return one(g.reshape(x[0], x[0].shape[0], features), nil)
}

func writeVector(g *onnxUse, _ nn.SavedNode, x []*operand) ([]*operand, error) {
	size := 1
	for _, d := range x[0].shape {
		if d == ofBatch {
			return nil, fmt.Errorf("a vector of a batch cannot be written as ONNX")
		}
		size *= d
	}
	return one(g.reshape(x[0], size), nil)
}

// axisIn is an axis of v, where negative ones count from its end.
func axisIn(v *operand, axis int) (int, error) {
	if axis < 0 {
		axis += len(v.shape)
	}
	if axis < 0 || axis >= len(v.shape) {
		return 0, fmt.Errorf("no axis %d of the shape %v", axis, v.shape)
	}
	return axis, nil
}

func writeConcat(g *onnxUse, n nn.SavedNode, x []*operand) ([]*operand, error) {
	var a struct{ Axis int }
	err := decode(n, &a)
	if err != nil {
		return nil, err
	}
	axis, err := axisIn(x[0], a.Axis)
	if err != nil {
		return nil, err
	}
	return one(g.concat(axis, x...), nil)
}

func (g *onnxUse) concat(axis int, x ...*operand) *operand {
	first := imagesFirst(x...)
	shape := slices.Clone(x[0].shape)
	var names []string
	for i, v := range x {
		names = append(names, g.as(v, first))
		switch {
		case i == 0:
		case v.shape[axis] == ofBatch:
			shape[axis] = ofBatch
		case shape[axis] != ofBatch:
			shape[axis] += v.shape[axis]
		}
	}
	return made(g.node("Concat", names, onnxInt("axis", axisOf(axis, first))), first, shape)
}

// slice is the elements first, first+step, ... of v before end, along an axis. The result has size elements there.
func (g *onnxUse) slice(v *operand, axis int, first, end, step int64, size int) *operand {
	images := imagesFirst(v)
	shape := slices.Clone(v.shape)
	shape[axis] = size
	along := g.integers(int64(axisOf(axis, images)))
	y := g.node("Slice", []string{g.as(v, images), g.integers(first), g.integers(end), along, g.integers(step)})
	return made(y, images, shape)
}

func writeSlice(g *onnxUse, n nn.SavedNode, x []*operand) ([]*operand, error) {
	var a struct{ Axis, First, End int }
	err := decode(n, &a)
	if err != nil {
		return nil, err
	}
	axis, err := axisIn(x[0], a.Axis)
	if err != nil {
		return nil, err
	}
	end, size := int64(a.End), a.End-a.First
	if a.End == 0 {
		end, size = math.MaxInt64, x[0].shape[axis]
		if size != ofBatch {
			size -= a.First
		}
	}
	return one(g.slice(x[0], axis, int64(a.First), end, 1, size), nil)
}

func writeMirror(g *onnxUse, _ nn.SavedNode, x []*operand) ([]*operand, error) {
	return one(g.slice(x[0], 2, -1, math.MinInt64, -1, x[0].shape[2]), nil)
}

// reduce is an operator that combines v along axes, which stay with a size of 1.
func (g *onnxUse) reduce(operator string, v *operand, axes ...int) *operand {
	first := imagesFirst(v)
	shape := slices.Clone(v.shape)
	var along []int
	for _, a := range axes {
		shape[a] = 1
		along = append(along, axisOf(a, first))
	}
	slices.Sort(along)
	return made(g.reduction(operator, g.as(v, first), 1, along), first, shape)
}

// reduction is the node of an operator that combines its input along axes: of all, if none are named.
func (g *onnxUse) reduction(operator, x string, keep int, axes []int) string {
	inputs, attributes := []string{x}, []message{onnxInt("keepdims", keep)}
	switch {
	case len(axes) == 0:
	case operator == "ReduceSum": // whose axes are an input in opset 13
		all := make([]int64, len(axes))
		for i, a := range axes {
			all[i] = int64(a)
		}
		inputs = append(inputs, g.integers(all...))
	default:
		attributes = append(attributes, onnxInts("axes", axes...))
	}
	return g.node(operator, inputs, attributes...)
}

func writeReduce(g *onnxUse, n nn.SavedNode, x []*operand) ([]*operand, error) {
	var a struct {
		Of   string
		Axes []int
	}
	if err := decode(n, &a); err != nil {
		return nil, err
	}
	operator := map[string]string{"sum": "ReduceSum", "mean": "ReduceMean", "maximum": "ReduceMax"}[a.Of]
	if len(a.Axes) == 0 {
		return one(made(g.reduction(operator, g.channelsLast(x[0]), 0, nil), false, nil), nil)
	}
	return one(g.reduce(operator, x[0], a.Axes...), nil)
}
