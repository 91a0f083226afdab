package engine

import (
	"errors"
	"fmt"

	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"gangpu/engine/expr"
	"gangpu/engine/program"
)

// Dense is the product of x [batch, in] and kernel [in, units], plus bias [units], which may be
// nil. The result is [batch, units]. It is an error if shapes do not fit each other.
func Dense(x, kernel, bias *gorgonia.Node) (*gorgonia.Node, error) {
	const op = "dense"
	if err := checkInputs(op, input{"x", x, 2}, input{"kernel", kernel, 2}); err != nil {
		return nil, err
	}
	in, k := x.Shape(), kernel.Shape()
	if in[1] != k[0] {
		return nil, opError(op, fmt.Errorf("the kernel reads %d features, x has %d", k[0], in[1]), x, kernel)
	}
	if err := checkBias(op, bias, k[1]); err != nil {
		return nil, err
	}
	return matMul(program.MatMul{M: in[0], K: in[1], N: k[1], Epilogue: program.Epilogue{Bias: bias != nil}},
		label{layer: layerOf(kernel)}.orElse(x, op), x, kernel, bias)
}

// BatchMatMul is the products of two batches of matrices, a [batch, m, k] and b [batch, k, n], each read transposed
// where transA or transB says so, [batch, k, m] and [batch, n, k]. Either may be a batch of one, whose matrix is a factor
// of all products. The result is [batch, m, n]. It is an error if shapes do not fit each other.
func BatchMatMul(a, b *gorgonia.Node, transA, transB bool) (*gorgonia.Node, error) {
	const op = "batch_matmul"
	if err := checkInputs(op, input{"a", a, 3}, input{"b", b, 3}); err != nil {
		return nil, err
	}
	sa, sb := a.Shape(), b.Shape()
	m, k, inner, n := sa[1], sa[2], sb[1], sb[2]
	if transA {
		m, k = k, m
	}
	if transB {
		inner, n = n, inner
	}
	batch := max(sa[0], sb[0])
	sharedA, sharedB := sa[0] < batch, sb[0] < batch
	if sharedA && sa[0] != 1 || sharedB && sb[0] != 1 || k != inner {
		return nil, opError(op, errors.New("the shapes do not fit each other"), a, b)
	}
	return matMul(program.MatMul{Batch: batch, M: m, N: n, K: k, TransA: transA, TransB: transB, SharedA: sharedA, SharedB: sharedB},
		after(a, op), a, b, nil)
}

// matMul is c = A*B + bias of a and b, which hold A and B as they are or transposed.
func matMul(op program.MatMul, l label, a, b, bias *gorgonia.Node) (*gorgonia.Node, error) {
	shape := tensor.Shape{op.M, op.N}
	if op.Batch > 0 {
		shape = tensor.Shape{op.Batch, op.M, op.N}
	}
	// Each gradient is a product of the same kind: dA = dC*B', dB = A'*dC, or their transposes.
	return applyWithBias(op, shape, l,
		func(in gorgonia.Nodes, dc *gorgonia.Node) (da, db *gorgonia.Node, err error) {
			kernelGrad, inputGrad := l.grad("filter_grad"), l.grad("input_grad")
			if op.TransB {
				db, err = matMul(program.MatMul{Batch: op.Batch, M: op.N, N: op.K, K: op.M, TransA: true, TransB: op.TransA, SharedB: op.SharedA}, kernelGrad, dc, in[0], nil)
			} else {
				db, err = matMul(program.MatMul{Batch: op.Batch, M: op.K, N: op.N, K: op.M, TransA: !op.TransA, SharedA: op.SharedA}, kernelGrad, in[0], dc, nil)
			}
			if err == nil && op.SharedB {
				db, err = overBatch(kernelGrad, db)
			}
			if err != nil {
				return nil, nil, err
			}
			if op.TransA {
				da, err = matMul(program.MatMul{Batch: op.Batch, M: op.K, N: op.M, K: op.N, TransA: op.TransB, TransB: true, SharedA: op.SharedB}, inputGrad, in[1], dc, nil)
			} else {
				da, err = matMul(program.MatMul{Batch: op.Batch, M: op.M, N: op.K, K: op.N, TransB: !op.TransB, SharedB: op.SharedB}, inputGrad, dc, in[1], nil)
			}
			if err == nil && op.SharedA {
				da, err = overBatch(inputGrad, da)
			}
			return da, db, err
		}, a, b, bias)
}

// overBatch is the sum of a batch of matrices [batch, m, n], as a batch of one: the gradient of one that products share.
func overBatch(l label, matrices *gorgonia.Node) (*gorgonia.Node, error) {
	shape, reduced, s := reduction(matrices, []int{0})
	return sumSources(l, expr.Input(0), shape, reduced, []source{s})
}
