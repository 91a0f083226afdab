// The mean loss of a discriminator's scores, and its gradient.
#include "common.cuh"
#include "block_sum.cuh"

// Kinds, as program.ScoreLossKind numbers them.
const uint32 LEAST_SQUARES = 0, HINGE = 1;

// loss[0] = 1/n * sum over i < n of, by kind, (s-t)^2, max(0, 1-t*s) or -t*s, s = scores[i], t = labels[i]
//
// One block.
KERNEL void __launch_bounds__(256)
score_loss(const float *__restrict__ scores, const float *__restrict__ labels, float *__restrict__ loss, uint32 n, uint32 kind) {
  float sum = 0;
  for (uint32 i = THREAD_X; i < n; i += 256) {
    float s = scores[i], t = labels[i], margin = 1 - t * s;
    sum += kind == LEAST_SQUARES ? (s - t) * (s - t) : kind == HINGE ? (margin < 0 ? 0 : margin) : -t * s;
  }
  sum = block_sum(sum);
  if (THREAD_X == 0) *loss = sum / (float)n;
}

// for i < n: dscores[i] = dloss[0]/n * of, by kind, 2*(s-t), t*s < 1 ? -t : 0, or -t
KERNEL void __launch_bounds__(256)
score_loss_grad(const float *__restrict__ scores, const float *__restrict__ labels, const float *__restrict__ dloss,
                float *__restrict__ dscores, uint32 n, uint32 kind) {
  uint32 i = BLOCK_X * 256 + THREAD_X;
  if (i >= n) return;
  float s = scores[i], t = labels[i], f = *dloss / (float)n;
  dscores[i] = kind == LEAST_SQUARES ? f * 2 * (s - t) : kind == HINGE && t * s >= 1 ? 0 : -f * t;
}
