// Elementwise operations without a file of their own: add, scale, copy, fill, increment.
// All may overwrite an operand.
#include "common.cuh"

// for i < n: y[i] = a[i] + b[i]
KERNEL void __launch_bounds__(256) add(const float *a, const float *b, float *y, uint32 n) {
  uint32 i = elementwise_index();
  Vec4 u = load4(a, i, n), v = load4(b, i, n);
  store4(y, i, n, {u.x + v.x, u.y + v.y, u.z + v.z, u.w + v.w});
}

// for i < n: y[i] = factor * x[i]
KERNEL void __launch_bounds__(256) scale(const float *x, float *y, uint32 n, float factor) {
  uint32 i = elementwise_index();
  Vec4 v = load4(x, i, n);
  store4(y, i, n, {factor * v.x, factor * v.y, factor * v.z, factor * v.w});
}

// for i < n: y[i] = x[i]
KERNEL void __launch_bounds__(256) copy(const float *x, float *y, uint32 n) {
  uint32 i = elementwise_index();
  store4(y, i, n, load4(x, i, n));
}

// for i < n: y[i] = value
KERNEL void __launch_bounds__(256) fill(float *y, uint32 n, float value) {
  store4(y, elementwise_index(), n, {value, value, value, value});
}

// for i < n: counters[i] += delta
KERNEL void __launch_bounds__(256) increment(uint32 *counters, uint32 n, uint32 delta) {
  uint32 i = elementwise_index();
  for (uint32 j = i; j < i + 4 && j < n; j++) counters[j] += delta;
}
