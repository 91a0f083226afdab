// common.cuh: what lets the same source compile with clang without CUDA's headers and with nvcc,
// and the few helpers that every kernel shares.
#pragma once

#if defined(__clang__) && !defined(__CUDACC_VER_MAJOR__)
#define __global__ __attribute__((global))
#define __device__ __attribute__((device))
#define __shared__ __attribute__((shared))
#define __launch_bounds__(...) __attribute__((launch_bounds(__VA_ARGS__)))
#define __forceinline__ inline __attribute__((always_inline))
#define THREAD_X __nvvm_read_ptx_sreg_tid_x()
#define BLOCK_X __nvvm_read_ptx_sreg_ctaid_x()
#define BLOCK_Y __nvvm_read_ptx_sreg_ctaid_y()
#define BLOCK_Z __nvvm_read_ptx_sreg_ctaid_z()
#define GRID_X __nvvm_read_ptx_sreg_nctaid_x()
#define GRID_Y __nvvm_read_ptx_sreg_nctaid_y()
#define GRID_Z __nvvm_read_ptx_sreg_nctaid_z()
#define BARRIER() __nvvm_bar_sync(0)
#define FLOAT_BITS(x) __builtin_bit_cast(uint32, x)
#define BITS_FLOAT(x) __builtin_bit_cast(float, x)
#else
#define THREAD_X threadIdx.x
#define BLOCK_X blockIdx.x
#define BLOCK_Y blockIdx.y
#define BLOCK_Z blockIdx.z
#define GRID_X gridDim.x
#define GRID_Y gridDim.y
#define GRID_Z gridDim.z
#define BARRIER() __syncthreads()
#define FLOAT_BITS(x) __float_as_uint(x)
#define BITS_FLOAT(x) __uint_as_float(x)
#endif

#define KERNEL extern "C" __global__
#define DEVICE __device__ __forceinline__

typedef unsigned char uint8;
typedef unsigned int uint32;
typedef unsigned long long uint64;

// Vec4 is four consecutive floats, moved as one 16-byte access.
struct alignas(16) Vec4 {
  float x, y, z, w;
};

// read4 and write4 move four floats at an address aligned to 16 bytes. Clang takes a structure apart
// into four accesses, a vector not.
#if defined(__clang__)
typedef float Float4 __attribute__((ext_vector_type(4), may_alias));
DEVICE Vec4 read4(const float *p) {
  Float4 v = *(const Float4 *)p;
  return {v.x, v.y, v.z, v.w};
}
DEVICE void write4(float *p, Vec4 v) { *(Float4 *)p = Float4{v.x, v.y, v.z, v.w}; }
// global says that p points to global memory, which clang cannot tell of a pointer that may be null.
typedef const __attribute__((address_space(1))) float *GlobalFloats;
DEVICE float global(const float *p) { return *(GlobalFloats)p; }
DEVICE Vec4 global4(const float *p) {
  Float4 v = *(const __attribute__((address_space(1))) Float4 *)p;
  return {v.x, v.y, v.z, v.w};
}
#else
DEVICE float global(const float *p) { return *p; }
DEVICE Vec4 global4(const float *p) { return *(const Vec4 *)p; }
DEVICE Vec4 read4(const float *p) { return *(const Vec4 *)p; }
DEVICE void write4(float *p, Vec4 v) { *(Vec4 *)p = v; }
#endif

DEVICE bool aligned16(const void *p) { return ((uint64)p & 15) == 0; }

DEVICE int min_of(int a, int b) { return a < b ? a : b; }
DEVICE int max_of(int a, int b) { return a > b ? a : b; }
DEVICE int ceil_div(int a, int b) { return (a + b - 1) / b; }

// Divider divides by a number that is known when the kernel starts: one multiplication and a
// correction instead of the twenty instructions of a division. The estimate
// n*floor((2^32-1)/d)/2^32 falls short by less than one before it is rounded down.
struct Divider {
  uint32 d, reciprocal;
  DEVICE explicit Divider(uint32 d) : d(d), reciprocal(0xffffffffu / d) {}
  // Sets q = n/d and returns the remainder.
  DEVICE uint32 divide(uint32 n, uint32 *q) const {
    uint32 estimate = (uint32)((uint64)n * reciprocal >> 32), rest = n - estimate * d;
    bool low = rest >= d;
    *q = low ? estimate + 1 : estimate;
    return low ? rest - d : rest;
  }
};

// load4 reads p[i..i+3] of n elements; what lies behind the end is zero.
DEVICE Vec4 load4(const float *p, uint32 i, uint32 n) {
  if (i + 4 <= n && aligned16(p)) return global4(p + i);
  Vec4 v = {0, 0, 0, 0};
  if (i < n) v.x = global(p + i);
  if (i + 1 < n) v.y = global(p + i + 1);
  if (i + 2 < n) v.z = global(p + i + 2);
  if (i + 3 < n) v.w = global(p + i + 3);
  return v;
}

