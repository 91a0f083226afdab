// Random numbers by Philox4x32-10 (Salmon et al., 2011): element i of an array is element
// j = 4*block + skip + i of a sequence, with skip < 4, and takes word j%4 of block j/4, with
//
//	key = (low, high half of the seed), counter = (block, stream, step, 0)
//
// and step read from the device's memory. A thread makes four elements: of one block, or of two if
// skip is not 0.
#include "common.cuh"

struct Words {
  uint32 x, y, z, w;
};

DEVICE Words philox(uint32 block, uint32 stream, uint32 step, uint64 seed) {
  Words c = {block, stream, step, 0};
  uint32 k0 = (uint32)seed, k1 = (uint32)(seed >> 32);
#pragma unroll
  for (int round = 0; round < 10; round++) {
    uint64 a = (uint64)c.x * 0xD2511F53u, b = (uint64)c.z * 0xCD9E8D57u;
    c = {(uint32)(b >> 32) ^ c.y ^ k0, (uint32)b, (uint32)(a >> 32) ^ c.w ^ k1, (uint32)a};
    k0 += 0x9E3779B9u;
    k1 += 0xBB67AE85u;
  }
  return c;
}

// shifted is the four of the eight elements of a and b that begin at skip, which is 1, 2 or 3.
template <typename T> DEVICE T shifted(T a, T b, uint32 skip) {
  if (skip == 1) return {a.y, a.z, a.w, b.x};
  if (skip == 2) return {a.z, a.w, b.x, b.y};
  return {a.w, b.x, b.y, b.z};
}

// words are those of elements skip to skip+3 of a block and the next.
DEVICE Words words(uint32 block, uint32 skip, uint32 stream, uint32 step, uint64 seed) {
  Words w = philox(block, stream, step, seed);
  return skip == 0 ? w : shifted(w, philox(block + 1, stream, step, seed), skip);
}

// unit maps a word to [0,1) in steps of 2^-24.
DEVICE float unit(uint32 word) { return (float)(word >> 8) * 0x1p-24f; }

// minus_log is -ln((word+1) * 2^-32). Near one it works from the distance to one, which the word
// holds exactly and a float would not.
DEVICE float minus_log(uint32 word) {
  const float LN2 = 0.693147181f;
  if (word >= 0x80000000u) {
    float d = (float)(0xffffffffu - word) * 0x1p-32f;
    return d < 0.25f ? -log1p_of(-d) : LN2 - log1p_of(1 - 2 * d);
  }
  uint32 bits = FLOAT_BITS((float)(word + 1)); // in [1, 2^31]
  int e = (int)(bits >> 23) - 127;
  float f = BITS_FLOAT((bits & 0x007fffffu) | 0x3f800000u); // in [1, 2)
  if (f > 1.41421356f) {
    f *= 0.5f;
    e++;
  }
  return (float)(32 - e) * LN2 - log1p_of(f - 1);
}

// sincos_turn gives the sine and cosine of word * 2^-32 turns, after Cephes' sinf and cosf: the
// nearest quarter turn is taken off exactly, in integers.
DEVICE void sincos_turn(uint32 word, float *sine, float *cosine) {
  uint32 quarter = (word + 0x20000000u) >> 30;
  float a = (float)(int)(word - (quarter << 30)) * 1.46291807927e-9f; // 2*pi/2^32; |a| <= pi/4
  float z = a * a;
  float s = a + a * z * (-1.6666654611e-1f + z * (8.3321608736e-3f + z * -1.9515295891e-4f));
  float c = 1 - 0.5f * z + z * z * (4.166664568298827e-2f + z * (-1.388731625493765e-3f + z * 2.443315711809948e-5f));
  bool swap = quarter & 1;
  float sq = swap ? c : s, cq = swap ? s : c;
  *sine = quarter & 2 ? -sq : sq;
  *cosine = (quarter + 1) & 2 ? -cq : cq;
}

// for i < n: y[i] = low + (high-low) * unit(word i)
KERNEL void __launch_bounds__(256)
uniform(const uint32 *__restrict__ step, float *__restrict__ y, uint32 n, uint64 seed, uint32 stream, uint32 block,
        uint32 skip, float low, float high) {
  uint32 i = elementwise_index();
  if (i >= n) return;
  Words r = words(block + i / 4, skip, stream, *step, seed);
  float range = high - low;
  store4(y, i, n, {low + range * unit(r.x), low + range * unit(r.y), low + range * unit(r.z), low + range * unit(r.w)});
}

// normals of a block's pairs of words (u, v): r = sqrt(-2*ln((u+1) * 2^-32)), a = 2*pi*v * 2^-32,
// z[2j] = mean + stddev*r*cos(a), z[2j+1] = mean + stddev*r*sin(a)   (Box and Muller, 1958)
DEVICE Vec4 normals(Words w, float mean, float stddev) {
  float s0, c0, s1, c1;
  sincos_turn(w.y, &s0, &c0);
  sincos_turn(w.w, &s1, &c1);
  float r0 = stddev * sqrt_of(2 * minus_log(w.x)), r1 = stddev * sqrt_of(2 * minus_log(w.z));
  return {mean + r0 * c0, mean + r0 * s0, mean + r1 * c1, mean + r1 * s1};
}

// for i < n: y[i] = element skip + i of the normals of blocks block, block+1, ...
KERNEL void __launch_bounds__(256)
normal(const uint32 *__restrict__ step, float *__restrict__ y, uint32 n, uint64 seed, uint32 stream, uint32 block,
       uint32 skip, float mean, float stddev) {
  uint32 i = elementwise_index();
  if (i >= n) return;
  block += i / 4;
  Vec4 z = normals(philox(block, stream, *step, seed), mean, stddev);
  if (skip != 0) z = shifted(z, normals(philox(block + 1, stream, *step, seed), mean, stddev), skip);
  store4(y, i, n, z);
}

// for i < n: mask[i] = unit(word i) >= rate ? 1/(1-rate) : 0
KERNEL void __launch_bounds__(256)
dropout_mask(const uint32 *__restrict__ step, float *__restrict__ mask, uint32 n, uint64 seed, uint32 stream, uint32 block,
             uint32 skip, float rate) {
  uint32 i = elementwise_index();
  if (i >= n) return;
  Words r = words(block + i / 4, skip, stream, *step, seed);
  float keep = 1 / (1 - rate);
  store4(mask, i, n, {unit(r.x) >= rate ? keep : 0, unit(r.y) >= rate ? keep : 0, unit(r.z) >= rate ? keep : 0,
                      unit(r.w) >= rate ? keep : 0});
}

// for i < n: y[i] = high 32 bits of (word i) * limit
KERNEL void __launch_bounds__(256)
indices(const uint32 *__restrict__ step, uint32 *__restrict__ y, uint32 n, uint64 seed, uint32 stream, uint32 block,
        uint32 skip, uint32 limit) {
  uint32 i = elementwise_index();
  if (i >= n) return;
  Words r = words(block + i / 4, skip, stream, *step, seed);
  y[i] = (uint32)((uint64)r.x * limit >> 32);
  if (i + 1 < n) y[i + 1] = (uint32)((uint64)r.y * limit >> 32);
  if (i + 2 < n) y[i + 2] = (uint32)((uint64)r.z * limit >> 32);
  if (i + 3 < n) y[i + 3] = (uint32)((uint64)r.w * limit >> 32);
}
