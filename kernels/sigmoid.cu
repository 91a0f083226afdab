// The logistic function and its gradient by its output. Both may overwrite an operand.
#include "common.cuh"

// for i < n: y[i] = 1/(1+exp(-x[i]))
KERNEL void __launch_bounds__(256) sigmoid(const float *x, float *y, uint32 n) {
  uint32 i = elementwise_index();
  Vec4 v = load4(x, i, n);
  store4(y, i, n, {sigmoid_of(v.x), sigmoid_of(v.y), sigmoid_of(v.z), sigmoid_of(v.w)});
}

// for i < n: dx[i] = dy[i] * y[i] * (1-y[i])
KERNEL void __launch_bounds__(256) sigmoid_grad(const float *y, const float *dy, float *dx, uint32 n) {
  uint32 i = elementwise_index();
  Vec4 v = load4(y, i, n), d = load4(dy, i, n);
  store4(dx, i, n, {d.x * v.x * (1 - v.x), d.y * v.y * (1 - v.y), d.z * v.z * (1 - v.z), d.w * v.w * (1 - v.w)});
}
