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
