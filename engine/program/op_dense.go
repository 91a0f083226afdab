package program

import (
	"errors"
	"fmt"
	"math/rand/v2"
)

var _ = known(MatMul{})

// MatMul is the product of two matrices, each read as it lies or transposed:
//
//	c[m,n] = epilogue(sum over k of A[m,k] * B[k,n])
//
// a holds A as [M,K], or as [K,M] with TransA; b holds B as [K,N], or as [N,K] with TransB.
// Arguments: a [M*K], b [K*N], those of the [Epilogue] (N channels), c [M*N] written.
//
// With a Batch of more than one, a, b and c hold so many matrices each, one after the other, and it is as many
// products. With SharedA or SharedB, a or b holds one matrix, which is a factor of all of them.
//
// A dense layer is a MatMul with M the batch, K its inputs and N its units.
type MatMul struct {
	Batch            int // 0 for one
	M, N, K          int
	TransA, TransB   bool
	SharedA, SharedB bool
	Epilogue
}

func (MatMul) Name() string      { return "matmul" }
func (MatMul) Elementwise() bool { return false }

func (o MatMul) Validate() error {
	if o.Batch < 0 {
		return fmt.Errorf("a batch of %d products", o.Batch)
	}
	return errors.Join(positive("rows", o.M), positive("columns", o.N), positive("inner dimension", o.K),
		o.Epilogue.validate())
}

// Products is the number of products, at least one.
func (o MatMul) Products() int { return max(o.Batch, 1) }

// Strides are the numbers of elements from one matrix of a, and of b, to the next: 0 of a shared one.
func (o MatMul) Strides() (a, b int) {
	if !o.SharedA {
		a = o.M * o.K
	}
	if !o.SharedB {
		b = o.K * o.N
	}
	return a, b
}

func (o MatMul) Operands() []Operand {
	a, b := o.Strides()
	last := o.Products() - 1
	return o.operands(o.N, f32("a", last*a+o.M*o.K, Read), f32("b", last*b+o.K*o.N, Read), f32("c", o.Products()*o.M*o.N, Write))
}

func (o MatMul) Reference(a Arguments) error {
	return either(o, a, matMulLoops[float32], matMulLoops[float64])
}

func (o MatMul) FLOPs() float64 {
	return 2 * float64(o.Products()) * float64(o.M) * float64(o.N) * float64(o.K)
}

func (MatMul) Tolerance(precision string) float64 { return productTolerance(precision) }
func (MatMul) Error(c Comparison) float64         { return productError(c) }

func (MatMul) Random(rng *rand.Rand, limit int) Op {
	op := MatMul{M: size(rng, limit), TransA: coin(rng), TransB: coin(rng), Epilogue: randomEpilogue(rng)}
	op.N = size(rng, limit/op.M)
	op.K = size(rng, limit/(op.M*op.N))
	if coin(rng) {
		op.M, op.K = op.K, op.M
	}
	if rng.IntN(4) == 0 {
		op.Batch = size(rng, min(limit/(op.M*op.N*op.K)+2, 9))
		op.SharedA, op.SharedB = rng.IntN(4) == 0, rng.IntN(4) == 0
	}
	return op
}

func (o MatMul) Extend(f func(e *Epilogue) bool) (Op, bool) {
	ok := f(&o.Epilogue)
	return o, ok
}

func matMulLoops[E Float](op MatMul, args arrays[E]) {
	bias, mask, gate, c := args.epilogue(op.Epilogue)
	aStride, bStride := op.Strides()
	for i := range op.Products() {
		a, b, c := args.float(0)[i*aStride:], args.float(1)[i*bStride:], c[i*op.M*op.N:]
		for m := range op.M {
			for n := range op.N {
				var sum E
				if bias != nil {
					sum = bias[n]
				}
				for k := range op.K {
					ai, bi := m*op.K+k, k*op.N+n
					if op.TransA {
						ai = k*op.M + m
					}
					if op.TransB {
						bi = n*op.K + k
					}
					sum += a[ai] * b[bi]
				}
				c[m*op.N+n] = sum
			}
		}
	}
	finish(op.Epilogue, mask, gate, c)
}
