// Dropout by a mask that dropout_mask (philox.cu) drew. Its gradient is itself, of dy.
#include "common.cuh"

// for i < n: y[i] = x[i] * mask[i]
KERNEL void __launch_bounds__(256) dropout(const float *x, const float *mask, float *y, uint32 n) {
  uint32 i = elementwise_index();
  Vec4 v = load4(x, i, n), m = load4(mask, i, n);
  store4(y, i, n, {v.x * m.x, v.y * m.y, v.z * m.z, v.w * m.w});
}
