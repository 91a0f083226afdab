package engine

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"gangpu/engine/program"
)

// linearAlgebra are the products that Gorgonia prints as "A × B", "A × b" (matrix and vector), "a ⋅ b", "a ⊗ b" (outer)
// and "A ××× B" (batches), with a ᵀ behind what is transposed.
func linearAlgebra(c *call) (*gorgonia.Node, error) {
	words := strings.Fields(c.text)
	if len(words) != 3 || len(c.in) != 2 {
		return nil, fmt.Errorf("no product %q", c.text)
	}
	transA, transB := strings.HasSuffix(words[0], "ᵀ"), strings.HasSuffix(words[2], "ᵀ")
	a, b := c.in[0], c.in[1]
	sizeA, sizeB := a.Shape().TotalSize(), b.Shape().TotalSize()
	switch {
	case words[1] == "×××":
		return batchedMatMul(a, b, transA, transB)
	case words[1] == "⋅":
		return matrices(a, b, [2]int{1, sizeA}, [2]int{sizeB, 1}, false, false)
	case words[1] == "⊗":
		return matrices(a, b, [2]int{sizeA, 1}, [2]int{1, sizeB}, false, false)
	case words[1] == "×" && a.Dims() == 2 && strings.HasPrefix(words[2], "b"):
		return matrices(a, b, [2]int(a.Shape()), [2]int{sizeB, 1}, transA, false)
	case words[1] == "×" && a.Dims() == 2 && b.Dims() == 2:
		return matrices(a, b, [2]int(a.Shape()), [2]int(b.Shape()), transA, transB)
	}
	return nil, fmt.Errorf("no product %q of %v and %v", c.text, a.Shape(), b.Shape())
}

// matrices is the product of a and b as matrices of the given shapes, read transposed or not.
func matrices(a, b *gorgonia.Node, shapeA, shapeB [2]int, transA, transB bool) (*gorgonia.Node, error) {
	x, err := fit(a, shapeA[:])
	if err != nil {
		return nil, err
	}
	y, err := fit(b, shapeB[:])
	if err != nil {
		return nil, err
	}
	if transA {
		shapeA[0], shapeA[1] = shapeA[1], shapeA[0]
	}
	if transB {
		shapeB[0], shapeB[1] = shapeB[1], shapeB[0]
	}
	if shapeA[1] != shapeB[0] {
		return nil, fmt.Errorf("no product of %v and %v", a.Shape(), b.Shape())
	}
	op := program.MatMul{M: shapeA[0], K: shapeA[1], N: shapeB[1], TransA: transA, TransB: transB}
	return matMul(op, label{layer: layerOf(b)}.orElse(a, "matmul"), x, y, nil)
}

func batchedMatMul(a, b *gorgonia.Node, transA, transB bool) (*gorgonia.Node, error) {
	var batches gorgonia.Nodes
	for _, x := range []*gorgonia.Node{a, b} {
		s := x.Shape()
		if len(s) < 3 {
			return nil, fmt.Errorf("no batch of matrices: %v", s)
		}
		rows, columns := s[len(s)-2], s[len(s)-1]
		x, err := fit(x, tensor.Shape{s.TotalSize() / (rows * columns), rows, columns})
		if err != nil {
			return nil, err
		}
		batches = append(batches, x)
	}
	return BatchMatMul(batches[0], batches[1], transA, transB)
}

// tensordot is a product of matrices: the axes that are summed over become columns of a and rows of b.
func tensordot(c *call) (*gorgonia.Node, error) {
	first, second, ok := strings.Cut(c.text, "bAxes")
	if !ok {
		return nil, fmt.Errorf("no axes in %q", c.text)
	}
	a, b := c.in[0], c.in[1]
	axesA, axesB := numbers(first), numbers(second)
	others := func(x *gorgonia.Node, along []int) []int {
		return slices.DeleteFunc(count(x.Dims()), func(i int) bool { return slices.Contains(along, i) })
	}
	a, err := Transpose(a, slices.Concat(others(a, axesA), axesA)...)
	if err != nil {
		return nil, err
	}
	if b, err = Transpose(b, slices.Concat(axesB, others(b, axesB))...); err != nil {
		return nil, err
	}
	inner := 1
	for i := range axesB {
		inner *= b.Shape()[i]
	}
	rows, columns := a.Shape().TotalSize()/inner, b.Shape().TotalSize()/inner
	return matrices(a, b, [2]int{rows, inner}, [2]int{inner, columns}, false, false)
}

func sumAlong(c *call) (*gorgonia.Node, error) { return along(c, Sum) }
func maxAlong(c *call) (*gorgonia.Node, error) { return along(c, Maximum) }

// along reduces along the axes that Gorgonia prints, "Σ[0 1]".
func along(c *call, reduce func(x *gorgonia.Node, along ...int) (*gorgonia.Node, error)) (*gorgonia.Node, error) {
	x, axes := c.in[0], numbers(c.text)
	if len(axes) == x.Dims() {
		axes = nil
	}
	return reduce(x, axes...)
}

// sizeOf is how many elements an axis has, which the shape says: "SizeOf=3", or "SizeOf(0)" where the axis was not
// known.
func sizeOf(c *call) (*gorgonia.Node, error) {
	n := numbers(c.text)[0]
	if strings.Contains(c.text, "(") {
		n = c.in[0].Shape()[n]
	}
	if c.t.float == tensor.Float64 {
		return Constant(c.t.g, gorgonia.NewF64(float64(n)))
	}
	return Constant(c.t.g, gorgonia.NewF32(float32(n)))
}

// repeat repeats each element along an axis as often as the shape of the result says.
func repeat(c *call) (*gorgonia.Node, error) {
	axis, to := numbers(c.text)[0], c.node.Shape()
	x := c.in[0]
	of := slices.Clone(x.Shape())
	for len(of) < len(to) {
		of = append(of, 1)
	}
	if len(of) > len(to) || axis >= len(of) || to[axis]%of[axis] != 0 {
		return nil, fmt.Errorf("no repetition of %v to %v", x.Shape(), to)
	}
	split := tensor.Shape(slices.Insert(slices.Clone(of), axis+1, 1))
	x, err := fit(x, split)
	if err != nil {
		return nil, err
	}
	split[axis+1] = to[axis] / of[axis]
	return BroadcastTo(x, split...)
}

// slice is a range along one axis: "T[:, 0:2:1...]".
func slice(c *call) (*gorgonia.Node, error) {
	inside := strings.TrimSuffix(strings.TrimPrefix(c.text, "T["), "...]")
	parts := strings.Split(inside, ", ")
	ranges := make([]Range, len(parts))
	if n := numbers(parts[len(parts)-1]); len(n) == 3 {
		ranges[len(parts)-1] = Range{First: n[0], End: n[1], Step: max(n[2], 1)}
	}
	return Slice(c.in[0], ranges...)
}

// byIndices takes rows along an axis by their numbers: "ByIndicesOp{axis=0}".
func byIndices(c *call) (*gorgonia.Node, error) {
	x, axis := c.in[0], numbers(c.text)[0]
	if axis >= x.Dims() {
		return nil, errors.New("no such axis")
	}
	index, err := fit(c.in[1], tensor.Shape{c.in[1].Shape().TotalSize()})
	if err != nil {
		return nil, err
	}
	order := count(x.Dims()) // the axis and the first one change places
	order[0], order[axis] = axis, 0
	if x, err = Transpose(x, order...); err != nil {
		return nil, err
	}
	if x, err = Gather(x, index); err != nil {
		return nil, err
	}
	return Transpose(x, order...)
}
