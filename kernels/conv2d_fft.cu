// Convolution with a large filter, stride 1 and one output channel, by Fourier transform: with F, X and
// Y the spectra of filter, input and output,
//
//	forward          Y = sum over channels of X * conj(F)
//	input's grad     X = Y * F
//	filter's grad    F = sum over the batch of X * conj(Y)
//
// each array placed at the origin of a grid of 42x42, the filter with its tap (pad_top, pad_left)
// there. Images, filters and outputs are of at most 28x28, and no output's tap may be 42 pixels from
// another that it could be taken for (kernels.FFT).
//
// A block transforms a few planes, neighbouring channels of an image or single-channel images, at a
// time, through shared memory: a thread makes a row, or a column or a third of one, in its registers. A
// spectrum in memory is [kx][slot], slot = k1*14+k2 of frequency(k1, k2) = ky, for kx < 22, its elements
// a stride apart. Sums over blocks leave their parts to split_sum.
#include "dft42.cuh"

// From planes to spectra, three times as many warps as columns need make a k1 each; back, where the
// k1 are added, one thread makes a column. Planes of a block, and threads:
const int TO_LANES = 4, TO_WARPS = 3, TO_THREADS = 3 * TO_WARPS * 32;
const int FROM_LANES = 8, FROM_THREADS = DFT_IN * FROM_LANES;
const int SLOTS = DFT * DFT_BINS;

// Planes are arrays of height x width floats, lane_stride apart, of pixels pixel_stride apart.
struct Planes {
  const float *p;
  uint32 lanes, height, width, lane_stride, pixel_stride;
};

// Spectra are arrays of SLOTS complex numbers, strides counted in those.
struct Spectra {
  uint32 lane_stride, stride;
  DEVICE uint32 at(uint32 lane, int kx, int slot) const { return lane * lane_stride + (kx * DFT + slot) * stride; }
};

// Rows holds transforms of rows, [y][kx*LANES + lane]; the pitch has neighbouring rows begin in other banks.
template <int LANES> struct Rows {
  Complex v[DFT_IN][(DFT_BINS + 1) * LANES];
};

#if defined(__clang__) && !defined(__CUDACC_VER_MAJOR__)
#define CONSTANT static __attribute__((constant))
typedef float Float2 __attribute__((ext_vector_type(2), may_alias));
DEVICE Complex read_complex(const float *p) {
  Float2 v = *(const __attribute__((address_space(1))) Float2 *)p;
  return {v.x, v.y};
}
DEVICE Complex read_shared(const Complex *p) {
  Float2 v = *(const Float2 *)p;
  return {v.x, v.y};
}
DEVICE void write_complex(void *p, Complex z) { *(Float2 *)p = Float2{z.re, z.im}; }
DEVICE float from_lane(float v, int xor_of_lanes) { return BITS_FLOAT(__nvvm_shfl_sync_bfly_i32(0xffffffff, FLOAT_BITS(v), xor_of_lanes, 31)); }
#else
#define CONSTANT static __constant__
DEVICE Complex read_complex(const float *p) {
  float2 v = *(const float2 *)p;
  return {v.x, v.y};
}
DEVICE Complex read_shared(const Complex *p) { return read_complex(&p->re); }
DEVICE void write_complex(void *p, Complex z) { *(float2 *)p = make_float2(z.re, z.im); }
DEVICE float from_lane(float v, int xor_of_lanes) { return __shfl_xor_sync(0xffffffff, v, xor_of_lanes); }
#endif

// Column says which column of the spectra of LANES planes a thread makes, by its number among those
// that share the columns.
template <int LANES> struct Column {
  int number, kx;
  uint32 lane;
  bool there;
  DEVICE Column(int number, uint32 first_lane, uint32 lanes)
      : number(number), kx(number / LANES), lane(first_lane + number % LANES), there(kx < DFT_BINS && lane < lanes) {}
};

