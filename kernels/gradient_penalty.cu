// The penalty on the length of a discriminator's gradient, and the points where it is taken.
#include "common.cuh"
#include "block_sum.cuh"

// for r < rows, c < columns: y[r*columns+c] = b + weight[r]*(a-b) of the same elements
//
// Block (x, r) takes columns 1024x to 1024x+1023 of row r.
KERNEL void __launch_bounds__(256)
interpolate(const float *__restrict__ weight, const float *__restrict__ a, const float *__restrict__ b, float *__restrict__ y,
            uint32 columns) {
  uint32 c = elementwise_index();
  if (c >= columns) return;
  uint64 row = (uint64)BLOCK_Y * columns;
  float w = weight[BLOCK_Y];
  Vec4 u = load4(a + row, c, columns), v = load4(b + row, c, columns);
  store4(y + row, c, columns, {v.x + w * (u.x - v.x), v.y + w * (u.y - v.y), v.z + w * (u.z - v.z), v.w + w * (u.w - v.w)});
}

// row_norm is the length of a row, in every thread of the block.
DEVICE float row_norm(const float *row, uint32 columns) {
  __shared__ float norm;
  float sum = 0;
  for (uint32 c = THREAD_X; c < columns; c += 256) sum += row[c] * row[c];
  sum = block_sum(sum);
  if (THREAD_X == 0) norm = sqrt_of(sum);
  BARRIER();
  return norm;
}

// for r < rows (a block each): part[r] = (sqrt(sum over c < columns of g[r*columns+c]^2) - 1)^2 / rows
KERNEL void __launch_bounds__(256)
gradient_penalty(const float *__restrict__ g, float *__restrict__ part, uint32 rows, uint32 columns) {
  float d = row_norm(g + (uint64)BLOCK_X * columns, columns) - 1;
  if (THREAD_X == 0) part[BLOCK_X] = d * d / (float)rows;
}

// for r < rows (a block each), c < columns, with n the length of row r:
//
//	dg[r*columns+c] = n == 0 ? 0 : dpenalty[0] * 2/rows * (n-1)/n * g[r*columns+c]
KERNEL void __launch_bounds__(256)
gradient_penalty_grad(const float *__restrict__ g, const float *__restrict__ dpenalty, float *__restrict__ dg, uint32 rows,
                      uint32 columns) {
  uint64 row = (uint64)BLOCK_X * columns;
  float n = row_norm(g + row, columns);
  float f = n == 0 ? 0 : *dpenalty * 2 / (float)rows * (n - 1) / n;
  for (uint32 c = THREAD_X; c < columns; c += 256) dg[row + c] = f * g[row + c];
}
