// matmul.cuh: products of two matrices, each read as it lies or transposed: one, or a batch of them.
#pragma once
#include "tile_gemm.cuh"

// for i < batch, m < rows, n < columns:
//
//	c[i,m,n] = epilogue(sum over k < depth of A(i,m,k) * B(i,k,n))
//
// Matrix i of A begins at a[i*a_stride], of B at b[i*b_stride]: a stride of zero is one matrix for all products. There
// are ceil(rows/BM) tiles below each other in a product; block (x, y, z) makes tile (x mod that, y) of product x / that.
// If gridDim.z > 1, it makes part z of the sum, and writes it as it is to c[z*batch*rows*columns + ...] for split_sum.
template <class T, bool TRANS_A, bool TRANS_B>
DEVICE void multiply(const float *a, const float *b, Epilogue epilogue, float *c, int rows, int columns, int depth,
                     uint32 a_stride, uint32 b_stride) {
  typedef Matrix<!TRANS_A> A;
  typedef Matrix<TRANS_B> B;
  __shared__ GemmShared<T, A, B> shared;
  uint32 tiles = ceil_div(rows, T::BM), batch = GRID_X / tiles, product = BLOCK_X / tiles;
  uint64 first = (uint64)product * rows * columns;
  if (epilogue.mask) epilogue.mask += first;
  if (epilogue.gate) epilogue.gate += first;
  a += (uint64)product * a_stride;
  b += (uint64)product * b_stride;
  Split split(0, depth);
  tile_gemm<T>(shared, A(a, rows, depth), B(b, columns, depth), (BLOCK_X - product * tiles) * T::BM, BLOCK_Y * T::BN,
               split.begin, split.end, split.finish(epilogue), c + (uint64)BLOCK_Z * batch * rows * columns + first, columns,
               [&](int m) { return m < rows ? m * columns : -1; });
}

#define MATMUL(name, tile, trans_a, trans_b)                                                                              \
  KERNEL void __launch_bounds__(GEMM_THREADS, 2)                                                                             \
  name(const float *__restrict__ a, const float *__restrict__ b, const float *__restrict__ bias,                          \
       const float *__restrict__ mask, const float *__restrict__ gate, float *__restrict__ c, uint32 rows,               \
       uint32 columns, uint32 depth, uint32 a_stride, uint32 b_stride, uint32 activation, float alpha) {                 \
    multiply<tile, trans_a, trans_b>(a, b, {bias, mask, gate, activation, alpha}, c, rows, columns, depth, a_stride,      \
                                     b_stride);                                                                           \
  }
