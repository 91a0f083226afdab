// Rows of a table by their numbers, and the sum of rows that is its adjoint.
#include "common.cuh"

#if defined(__clang__) && !defined(__CUDACC_VER_MAJOR__)
#define BALLOT(condition) __nvvm_vote_ballot_sync(0xffffffffu, condition)
#define LOWEST_BIT(bits) __builtin_ctz(bits)
#else
#define BALLOT(condition) __ballot_sync(0xffffffffu, condition)
#define LOWEST_BIT(bits) (__ffs(bits) - 1)
#endif

// row_of is the whole number below count that an index is, or count if it is none.
DEVICE uint32 row_of(float index, uint32 count) {
  if (!(index >= 0 && index < (float)count)) return count;
  uint32 r = (uint32)index;
  return (float)r == index ? r : count;
}

// for i < rows, c < columns, n = rows*columns: y[i*columns+c] = index[i] names a row r < count ? table[r*columns+c] : 0
KERNEL void __launch_bounds__(256)
gather(const float *__restrict__ table, const float *__restrict__ index, float *__restrict__ y, uint32 n, uint32 columns, uint32 count) {
  uint32 at = elementwise_index();
  if (at >= n) return;
  uint32 i, c = Divider(columns).divide(at, &i);
  uint32 r = row_of(index[i], count);
  Vec4 v = {0, 0, 0, 0};
  if (columns % 4 == 0) { // all four are of one row
    if (r < count) v = load4(table + (uint64)r * columns, c, columns);
    store4(y, at, n, v);
    return;
  }
  for (uint32 j = at; j < at + 4 && j < n; j++) {
    y[j] = r < count ? table[(uint64)r * columns + c] : 0;
    if (++c == columns && j + 1 < n) {
      c = 0;
      r = row_of(index[++i], count);
    }
  }
}

// for r < the table's rows, c < columns: y[r*columns+c] = sum over i < rows with index[i] = r, in order, of x[i*columns+c]
//
// A block makes 1024 columns of one row: its threads look for the numbers of the rows to add, 256 at a time, and then
// add those, each four columns.
KERNEL void __launch_bounds__(256)
scatter_add(const float *__restrict__ x, const float *__restrict__ index, float *__restrict__ y, uint32 rows, uint32 columns) {
  __shared__ uint32 named[8]; // a bit for each of 256 numbers
  uint32 parts = (columns + 1023) / 1024, r = BLOCK_X / parts, c = 4 * (BLOCK_X % parts * 256 + THREAD_X);
  Vec4 sum = {0, 0, 0, 0};
  for (uint32 first = 0; first < rows; first += 256) {
    uint32 i = first + THREAD_X;
    uint32 bits = BALLOT(i < rows && index[i] == (float)r);
    if (THREAD_X % 32 == 0) named[THREAD_X / 32] = bits;
    BARRIER();
    for (uint32 warp = 0; warp < 8; warp++) {
      for (uint32 left = named[warp]; left != 0; left &= left - 1) {
        uint32 row = first + 32 * warp + LOWEST_BIT(left);
        Vec4 v = load4(x + (uint64)row * columns, c, columns);
        sum.x += v.x;
        sum.y += v.y;
        sum.z += v.z;
        sum.w += v.w;
      }
    }
    BARRIER();
  }
  store4(y + (uint64)r * columns, c, columns, sum);
}