// Transform sets z[k2] to frequency(k1, k2) of the thread's column of the transforms of planes
// first_lane to first_lane+TO_LANES-1, where k1 is the number of its third of the block.
struct Transform {
  int k1;
  Column<TO_LANES> column;
  Complex z[14];
  DEVICE Transform(Rows<TO_LANES> &rows, const Planes &planes, uint32 first_lane)
      : k1(THREAD_X / (TO_WARPS * 32)), column(THREAD_X % (TO_WARPS * 32), first_lane, planes.lanes) {
    BARRIER(); // rows may be in use
    if (THREAD_X < DFT_IN * TO_LANES) transform_row(rows, planes, first_lane);
    BARRIER();
    if (column.there) dft42(k1, [&](int y) { return read_shared(&rows.v[y][column.number]); }, z);
  }
  DEVICE void transform_row(Rows<TO_LANES> &rows, const Planes &planes, uint32 first_lane) const {
    uint32 lane = first_lane + THREAD_X % TO_LANES, y = THREAD_X / TO_LANES;
    float v[DFT_IN];
    bool there = lane < planes.lanes && y < planes.height;
    uint32 stride = planes.pixel_stride;
    asm volatile("" : "+r"(stride)); // lest 28 multiples of it stay in registers from one image to the next
    const float *p = planes.p + (uint64)lane * planes.lane_stride + y * planes.width * planes.pixel_stride;
#pragma unroll
    for (int x = 0; x < DFT_IN; x++) v[x] = there && x < planes.width ? global(p + x * stride) : 0;
    Complex to[DFT_BINS];
    real_dft42(v, to);
#pragma unroll
    for (int kx = 0; kx < DFT_BINS; kx++) write_complex(&rows.v[y][kx * TO_LANES + THREAD_X % TO_LANES], to[kx]);
  }
  // ky is the frequency of z[k2], slot its place in a spectrum.
  DEVICE int ky(int k2) const { return frequency(k1, k2); }
  DEVICE int slot(int k2) const { return k1 * 14 + k2; }
};

// invert makes planes first_lane to first_lane+FROM_LANES-1 from spectra: spectrum(column, k1, z) sets
// z[k2] to frequency(k1, k2), store(i, lane, v) stores element i.
template <class Spectrum, class Store>
DEVICE void invert(Rows<FROM_LANES> &rows, const Planes &planes, uint32 first_lane, const Spectrum &spectrum, const Store &store) {
  Column<FROM_LANES> column(THREAD_X, first_lane, planes.lanes);
  if (column.there) {
    Complex v[DFT_IN], z[14];
#pragma unroll
    for (int k1 = 0; k1 < 3; k1++) {
      spectrum(column, k1, z);
      inverse42(k1, z, v);
    }
#pragma unroll
    for (int y = 0; y < DFT_IN; y++) write_complex(&rows.v[y][column.number], v[y]);
  }
  BARRIER();
  uint32 lane = first_lane + THREAD_X % FROM_LANES, y = THREAD_X / FROM_LANES;
  if (y >= planes.height || lane >= planes.lanes) return;
  Complex z[DFT_BINS];
#pragma unroll
  for (int kx = 0; kx < DFT_BINS; kx++) z[kx] = read_shared(&rows.v[y][kx * FROM_LANES + THREAD_X % FROM_LANES]);
  float v[DFT_IN];
  real_inverse42(z, v);
  uint32 i = lane * planes.lane_stride + y * planes.width * planes.pixel_stride;
#pragma unroll
  for (int x = 0; x < DFT_IN; x++)
    if (x < planes.width) store(i + x * planes.pixel_stride, lane, v[x] * (1.0f / (DFT * DFT)));
}

// ROOTS[m] is exp(2*pi*i*m/42).
CONSTANT const Complex ROOTS[DFT] = {
    {1, 0}, {0.988830826, 0.149042266}, {0.955572806, 0.294755174}, {0.900968868, 0.433883739},
    {0.826238774, 0.563320058}, {0.733051872, 0.680172738}, {0.623489802, 0.781831482}, {0.5, 0.866025404},
    {0.365341024, 0.930873749}, {0.222520934, 0.974927912}, {0.0747300936, 0.997203797}, {-0.0747300936, 0.997203797},
    {-0.222520934, 0.974927912}, {-0.365341024, 0.930873749}, {-0.5, 0.866025404}, {-0.623489802, 0.781831482},
    {-0.733051872, 0.680172738}, {-0.826238774, 0.563320058}, {-0.900968868, 0.433883739}, {-0.955572806, 0.294755174},
    {-0.988830826, 0.149042266}, {-1, 0}, {-0.988830826, -0.149042266}, {-0.955572806, -0.294755174},
    {-0.900968868, -0.433883739}, {-0.826238774, -0.563320058}, {-0.733051872, -0.680172738}, {-0.623489802, -0.781831482},
    {-0.5, -0.866025404}, {-0.365341024, -0.930873749}, {-0.222520934, -0.974927912}, {-0.0747300936, -0.997203797},
    {0.0747300936, -0.997203797}, {0.222520934, -0.974927912}, {0.365341024, -0.930873749}, {0.5, -0.866025404},
    {0.623489802, -0.781831482}, {0.733051872, -0.680172738}, {0.826238774, -0.563320058}, {0.900968868, -0.433883739},
    {0.955572806, -0.294755174}, {0.988830826, -0.149042266},
};

#define PLANES uint32 lanes, uint32 height, uint32 width, uint32 lane_stride, uint32 pixel_stride
#define SPECTRA uint32 spectrum_lane_stride, uint32 spectrum_stride

