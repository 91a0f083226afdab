// The second pass of every kernel that splits a sum over blocks: the parts are added in their order.
#include "common.cuh"

// for i < n: y[i] = epilogue(sum over s < splits of part[s*n+i]), with the epilogue's column i % columns
KERNEL void __launch_bounds__(256)
split_sum(const float *__restrict__ part, const float *__restrict__ bias, const float *__restrict__ mask,
          const float *__restrict__ gate, float *__restrict__ y, uint32 n, uint32 splits, uint32 columns, uint32 activation,
          float alpha) {
  uint32 i = BLOCK_X * 256 + THREAD_X; // one element a thread: n is small, the splits are many
  if (i >= n) return;
  const float *p = part + i;
  float a = 0, b = 0, c = 0, d = 0;
  uint32 s = 0;
  for (; s + 3 < splits; s += 4) { // four loads in flight
    a += p[(uint64)s * n];
    b += p[(uint64)(s + 1) * n];
    c += p[(uint64)(s + 2) * n];
    d += p[(uint64)(s + 3) * n];
  }
  for (; s < splits; s++) a += p[(uint64)s * n];
  Epilogue epilogue = {bias, mask, gate, activation, alpha};
  y[i] = epilogue((a + b) + (c + d), i, i % columns);
}
