// Column sums: the gradient of a bias. The rows are split over blockIdx.y; split_sums adds the parts.
#include "column_sum.cuh"

// for s < splits (gridDim.y), c < channels:
//
//	part[s*channels+c] = sum over rows r of split s of dy[r*channels+c]
//
// Block (x, s) takes up to 256 channels from 256x on.
KERNEL void __launch_bounds__(256)
bias_grad(const float *__restrict__ dy, float *__restrict__ part, uint32 rows, uint32 channels) {
  uint32 first = BLOCK_X * 256, width = channels - first < 256 ? channels - first : 256;
  uint32 per_split = (rows + GRID_Y - 1) / GRID_Y;
  uint32 begin = BLOCK_Y * per_split, end = begin + per_split < rows ? begin + per_split : rows;
  float sum = column_sum(dy + first, channels, width, begin, end);
  if (THREAD_X < width) part[(uint64)BLOCK_Y * channels + first + THREAD_X] = sum;
}