// store4 writes p[i..i+3], those below n.
DEVICE void store4(float *p, uint32 i, uint32 n, Vec4 v) {
  if (i + 4 <= n && aligned16(p)) {
    write4(p + i, v);
    return;
  }
  if (i < n) p[i] = v.x;
  if (i + 1 < n) p[i + 1] = v.y;
  if (i + 2 < n) p[i + 2] = v.z;
  if (i + 3 < n) p[i + 3] = v.w;
}

// Elementwise kernels: 256 threads a block, four consecutive elements a thread.
const int ELEMENTWISE_THREADS = 256;
DEVICE uint32 elementwise_index() { return 4 * (BLOCK_X * ELEMENTWISE_THREADS + THREAD_X); }

DEVICE float leaky_relu_of(float x, float alpha) { return x > 0 ? x : alpha * x; }

// exp_of is e^x to two units in the last place: 2^n by the exponent, the rest by the
// special-function unit, which is exact enough only near zero.
DEVICE float exp_of(float x) {
  x = x < -104.0f ? -104.0f : x > 89.0f ? 89.0f : x; // beyond: 0 and infinity, as they should be; NaN stays
  float n, r;
  asm("cvt.rni.f32.f32 %0, %1;" : "=f"(n) : "f"(x * 1.44269504f));
  r = x - n * 0.693359375f;
  r = r + n * 2.12194440e-4f;
  float y;
  asm("ex2.approx.f32 %0, %1;" : "=f"(y) : "f"(r * 1.44269504f));
  int half = (int)n / 2, rest = (int)n - half; // two factors: 2^n alone may leave the range of floats
  return y * BITS_FLOAT((uint32)(half + 127) << 23) * BITS_FLOAT((uint32)(rest + 127) << 23);
}

// log1p_of is log(1+z) for z in [-0.293, 0.415], after Cephes' logf (Moshier, 1989).
DEVICE float log1p_of(float z) {
  float p = 7.0376836292e-2f;
  p = p * z - 1.1514610310e-1f;
  p = p * z + 1.1676998740e-1f;
  p = p * z - 1.2420140846e-1f;
  p = p * z + 1.4249322787e-1f;
  p = p * z - 1.6668057665e-1f;
  p = p * z + 2.0000714765e-1f;
  p = p * z - 2.4999993993e-1f;
  p = p * z + 3.3333331174e-1f;
  float zz = z * z;
  return z + (p * z * zz - 0.5f * zz);
}

DEVICE float sigmoid_of(float x) {
  float e = exp_of(x < 0 ? x : -x); // of -|x|: never overflows
  return (x < 0 ? e : 1.0f) / (1.0f + e);
}

DEVICE float sqrt_of(float x) {
  float y;
  asm("sqrt.rn.f32 %0, %1;" : "=f"(y) : "f"(x));
  return y;
}

// Epilogue is what a convolution, a product or the sum of its parts applies before it stores
// element i of its result, which lies in column n:
//
//	v = act(sum + bias[n]);  v = v*mask[i];  v = gate[i] > 0 ? v : alpha*v
//
// each part left out if its pointer is null. The gate is LeakyReLU's gradient by its output.
struct Epilogue {
  const float *bias, *mask, *gate;
  uint32 activation; // 0 identity, 1 LeakyReLU, 2 sigmoid
  float alpha;       // slope of LeakyReLU and of the gate

  DEVICE float one(float sum, float b, float m, float g) const {
    float v = sum + b;
    if (activation == 1) v = leaky_relu_of(v, alpha);
    if (activation == 2) v = sigmoid_of(v);
    v *= m;
    return g > 0 ? v : alpha * v;
  }
  DEVICE float operator()(float sum, uint32 i, uint32 n) const {
    return one(sum, bias ? global(bias + n) : 0, mask ? global(mask + i) : 1, gate ? global(gate + i) : 1);
  }
  // The same for four neighbours, of which those in columns below N exist.
  DEVICE Vec4 operator()(Vec4 sum, uint32 i, uint32 n, uint32 N) const {
    Vec4 b = {0, 0, 0, 0}, m = {1, 1, 1, 1}, g = {1, 1, 1, 1};
    if (bias) b = load4(bias + n, 0, N - n);
    if (mask) m = load4(mask + i, 0, N - n);
    if (gate) g = load4(gate + i, 0, N - n);
    return {one(sum.x, b.x, m.x, g.x), one(sum.y, b.y, m.y, g.y), one(sum.z, b.z, m.z, g.z), one(sum.w, b.w, m.w, g.w)};
  }
};
