package reference

import "gangpu/engine/program"

// MatMul is the sum of [program.MatMul], of which it takes the shape and not the epilogue:
// a [M*K], b [K*N], bias [N] or nil, c [M*N] written.
func MatMul[E Float](op program.MatMul, a, b, bias, c []E) {
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
