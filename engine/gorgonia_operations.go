package engine

import (
	"errors"
	"reflect"
	"regexp"
	"slices"
	"strconv"

	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// call is a node of an operation of Gorgonia's that is to be lowered, whose operands are translated already.
type call struct {
	t    *translation
	node *gorgonia.Node
	in   gorgonia.Nodes
	text string // how Gorgonia prints the operation, with most of its attributes
}

// lowering makes nodes of this package that compute what a call computes. A result of as many elements may have another
// shape.
type lowering func(c *call) (*gorgonia.Node, error)

// lowerings has Gorgonia's operations by the names of their types, which it does not export.
var lowerings = map[string]lowering{
	"elemBinOp":           binaryElements,
	"elemUnaryOp":         unaryElements,
	"minBetween":          minBetween,
	"maxBetween":          maxBetween,
	"linAlgBinOp":         linearAlgebra,
	"tensordotOp":         tensordot,
	"sumOp":               sumAlong,
	"maxOp":               maxAlong,
	"sizeOp":              sizeOf,
	"repeatOp":            repeat,
	"reshapeOp":           func(c *call) (*gorgonia.Node, error) { return Reshape(c.in[0], c.node.Shape()...) },
	"transposeOp":         func(c *call) (*gorgonia.Node, error) { return Transpose(c.in[0], numbers(c.text)...) },
	"concatOp":            func(c *call) (*gorgonia.Node, error) { return Concat(numbers(c.text)[0], c.in...) },
	"sliceOp":             slice,
	"byIndicesOp":         byIndices,
	"im2colOp":            im2col,
	"maxPoolOp":           maxPool,
	"avgPoolOp":           averagePool,
	"globalAveragePoolOp": globalAveragePool,
	"upsampleOp":          upsample,
	"softmaxOp":           softmax,
	"BatchNormOp":         batchNorm,
	"GroupNormOp":         groupNorm,
	"dropoutOp":           dropoutOfGorgonia,
	"randomOp":            random,
	"readOp":              func(c *call) (*gorgonia.Node, error) { return c.in[0], nil },
}

// refused says why an operation is not among them. The gradients of networks' operations, which Gorgonia makes as
// operations of their own, are refused without more.
var refused = map[string]string{
	"letOp":       "assignments to nodes have no place in a graph that is compiled",
	"sparsemaxOp": "it sorts, which no device does",
	"ctcLossOp":   "it is a recurrence over time, which no device has",
	"yoloOp":      "it decodes boxes by loops of its own",
	"diagFlatOp":  "it moves a vector to a diagonal, which no index of a map says",
	"atOp":        "Gorgonia's machine gives it no value either: slice, and read the value",
}

// typeOf is the name of an operation's type.
func typeOf(op gorgonia.Op) string {
	t := reflect.TypeOf(op)
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	return t.Name()
}

var number = regexp.MustCompile(`-?\d+`)

// numbers are the whole numbers in a text.
func numbers(text string) []int {
	var all []int
	for _, s := range number.FindAllString(text, -1) {
		n, _ := strconv.Atoi(s) // the expression lets nothing else through
		all = append(all, n)
	}
	return all
}

// fit gives a value another shape of as many elements, or repeats a single one.
func fit(x *gorgonia.Node, shape tensor.Shape) (*gorgonia.Node, error) {
	if slices.Equal(x.Shape(), shape) {
		return x, nil
	}
	if x.Shape().TotalSize() == shape.TotalSize() {
		return Reshape(x, shape...)
	}
	if x.Shape().TotalSize() != 1 {
		return nil, errors.New("the shapes do not fit each other")
	}
	x, err := fit(x, tensor.ScalarShape())
	if err != nil {
		return nil, err
	}
	return BroadcastTo(x, shape...)
}
