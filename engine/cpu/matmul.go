package cpu

import "gangpu/engine/program"

func newMatMul(op program.MatMul, a, b, bias, c []float32, _ *workspace) kernel {
	am, ak, bk, bn := op.K, 1, op.N, 1
	if op.TransA {
		am, ak = 1, op.M
	}
	if op.TransB {
		bk, bn = 1, op.K
	}
	return kernel{blocks(op.M, 4, func(first, end, _ int) {
		for m := first; m < end; m++ {
			row := c[m*op.N:][:op.N]
			clear(row)
			copy(row, bias)
			for k := range op.K {
				x := a[m*am+k*ak]
				for n := range row {
					row[n] += x * b[k*bk+n*bn]
				}
			}
			activate(op.Activation, row)
		}
	})}
}
