// The second pass of every kernel that splits a sum over blocks: the parts are added in a fixed order.
#include "column_sum.cuh"

// for i < n: y[i] = epilogue(sum over s < splits of part[s*n+i]), with the epilogue's column i % columns
KERNEL void __launch_bounds__(256)
split_sum(const float *__restrict__ part, const float *__restrict__ bias, const float *__restrict__ mask,
          const float *__restrict__ gate, float *__restrict__ y, uint32 n, uint32 splits, uint32 columns, uint32 activation,
          float alpha) {
  uint32 first = BLOCK_X * 256, width = n - first < 256 ? n - first : 256, i = first + THREAD_X;
  float sum = column_sum(part + first, n, width, 0, splits);
  Epilogue epilogue = {bias, mask, gate, activation, alpha};
  if (THREAD_X < width) y[i] = epilogue(sum, i, i % columns);
}

#if defined(__clang__)
typedef __attribute__((address_space(1))) float *GlobalFloat; // which clang cannot tell of a pointer that it loads
#else
typedef float *GlobalFloat;
#endif

// Sum is one of the sums that split_sums adds, by the blocks from first on.
struct Sum {
  GlobalFloat part, y;
  uint32 n, splits, first, unused;
};

// for j < count, i < sums[j].n: sums[j].y[i] = sum over s < sums[j].splits of sums[j].part[s*n+i]
//
// Sums of many operations in one launch: alone, most would take less time than it takes to launch them.
KERNEL void __launch_bounds__(256) split_sums(const Sum *__restrict__ sums, uint32 count) {
  uint32 j = 0;
  while (j + 1 < count && sums[j + 1].first <= BLOCK_X) j++;
  Sum s = sums[j];
  uint32 first = (BLOCK_X - s.first) * 256, width = s.n - first < 256 ? s.n - first : 256;
  float sum = column_sum(s.part + first, s.n, width, 0, s.splits);
  if (THREAD_X < width) s.y[first + THREAD_X] = sum;
}