// for planes p:
//
//	spectra[p][kx][ky] = exp(2*pi*i*(ky*shift_y+kx*shift_x)/42) * sum over y, x of planes[p][y][x] * exp(-2*pi*i*(y*ky+x*kx)/42)
//
// Block x transforms TO_LANES planes.
KERNEL void __launch_bounds__(TO_THREADS, 3)
conv2d_fft_transform(const float *__restrict__ x, float *__restrict__ spectra, PLANES, SPECTRA, uint32 shift_y, uint32 shift_x) {
  __shared__ Rows<TO_LANES> rows;
  Spectra to = {spectrum_lane_stride, spectrum_stride};
  Transform t(rows, {x, lanes, height, width, lane_stride, pixel_stride}, BLOCK_X * TO_LANES);
  if (!t.column.there) return;
#pragma unroll
  for (int k2 = 0; k2 < 14; k2++)
    write_complex(spectra + 2 * to.at(t.column.lane, t.column.kx, t.slot(k2)),
                  t.z[k2] * ROOTS[(t.ky(k2) * shift_y + t.column.kx * shift_x) % DFT]);
}

// The inverse of conv2d_fft_transform, with an epilogue whose bias is the same for all. Block x makes
// FROM_LANES planes.
KERNEL void __launch_bounds__(FROM_THREADS, 2)
conv2d_fft_inverse(const float *__restrict__ spectra, const float *__restrict__ bias, const float *__restrict__ mask,
                        const float *__restrict__ gate, float *__restrict__ y, PLANES, SPECTRA, uint32 shift_y, uint32 shift_x,
                        uint32 activation, float alpha) {
  __shared__ Rows<FROM_LANES> rows;
  Planes planes = {nullptr, lanes, height, width, lane_stride, pixel_stride};
  Spectra from = {spectrum_lane_stride, spectrum_stride};
  Epilogue epilogue = {bias, mask, gate, activation, alpha};
  invert(
      rows, planes, BLOCK_X * FROM_LANES,
      [&](const Column<FROM_LANES> &column, int k1, Complex(&z)[14]) {
#pragma unroll
        for (int k2 = 0; k2 < 14; k2++)
          z[k2] = read_complex(spectra + 2 * from.at(column.lane, column.kx, k1 * 14 + k2)) *
                  conjugate(ROOTS[(frequency(k1, k2) * shift_y + column.kx * shift_x) % DFT]);
      },
      [&](uint32 i, uint32, float v) { y[i] = epilogue(v, i, 0); });
}

// for b, kx, ky: y[b][kx][ky] = sum over c of X[b][kx][ky][c] * conj(filter[kx][ky][c])
//
// with X the spectra of x. Block (b, z) makes part z of image b, of each*TO_LANES channels, at y + z*batch*2*SLOTS.
KERNEL void __launch_bounds__(TO_THREADS, 2)
conv2d_fft(const float *__restrict__ x, const float *__restrict__ filter, float *__restrict__ y, uint32 batch,
                uint32 in_h, uint32 in_w, uint32 in_c, uint32 each) {
  __shared__ Rows<TO_LANES> rows;
  Planes planes = {x + (uint64)BLOCK_X * in_h * in_w * in_c, in_c, in_h, in_w, 1, in_c};
  Spectra from = {1, in_c};
  float sum[28];
#pragma unroll
  for (int i = 0; i < 28; i++) sum[i] = 0;
#pragma unroll 1
  for (uint32 first = BLOCK_Y * each * TO_LANES, end = min_of(first + each * TO_LANES, in_c); first < end; first += TO_LANES) {
    Transform t(rows, planes, first);
    if (t.column.there) {
      const float *p = filter + 2 * from.at(t.column.lane, t.column.kx, t.slot(0));
      uint32 stride = in_c;
      asm volatile("" : "+r"(stride)); // as in transform_row
#pragma unroll
      for (int k2 = 0; k2 < 14; k2++) {
        Complex s = add_product({sum[2 * k2], sum[2 * k2 + 1]}, t.z[k2], conjugate(read_complex(p + 2 * k2 * stride)));
        sum[2 * k2] = s.re, sum[2 * k2 + 1] = s.im;
      }
    }
  }
  // The channels' sums are added over the lanes: each step leaves a lane half of the results.
  bool high = THREAD_X & 2;
#pragma unroll
  for (int i = 0; i < 14; i++) {
    float lower = sum[i], upper = sum[i + 14];
    sum[i] = (high ? upper : lower) + from_lane(high ? lower : upper, 2);
  }
  high = THREAD_X & 1;
#pragma unroll
  for (int i = 0; i < 7; i++) {
    float lower = sum[i], upper = sum[i + 7];
    sum[i] = (high ? upper : lower) + from_lane(high ? lower : upper, 1);
  }
  int k1 = THREAD_X / (TO_WARPS * 32), kx = THREAD_X % (TO_WARPS * 32) / TO_LANES;
  int begin = k1 * 28 + THREAD_X / 2 % 2 * 14 + THREAD_X % 2 * 7;
  float *p = y + ((uint64)(BLOCK_Y * batch + BLOCK_X) * SLOTS + kx * DFT) * 2 + begin;
#pragma unroll
  for (int i = 0; i < 7; i++)
    if (kx < DFT_BINS) p[i] = sum[i];
}

