// Cross-entropy of rows of logits, its gradient, and the accuracy of the rows' largest.
#include "common.cuh"
#include "block_sum.cuh"

// largest is the index of the largest of a row, of the first of equals.
DEVICE uint32 largest(const float *row, uint32 classes) {
  uint32 best = 0;
  for (uint32 c = 1; c < classes; c++)
    if (row[c] > row[best]) best = c;
  return best;
}

// exponentials is the sum of exp(row[c]-top).
DEVICE float exponentials(const float *row, float top, uint32 classes) {
  float sum = 0;
  for (uint32 c = 0; c < classes; c++) sum += exp_of(row[c] - top);
  return sum;
}

// log_of is log(x) for x >= 1.
DEVICE float log_of(float x) {
  if (!(x < 3e38f)) return x;
  uint32 bits = FLOAT_BITS(x);
  int e = (int)(bits >> 23) - 127;
  float f = BITS_FLOAT((bits & 0x007fffffu) | 0x3f800000u); // in [1, 2)
  if (f > 1.41421356f) {
    f *= 0.5f;
    e++;
  }
  return (float)e * 0.693147181f + log1p_of(f - 1);
}

// loss[0] = 1/rows * sum over rows r and c < classes of
//   t[c] * (log(sum over k of exp(z[k]-top)) - (z[c]-top)),
//   z = logits+r*classes, t = labels+r*classes, top = the largest of z
//
// One block.
KERNEL void __launch_bounds__(256)
softmax_cross_entropy(const float *__restrict__ logits, const float *__restrict__ labels, float *__restrict__ loss,
                      uint32 rows, uint32 classes) {
  float sum = 0;
  for (uint32 r = THREAD_X; r < rows; r += 256) {
    const float *z = logits + (uint64)r * classes, *t = labels + (uint64)r * classes;
    float top = z[largest(z, classes)];
    float log_scale = log_of(exponentials(z, top, classes));
    for (uint32 c = 0; c < classes; c++) sum += t[c] * (log_scale - (z[c] - top));
  }
  sum = block_sum(sum);
  if (THREAD_X == 0) *loss = sum / (float)rows;
}

// for r < rows, c < classes: dlogits[r*classes+c] = dloss[0] * (softmax(z)[c]-t[c]) / rows
KERNEL void __launch_bounds__(256)
softmax_cross_entropy_grad(const float *__restrict__ logits, const float *__restrict__ labels,
                           const float *__restrict__ dloss, float *__restrict__ dlogits, uint32 rows, uint32 classes) {
  uint32 r = BLOCK_X * 256 + THREAD_X;
  if (r >= rows) return;
  const float *z = logits + (uint64)r * classes, *t = labels + (uint64)r * classes;
  float *dz = dlogits + (uint64)r * classes;
  float top = z[largest(z, classes)];
  float scale = exponentials(z, top, classes);
  float f = *dloss / (float)rows;
  for (uint32 c = 0; c < classes; c++) dz[c] = f * (exp_of(z[c] - top) / scale - t[c]);
}

// accuracy[0] = share of rows r < rows with largest(logits+r*classes) == largest(labels+r*classes)
//
// One block. Counts up to 2^24 are exact.
KERNEL void __launch_bounds__(256)
categorical_accuracy(const float *__restrict__ logits, const float *__restrict__ labels, float *__restrict__ accuracy,
                     uint32 rows, uint32 classes) {
  float right = 0;
  for (uint32 r = THREAD_X; r < rows; r += 256) {
    uint64 row = (uint64)r * classes;
    right += largest(logits + row, classes) == largest(labels + row, classes) ? 1.0f : 0.0f;
  }
  right = block_sum(right);
  if (THREAD_X == 0) *accuracy = right / (float)rows;
}
