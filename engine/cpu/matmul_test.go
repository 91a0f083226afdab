package cpu

import (
	"math/rand/v2"
	"testing"

	"gangpu/engine/program"
)

// matMulCase is a product, or a batch of them, with a random epilogue.
func matMulCase(r *rand.Rand, op program.MatMul) convCase {
	batch := op.Products()
	aStride, bStride := op.Strides()
	a, b := randomFloats(r, (batch-1)*aStride+op.M*op.K), randomFloats(r, (batch-1)*bStride+op.K*op.N)
	c := convCase{nil, [][]float32{a, b}, make([]float64, batch*op.M*op.N)}
	am, ak, bk, bn := op.K, 1, op.N, 1
	if op.TransA {
		am, ak = 1, op.M
	}
	if op.TransB {
		bk, bn = 1, op.K
	}
	for i := range batch {
		a, b, want := a[i*aStride:], b[i*bStride:], c.want[i*op.M*op.N:]
		for m := range op.M {
			for n := range op.N {
				for k := range op.K {
					want[m*op.N+n] += float64(a[m*am+k*ak]) * float64(b[k*bk+n*bn])
				}
			}
		}
	}
	var in [][]float32
	op.Epilogue, in = randomEpilogue(r, op.N, c.want)
	c.op, c.in = op, append(c.in, in...)
	return c
}

func TestMatMul(t *testing.T) {
	d := openDevice(t, 3)
	sizes := []int{1, 2, 3, 7, 12, 13, 31, 32, 33, 64, 97, 100}
	eachUnit(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(5, 6))
		size := func() int { return sizes[r.IntN(len(sizes))] }
		ops := []program.MatMul{
			{M: 256, N: 1, K: 777}, {M: 1, N: 300, K: 5}, {M: 1, N: 1, K: 1}, // skinny
			{M: 700, N: 1, K: 9, TransA: true}, {M: 1, N: 20, K: 600, TransB: true},
			{M: 200, N: 40, K: 1, TransB: true},
			{M: 110, N: 300, K: 530}, {M: 10, N: 10, K: 1100, TransA: true, TransB: true}, // many blocks
			{M: 30, N: 70, K: 1600}, {M: 64, N: 65, K: 1300, TransA: true}, // sums in parts
			{M: 61, N: 540, K: 97}, {M: 13, N: 333, K: 301, TransB: true}, // B in place
			{M: 1100, N: 20, K: 7}, {M: 2053, N: 33, K: 9, TransB: true}, // as a convolution
			{M: 9, N: 20, K: 1100, TransA: true}, {M: 3, N: 40, K: 2053, TransA: true}, // as the gradient of its filter
			{Batch: 3, M: 200, N: 260, K: 20}, {Batch: 2, M: 8, N: 9, K: 1200}, {Batch: 70, M: 3, N: 2, K: 4}, {Batch: 40, M: 1, N: 30, K: 20},
			{Batch: 3, M: 20, N: 30, K: 10, SharedA: true}, {Batch: 5, M: 20, N: 3, K: 10, SharedB: true}, {Batch: 6, M: 1, N: 30, K: 20, SharedB: true},
			{Batch: 7, M: 9, N: 1, K: 30, SharedA: true, TransA: true},
		}
		for range 80 {
			ops = append(ops, program.MatMul{M: size(), N: size(), K: size(), TransA: r.IntN(2) == 0, TransB: r.IntN(2) == 0})
			if r.IntN(4) == 0 {
				ops[len(ops)-1].Batch = 2 + r.IntN(5)
			}
		}
		for _, op := range ops {
			c := matMulCase(r, op)
			checkClose(t, c.op, guardedRun(t, d, c.op, c.in...), c.want)
		}
	})
}

// Sums of columns, as the gradients of biases are.
func TestColumnSums(t *testing.T) {
	d := openDevice(t, 3)
	eachUnit(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(7, 8))
		for _, c := range []struct{ rows, channels int }{{1, 1}, {5000, 1}, {3, 2000},
			{300000, 3}, {777, 64}, {2, 70}} {
			dy := randomFloats(r, c.rows*c.channels)
			want := make([]float64, c.channels)
			for i, v := range dy {
				want[i%c.channels] += float64(v)
			}
			op := columnSum(c.rows, c.channels)
			checkClose(t, op, guardedRun(t, d, op, dy), want)
		}
	})
}

// columnSum adds up the rows of a matrix.
func columnSum(rows, channels int) program.Reduce {
	x := program.Dense([]int{rows, channels}).Permute([]int{1, 0})
	return program.Reduce{Kept: []int{channels}, Reduced: []int{rows}, In: []program.Source{{Len: rows * channels, Index: x}}, Code: "in 0 -> 0"}
}
