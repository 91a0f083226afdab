// block_sum.cuh: the sum over a block, for kernels that reduce to one number.
#pragma once

// block_sum adds a value of each of 256 threads, in a fixed order; thread 0 gets the sum.
DEVICE float block_sum(float v) {
  __shared__ float part[256];
  uint32 t = THREAD_X;
  part[t] = v;
  BARRIER();
  for (uint32 half = 128; half; half /= 2) {
    if (t < half) part[t] += part[t + half];
    BARRIER();
  }
  return part[0];
}
