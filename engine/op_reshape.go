package engine

import (
	"fmt"

	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"gangpu/engine/expr"
	"gangpu/engine/program"
)

// Reshape gives the elements of x, in order, another shape of as many elements. It costs nothing
// where the result is not an output of the program.
func Reshape(x *gorgonia.Node, shape ...int) (*gorgonia.Node, error) {
	const op = "reshape"
	if err := checkInputs(op, input{"x", x, -1}); err != nil {
		return nil, err
	}
	n := 1
	for _, d := range shape {
		if d < 1 {
			return nil, opError(op, fmt.Errorf("shape %v has a dimension below 1", shape), x)
		}
		n *= d
	}
	if n != x.Shape().TotalSize() {
		return nil, opError(op, fmt.Errorf("shape %v has %d elements, x has %d", shape, n, x.Shape().TotalSize()), x)
	}
	return reshape(after(x, op), x, shape)
}

func reshape(l label, x *gorgonia.Node, shape tensor.Shape) (*gorgonia.Node, error) {
	return apply(copyOf(shape.TotalSize()), shape.Clone(), l, pullback{
		wrt: []bool{true},
		grad: func(in gorgonia.Nodes, _, dy *gorgonia.Node) (gorgonia.Nodes, error) {
			dx, err := reshape(l.grad("grad"), dy, in[0].Shape())
			return gorgonia.Nodes{dx}, err
		}}, x)
}

// Flatten makes x [batch, ...] a matrix [batch, features].
func Flatten(x *gorgonia.Node) (*gorgonia.Node, error) {
	if err := checkInputs("flatten", input{"x", x, -1}); err != nil {
		return nil, err
	}
	s := x.Shape()
	if s.Dims() < 1 {
		return nil, opError("flatten", fmt.Errorf("a scalar has no batch"), x)
	}
	return Reshape(x, s[0], s.TotalSize()/s[0])
}

// copyOf is the map of so many elements to themselves, which of a node costs nothing: see compiler.lower.
func copyOf(n int) program.Map {
	return program.NewMap([]int{n}, func(x ...expr.Expr) expr.Expr { return x[0] }, []int{n})
}

// isCopy reports whether an operation is that of copyOf.
func isCopy(op program.Op) bool {
	m, ok := op.(program.Map)
	return ok && len(m.Shape) == 1 && len(m.In) == 1 && m.In[0].Len == m.Shape[0] && m.Code == copyCode && m.MayOverwrite(0)
}

var copyCode = expr.Compile(expr.Input(0))
