// Elementwise operations that are no maps: fill, increment.
#include "common.cuh"

// for i < n: y[i] = value
KERNEL void __launch_bounds__(256) fill(float *y, uint32 n, float value) {
  store4(y, elementwise_index(), n, {value, value, value, value});
}

// for i < n: counters[i] += delta
KERNEL void __launch_bounds__(256) increment(uint32 *counters, uint32 n, uint32 delta) {
  uint32 i = elementwise_index();
  for (uint32 j = i; j < i + 4 && j < n; j++) counters[j] += delta;
}
