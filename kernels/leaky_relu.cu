// LeakyReLU and its gradient by its output. Both may overwrite an operand.
#include "common.cuh"

// for i < n: y[i] = x[i] > 0 ? x[i] : alpha*x[i]
KERNEL void __launch_bounds__(256) leaky_relu(const float *x, float *y, uint32 n, float alpha) {
  uint32 i = elementwise_index();
  Vec4 v = load4(x, i, n);
  store4(y, i, n, {leaky_relu_of(v.x, alpha), leaky_relu_of(v.y, alpha), leaky_relu_of(v.z, alpha), leaky_relu_of(v.w, alpha)});
}

// for i < n: dx[i] = y[i] > 0 ? dy[i] : alpha*dy[i]
KERNEL void __launch_bounds__(256) leaky_relu_grad(const float *y, const float *dy, float *dx, uint32 n, float alpha) {
  uint32 i = elementwise_index();
  Vec4 v = load4(y, i, n), d = load4(dy, i, n);
  store4(dx, i, n, {v.x > 0 ? d.x : alpha * d.x, v.y > 0 ? d.y : alpha * d.y, v.z > 0 ? d.z : alpha * d.z,
                    v.w > 0 ? d.w : alpha * d.w});
}
