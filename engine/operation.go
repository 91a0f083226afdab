package engine

import (
	"errors"
	"fmt"
	"hash"
	"hash/fnv"
	"path"
	"slices"

	"github.com/chewxy/hm"
	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"gangpu/engine/program"
)

// operation is a program.Op as a Gorgonia op. Shapes are part of a program.Op, so the value says
// all there is to know, and Compile hands it to the device as it is.
type operation struct {
	op    program.Op
	ranks []int // of the operands that are read
	shape tensor.Shape
	label label
	salt  int // told by the hash: see apply
	pullback
}

// pullback is the gradient rule of an operation. The zero value is that of one which is not
// differentiable.
type pullback struct {
	wrt  []bool // which inputs have a gradient
	grad func(in gorgonia.Nodes, out, dout *gorgonia.Node) (gorgonia.Nodes, error)
}

// label names the steps of an operation. It has no part in what the operation computes.
type label struct {
	layer  string // "discriminator/conv2d", from the names of the layer's parameters; may be empty
	role   string // what is done there, "filter_grad"; empty for the layer's own operation
	isGrad bool   // made by differentiation, not by the caller
}

func (l label) String() string { return path.Join(l.layer, l.role) }

// grad labels a gradient of what l labels.
func (l label) grad(role string) label {
	return label{layer: l.layer, role: path.Join(l.role, role), isGrad: true}
}

// orElse is l, or if its layer is not known, op's label in the layer that x comes from.
func (l label) orElse(x *gorgonia.Node, op string) label {
	if l.layer != "" {
		return l
	}
	return after(x, op)
}

// apply makes a node of op on the inputs, which are op's operands but for the last, its result.
func apply(op program.Op, shape tensor.Shape, l label, p pullback, inputs ...*gorgonia.Node) (*gorgonia.Node, error) {
	name := op.Name()
	if _, ok := op.(program.Map); ok && l.role != "" { // what the map is for
		name = l.role
	}
	if err := op.Validate(); err != nil {
		return nil, opError(name, err, inputs...)
	}
	inputs, err := own(inputs)
	if err != nil {
		return nil, opError(name, err, inputs...)
	}
	o := &operation{op: op, shape: shape, label: l, pullback: p}
	if o.wrt == nil {
		o.wrt = make([]bool, len(inputs))
	}
	for _, n := range inputs {
		o.ranks = append(o.ranks, n.Shape().Dims())
	}
	// Gorgonia takes a node for one that it has by a hash of 32 bits and the operation, whatever the operands are: of
	// many nodes, two of one operation on different operands may have the same. Another hash tells them apart.
	for ; o.salt < 16; o.salt++ {
		n, err := applyOp(o, inputs...)
		if err != nil {
			return nil, opError(name, err, inputs...)
		}
		if o.isThatOf(n, inputs) {
			return n, nil
		}
	}
	return nil, opError(name, errors.New("gorgonia takes it for another node"), inputs...)
}

// isThatOf reports whether n is the operation on these operands, made now or before.
func (o *operation) isThatOf(n *gorgonia.Node, operands gorgonia.Nodes) bool {
	other, ok := n.Op().(*operation)
	if other == o {
		return true
	}
	return ok && slices.Equal(operandsOf(n), operands) && other.attributes() == o.attributes()
}

func (o *operation) Arity() int           { return len(o.ranks) }
func (o *operation) ReturnsPtr() bool     { return false }
func (o *operation) CallsExtern() bool    { return false }
func (o *operation) OverwritesInput() int { return -1 }
func (o *operation) String() string       { return o.op.Name() }
func (o *operation) DiffWRT(int) []bool   { return slices.Clone(o.wrt) }

func (o *operation) SymDiff(in gorgonia.Nodes, out, dout *gorgonia.Node) (gorgonia.Nodes, error) {
	if o.grad == nil {
		return nil, fmt.Errorf("%s is not differentiable", o.op.Name())
	}
	return o.grad(in, out, dout)
}

// Type is a function on tensors of one element type. Gorgonia recycles it: a new one each time.
func (o *operation) Type() hm.Type {
	element := hm.TypeVariable('a')
	ofRank := func(rank int) hm.Type {
		if rank == 0 {
			return element
		}
		return gorgonia.TensorType{Dims: rank, Of: element}
	}
	var types []hm.Type
	for _, r := range o.ranks {
		types = append(types, ofRank(r))
	}
	return hm.NewFnType(append(types, ofRank(o.shape.Dims()))...)
}

func (o *operation) InferShape(...gorgonia.DimSizer) (tensor.Shape, error) {
	return o.shape.Clone(), nil
}

// WriteHash writes all attributes: Gorgonia takes nodes of the same hash and inputs for one. The
// shape tells reshapes of one length apart, and what has a gradient from what is detached.
func (o *operation) WriteHash(h hash.Hash) { fmt.Fprintf(h, "gangpu %s%d", o.attributes(), o.salt) }

func (o *operation) attributes() string {
	return fmt.Sprintf("%T%+v%v%v", o.op, o.op, o.shape, o.wrt)
}

func (o *operation) Hashcode() uint32 {
	h := fnv.New32a()
	o.WriteHash(h)
	return h.Sum32()
}

// Do computes the operation by the loops of its definition, in the element type of its inputs:
// graphs also run on Gorgonia's own machines, for comparison.
func (o *operation) Do(inputs ...gorgonia.Value) (gorgonia.Value, error) {
	if len(inputs) != len(o.ranks) {
		return nil, fmt.Errorf("%s takes %d inputs, got %d", o.op.Name(), len(o.ranks), len(inputs))
	}
	if inputs[0].Dtype() == tensor.Float64 {
		return do[float64](o, inputs)
	}
	return do[float32](o, inputs)
}

func do[E program.Float](o *operation, inputs []gorgonia.Value) (gorgonia.Value, error) {
	var args []any
	for i, v := range inputs {
		s, err := elements[E](v)
		if err != nil {
			return nil, fmt.Errorf("%s: input %d: %w", o.op.Name(), i, err)
		}
		args = append(args, s)
	}
	result := make([]E, o.shape.TotalSize())
	rest := result
	for _, r := range o.op.Operands()[len(args):] { // of several results the node has one after the other
		args, rest = append(args, rest[:r.Len]), rest[r.Len:]
	}
	if err := program.Compute[E](o.op, args...); err != nil {
		return nil, err
	}
	return newValue(o.shape, result), nil
}

// layerOf is the layer that a node belongs to: of a variable "generator/conv2d/kernel" it is
// "generator/conv2d", of the result of an operation that of the operation, of others empty.
func layerOf(n *gorgonia.Node) string {
	if o, ok := n.Op().(*operation); ok {
		return o.label.layer
	}
	if dir := path.Dir(n.Name()); n.IsVar() && dir != "." {
		return dir
	}
	return ""
}

// after labels an operation without parameters by the layer that it follows.
func after(x *gorgonia.Node, role string) label { return label{layer: layerOf(x), role: role} }
