// A batch of images from a dataset of bytes that stays on the device.
#include "common.cuh"

// for b < batch, p < pixels: y[b*pixels+p] = data[indices[b]*pixels+p] / 255
//
// A block makes 1024 pixels of one image. All blocks are along one direction, the only one that takes more than 65535.
KERNEL void __launch_bounds__(256)
images(const uint8 *__restrict__ data, const uint32 *__restrict__ indices, float *__restrict__ y, uint32 pixels) {
  uint32 parts = (pixels + 1023) / 1024, b = BLOCK_X / parts, p = 4 * (BLOCK_X % parts * 256 + THREAD_X);
  if (p >= pixels) return;
  const uint8 *image = data + (uint64)indices[b] * pixels;
  float *out = y + (uint64)b * pixels;
  uint32 bytes;
  if (p + 4 <= pixels && ((uint64)(image + p) & 3) == 0) {
    bytes = *(const uint32 *)(image + p);
  } else {
    bytes = image[p];
    if (p + 1 < pixels) bytes |= image[p + 1] << 8;
    if (p + 2 < pixels) bytes |= image[p + 2] << 16;
    if (p + 3 < pixels) bytes |= (uint32)image[p + 3] << 24;
  }
  store4(out, p, pixels, {(float)(bytes & 255) / 255.0f, (float)(bytes >> 8 & 255) / 255.0f, (float)(bytes >> 16 & 255) / 255.0f, (float)(bytes >> 24) / 255.0f});
}
