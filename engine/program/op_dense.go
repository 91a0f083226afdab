package program

import "errors"

// MatMul is the product of two matrices, each read as it lies or transposed:
//
//	c[m,n] = epilogue(sum over k of A[m,k] * B[k,n])
//
// a holds A as [M,K], or as [K,M] with TransA; b holds B as [K,N], or as [N,K] with TransB.
// Arguments: a [M*K], b [K*N], those of the [Epilogue] (N channels), c [M*N] written.
//
// A dense layer is a MatMul with M the batch, K its inputs and N its units.
type MatMul struct {
	M, N, K        int
	TransA, TransB bool
	Epilogue
}

func (MatMul) Name() string      { return "matmul" }
func (MatMul) Elementwise() bool { return false }

func (o MatMul) Validate() error {
	return errors.Join(positive("rows", o.M), positive("columns", o.N), positive("inner dimension", o.K),
		o.Epilogue.validate())
}

func (o MatMul) Operands() []Operand {
	return o.operands(o.N, f32("a", o.M*o.K, Read), f32("b", o.K*o.N, Read), f32("c", o.M*o.N, Write))
}

// BiasGrad is the gradient of a loss with respect to a bias: the sum over all but the last axis,
//
//	db[c] = sum over r of dy[r,c]
//
// Arguments: dy [Rows*Channels], db [Channels] written.
type BiasGrad struct{ Rows, Channels int }

func (BiasGrad) Name() string      { return "bias_grad" }
func (BiasGrad) Elementwise() bool { return false }
func (o BiasGrad) Validate() error {
	return errors.Join(positive("rows", o.Rows), positive("channels", o.Channels))
}

func (o BiasGrad) Operands() []Operand {
	return []Operand{f32("dy", o.Rows*o.Channels, Read), f32("db", o.Channels, Write)}
}
