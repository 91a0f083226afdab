// The product of two matrices, each read as it lies or transposed.
#include "tile_gemm.cuh"

// for m < rows, n < columns:
//
//	c[m,n] = epilogue(sum over k < depth of A(m,k) * B(k,n))
//
// Block (x, y, z) makes tile (x, y) of the result. If gridDim.z > 1, it makes part z of the sum, and
// writes it as it is to c[z*rows*columns + m*columns + n] for split_sum.
template <class T, bool TRANS_A, bool TRANS_B>
DEVICE void multiply(const float *a, const float *b, const Epilogue &epilogue, float *c, int rows, int columns, int depth) {
  typedef Matrix<!TRANS_A> A;
  typedef Matrix<TRANS_B> B;
  __shared__ GemmShared<T, A, B> shared;
  Split split(0, depth);
  tile_gemm<T>(shared, A(a, rows, depth), B(b, columns, depth), BLOCK_X * T::BM, BLOCK_Y * T::BN, split.begin, split.end,
               split.finish(epilogue), c + (uint64)BLOCK_Z * rows * columns, columns,
               [&](int m) { return m < rows ? m * columns : -1; });
}

#define MATMUL(name, tile, trans_a, trans_b)                                                                              \
  KERNEL void __launch_bounds__(GEMM_THREADS, 2)                                                                             \
  name(const float *__restrict__ a, const float *__restrict__ b, const float *__restrict__ bias,                          \
       const float *__restrict__ mask, const float *__restrict__ gate, float *__restrict__ c, uint32 rows,               \
       uint32 columns, uint32 depth, uint32 activation, float alpha) {                                                    \
    multiply<tile, trans_a, trans_b>(a, b, {bias, mask, gate, activation, alpha}, c, rows, columns, depth);               \
  }

MATMUL(matmul_nn_64x64, Tile64x64, false, false)
MATMUL(matmul_nt_64x64, Tile64x64, false, true)
MATMUL(matmul_tn_64x64, Tile64x64, true, false)
MATMUL(matmul_tt_64x64, Tile64x64, true, true)
MATMUL(matmul_nn_256x8, Tile256x8, false, false)
MATMUL(matmul_nt_256x8, Tile256x8, false, true)
MATMUL(matmul_tn_256x8, Tile256x8, true, false)
MATMUL(matmul_tt_256x8, Tile256x8, true, true)
