// column_sum.cuh: sums over the rows of a matrix, in a fixed order.
#pragma once
#include "common.cuh"

// column_sum adds rows [begin, end) of columns of a matrix with so many columns in all: thread t < width of a
// block of 256 gets
//
//	sum over r in [begin, end) of p[r*columns+t]
//
// width is at most 256. As many rows at a time as fit the threads are read, so that narrow matrices are read
// without gaps, and long ones by many threads.
template <class Floats> DEVICE float column_sum(Floats p, uint32 columns, uint32 width, uint32 begin, uint32 end) {
  __shared__ float sums[256];
  uint32 t = THREAD_X, c = t % width, lane = t / width, lanes = 256 / width;
  float a = 0, b = 0, d = 0, e = 0;
  if (lane < lanes) {
    Floats column = p + c;
    uint32 r = begin + lane;
    for (; r + 3 * lanes < end; r += 4 * lanes) { // four loads in flight
      a += column[(uint64)r * columns];
      b += column[(uint64)(r + lanes) * columns];
      d += column[(uint64)(r + 2 * lanes) * columns];
      e += column[(uint64)(r + 3 * lanes) * columns];
    }
    for (; r < end; r += lanes) a += column[(uint64)r * columns];
  }
  sums[t] = (a + b) + (d + e);
  BARRIER();
  float sum = 0;
  if (t < width)
    for (uint32 l = 0; l < lanes; l++) sum += sums[l * width + t];
  return sum;
}
