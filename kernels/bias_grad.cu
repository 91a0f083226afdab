// Column sums: the gradient of a bias. The rows are split over blockIdx.y; split_sum adds the parts.
#include "common.cuh"

// for s < splits (gridDim.y), c < channels:
//
//	part[s*channels+c] = sum over rows r of split s of dy[r*channels+c]
//
// Block (x, s) takes up to 256 channels from 256x on, as many rows at a time as fit its threads,
// so that narrow arrays are read without gaps too.
KERNEL void __launch_bounds__(256)
bias_grad(const float *__restrict__ dy, float *__restrict__ part, uint32 rows, uint32 channels) {
  __shared__ float sums[256];
  uint32 t = THREAD_X, first = BLOCK_X * 256;
  uint32 width = channels - first < 256 ? channels - first : 256, lanes = 256 / width;
  uint32 per_split = (rows + GRID_Y - 1) / GRID_Y;
  uint32 begin = BLOCK_Y * per_split, end = begin + per_split < rows ? begin + per_split : rows;
  uint32 c = t % width, lane = t / width;
  float a = 0, b = 0, d = 0, e = 0;
  if (lane < lanes) {
    const float *p = dy + first + c;
    uint32 r = begin + lane;
    for (; r + 3 * lanes < end; r += 4 * lanes) { // four loads in flight
      a += p[(uint64)r * channels];
      b += p[(uint64)(r + lanes) * channels];
      d += p[(uint64)(r + 2 * lanes) * channels];
      e += p[(uint64)(r + 3 * lanes) * channels];
    }
    for (; r < end; r += lanes) a += p[(uint64)r * channels];
  }
  sums[t] = (a + b) + (d + e);
  BARRIER();
  if (t >= width) return;
  float sum = 0;
  for (uint32 l = 0; l < lanes; l++) sum += sums[l * width + t];
  part[(uint64)BLOCK_Y * channels + first + t] = sum;
}
