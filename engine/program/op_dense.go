package program

import (
	"errors"
	"fmt"
)

// MatMul is the product of two matrices, each read as it lies or transposed:
//
//	c[m,n] = epilogue(sum over k of A[m,k] * B[k,n])
//
// a holds A as [M,K], or as [K,M] with TransA; b holds B as [K,N], or as [N,K] with TransB.
// Arguments: a [M*K], b [K*N], those of the [Epilogue] (N channels), c [M*N] written.
//
// With a Batch of more than one, a, b and c hold so many matrices each, one after the other, and it is as many
// products; there is no epilogue then.
//
// A dense layer is a MatMul with M the batch, K its inputs and N its units.
type MatMul struct {
	Batch          int // 0 for one
	M, N, K        int
	TransA, TransB bool
	Epilogue
}

func (MatMul) Name() string      { return "matmul" }
func (MatMul) Elementwise() bool { return false }

func (o MatMul) Validate() error {
	if o.Batch < 0 || o.Batch > 1 && o.Epilogue != (Epilogue{}) {
		return fmt.Errorf("a batch of %d products with epilogue %+v", o.Batch, o.Epilogue)
	}
	return errors.Join(positive("rows", o.M), positive("columns", o.N), positive("inner dimension", o.K),
		o.Epilogue.validate())
}

// Products is the number of products, at least one.
func (o MatMul) Products() int { return max(o.Batch, 1) }

func (o MatMul) Operands() []Operand {
	n := o.Products()
	return o.operands(o.N, f32("a", n*o.M*o.K, Read), f32("b", n*o.K*o.N, Read), f32("c", n*o.M*o.N, Write))
}
