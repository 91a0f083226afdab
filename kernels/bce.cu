// Binary cross-entropy of logits, its gradient, and the accuracy of the logits' signs.
#include "common.cuh"
#include "block_sum.cuh"

// log1p_unit is log(1+e) for e in [0, 1].
DEVICE float log1p_unit(float e) { return e < 0.414f ? log1p_of(e) : 0.693147181f + log1p_of(0.5f * (e - 1)); }

// loss[0] = 1/n * sum over i < n of max(z,0) - z*t + log(1+exp(-|z|)), z = logits[i], t = labels[i]
//
// One block.
KERNEL void __launch_bounds__(256)
bce(const float *__restrict__ logits, const float *__restrict__ labels, float *__restrict__ loss, uint32 n) {
  float sum = 0;
  for (uint32 i = THREAD_X; i < n; i += 256) {
    float z = logits[i];
    sum += (z > 0 ? z : 0) - z * labels[i] + log1p_unit(exp_of(z > 0 ? -z : z));
  }
  sum = block_sum(sum);
  if (THREAD_X == 0) *loss = sum / (float)n;
}

// for i < n: dlogits[i] = dloss[0] * (sigmoid(logits[i])-labels[i]) / n
KERNEL void __launch_bounds__(256)
bce_grad(const float *__restrict__ logits, const float *__restrict__ labels, const float *__restrict__ dloss,
         float *__restrict__ dlogits, uint32 n) {
  uint32 i = elementwise_index();
  if (i >= n) return;
  Vec4 z = load4(logits, i, n), t = load4(labels, i, n);
  float f = *dloss / (float)n;
  store4(dlogits, i, n, {f * (sigmoid_of(z.x) - t.x), f * (sigmoid_of(z.y) - t.y), f * (sigmoid_of(z.z) - t.z),
                         f * (sigmoid_of(z.w) - t.w)});
}

// accuracy[0] = share of i < n with (logits[i] > 0) == (labels[i] > 0.5)
//
// One block. Counts up to 2^24 are exact.
KERNEL void __launch_bounds__(256)
binary_accuracy(const float *__restrict__ logits, const float *__restrict__ labels, float *__restrict__ accuracy, uint32 n) {
  float right = 0;
  for (uint32 i = THREAD_X; i < n; i += 256) right += (logits[i] > 0) == (labels[i] > 0.5f) ? 1.0f : 0.0f;
  right = block_sum(right);
  if (THREAD_X == 0) *accuracy = right / (float)n;
}
