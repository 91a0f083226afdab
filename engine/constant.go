package engine

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"hash"
	"hash/fnv"

	"github.com/chewxy/hm"
	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// MaxConstant is the number of elements that a constant may have: 16 MiB. What is larger should be an input.
const MaxConstant = 1 << 22

// Constant is a node of fixed elements, which it copies: a dense tensor in row-major order, or a scalar, of float32 or
// float64. A program carries them, and a device gets them when the program is loaded.
//
// Unlike [gorgonia.NewConstant] it is never taken for another one. Gorgonia tells constants apart by how they are
// printed, which leaves out most elements of a large tensor, and its shape. The operations of this package make theirs
// of Gorgonia's that are not in a graph yet.
func Constant(g *gorgonia.ExprGraph, value gorgonia.Value) (*gorgonia.Node, error) {
	if g == nil || value == nil {
		return nil, errors.New("engine: a constant without a graph, or without a value")
	}
	n := value.Shape().TotalSize()
	if n > MaxConstant {
		return nil, fmt.Errorf("engine: a constant of %d elements, at most %d; make it an input", n, MaxConstant)
	}
	o := &fixed{}
	sum := sha256.New()
	fmt.Fprintf(sum, "%v%v", value.Dtype(), value.Shape())
	var err error
	if value.Dtype() == tensor.Float64 {
		o.value, err = copied[float64](value, sum)
	} else {
		o.value, err = copied[float32](value, sum)
	}
	if err != nil {
		return nil, fmt.Errorf("engine: a constant: %w", err)
	}
	sum.Sum(o.digest[:0])
	for ; o.salt < 16; o.salt++ { // as in apply
		node := gorgonia.NewUniqueNode(gorgonia.In(g), gorgonia.WithOp(o), gorgonia.WithType(o.Type()), gorgonia.WithShape(value.Shape()...),
			gorgonia.WithName("constant"), gorgonia.WithValue(o.value))
		if other, ok := node.Op().(*fixed); ok && other.digest == o.digest {
			return node, nil
		}
	}
	return nil, errors.New("engine: a constant: gorgonia takes it for another node")
}

// copied is a value of elements of its own, which it writes to w.
func copied[E float32 | float64](value gorgonia.Value, w hash.Hash) (gorgonia.Value, error) {
	data, err := elements[E](value)
	if err != nil {
		return nil, err
	}
	data = append([]E(nil), data...)
	return newValue(value.Shape().Clone(), data), binary.Write(w, binary.LittleEndian, data)
}

// own makes constants of this package of Gorgonia's that are in no graph yet: before they are, and taken for others.
func own(inputs []*gorgonia.Node) ([]*gorgonia.Node, error) {
	var g *gorgonia.ExprGraph
	for _, n := range inputs {
		if n.Graph() != nil {
			g = n.Graph()
		}
	}
	var all []*gorgonia.Node
	for i, n := range inputs {
		if g == nil || n.Graph() != nil || !isConstant(n) {
			continue
		}
		c, err := Constant(g, n.Op().(constant).Value())
		if err != nil {
			return nil, err
		}
		if all == nil {
			all = append(all, inputs...)
		}
		all[i] = c
	}
	if all == nil {
		return inputs, nil
	}
	return all, nil
}

// fixed is a Constant as a Gorgonia op.
type fixed struct {
	value  gorgonia.Value
	digest [sha256.Size]byte
	salt   int
}

// Value tells that it is a constant, as Gorgonia's do.
func (o *fixed) Value() gorgonia.Value { return o.value }

func (o *fixed) Arity() int           { return 0 }
func (o *fixed) ReturnsPtr() bool     { return true }
func (o *fixed) CallsExtern() bool    { return false }
func (o *fixed) OverwritesInput() int { return -1 }
func (o *fixed) String() string       { return "constant" }
func (o *fixed) DiffWRT(int) []bool   { return nil }
func (o *fixed) Type() hm.Type        { return gorgonia.TypeOf(o.value) }

func (o *fixed) InferShape(...gorgonia.DimSizer) (tensor.Shape, error) { return o.value.Shape(), nil }
func (o *fixed) Do(...gorgonia.Value) (gorgonia.Value, error)          { return o.value, nil }
func (o *fixed) SymDiff(gorgonia.Nodes, *gorgonia.Node, *gorgonia.Node) (gorgonia.Nodes, error) {
	return nil, nil
}
func (o *fixed) WriteHash(h hash.Hash) { fmt.Fprintf(h, "gangpu constant %x%d", o.digest, o.salt) }

func (o *fixed) Hashcode() uint32 {
	h := fnv.New32a()
	o.WriteHash(h)
	return h.Sum32()
}