// for b, iy, ix, c:
//
//	dx[b,iy,ix,c] = epilogue(sum over kx, ky of dy[b][kx][ky] * filter[kx][ky][c] * exp(2*pi*i*(iy*ky+ix*kx)/42) / 42^2)
//
// Block (b, z) makes channels z*FROM_LANES to z*FROM_LANES+FROM_LANES-1 of image b.
KERNEL void __launch_bounds__(FROM_THREADS, 2)
conv2d_fft_input_grad(const float *__restrict__ dy, const float *__restrict__ filter, const float *__restrict__ bias,
                           const float *__restrict__ mask, const float *__restrict__ gate, float *__restrict__ dx,
                           uint32 in_h, uint32 in_w, uint32 in_c, uint32 activation, float alpha) {
  __shared__ Rows<FROM_LANES> rows;
  Planes planes = {nullptr, in_c, in_h, in_w, 1, in_c};
  Spectra of_filter = {1, in_c};
  Epilogue epilogue = {bias, mask, gate, activation, alpha};
  const float *spectrum = dy + (uint64)BLOCK_X * 2 * SLOTS;
  uint32 image = BLOCK_X * in_h * in_w * in_c;
  invert(
      rows, planes, BLOCK_Y * FROM_LANES,
      [&](const Column<FROM_LANES> &column, int k1, Complex(&z)[14]) {
        const float *p = filter + 2 * of_filter.at(column.lane, column.kx, k1 * 14);
#pragma unroll
        for (int k2 = 0; k2 < 14; k2 += 2) {
          Vec4 pair = global4(spectrum + 2 * (column.kx * DFT + k1 * 14 + k2));
          z[k2] = Complex{pair.x, pair.y} * read_complex(p + 2 * k2 * in_c);
          z[k2 + 1] = Complex{pair.z, pair.w} * read_complex(p + 2 * (k2 + 1) * in_c);
        }
      },
      [&](uint32 i, uint32 c, float v) { dx[image + i] = epilogue(v, image + i, c); });
}

// for kx, ky, c: dfilter[kx][ky][c] = sum over b of X[b][kx][ky][c] * conj(dy[b][kx][ky])
//
// with X the spectra of x. Block (x, z) makes part z, of images z*each to z*each+each-1, of channels
// x*TO_LANES to x*TO_LANES+TO_LANES-1, at dfilter + z*2*SLOTS*in_c.
KERNEL void __launch_bounds__(TO_THREADS, 2)
conv2d_fft_filter_grad(const float *__restrict__ x, const float *__restrict__ dy, float *__restrict__ dfilter,
                            uint32 batch, uint32 in_h, uint32 in_w, uint32 in_c, uint32 each) {
  __shared__ Rows<TO_LANES> rows;
  Complex sum[14];
#pragma unroll
  for (int k2 = 0; k2 < 14; k2++) sum[k2] = {0, 0};
#pragma unroll 1
  for (uint32 b = BLOCK_Y * each, end = min_of(b + each, batch); b < end; b++) {
    Planes planes = {x + (uint64)b * in_h * in_w * in_c, in_c, in_h, in_w, 1, in_c};
    Transform t(rows, planes, BLOCK_X * TO_LANES);
    if (t.column.there) {
      const float *p = dy + ((uint64)b * SLOTS + t.column.kx * DFT + t.slot(0)) * 2;
#pragma unroll
      for (int k2 = 0; k2 < 14; k2 += 2) {
        Vec4 pair = global4(p + 2 * k2);
        sum[k2] = add_product(sum[k2], t.z[k2], {pair.x, -pair.y});
        sum[k2 + 1] = add_product(sum[k2 + 1], t.z[k2 + 1], {pair.z, -pair.w});
      }
    }
  }
  Spectra to = {1, in_c};
  int k1 = THREAD_X / (TO_WARPS * 32);
  Column<TO_LANES> column(THREAD_X % (TO_WARPS * 32), BLOCK_X * TO_LANES, in_c);
  if (!column.there) return;
  float *p = dfilter + ((uint64)BLOCK_Y * SLOTS * in_c + to.at(column.lane, column.kx, k1 * 14)) * 2;
#pragma unroll
  for (int k2 = 0; k2 < 14; k2++) write_complex(p + 2 * k2 * in_c, sum[k2]);
}
