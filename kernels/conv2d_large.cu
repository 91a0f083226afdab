// Convolution with a large filter, stride 1 and one output channel, as a product with a Toeplitz
// matrix of in_h*in_w*in_c rows and out_h*out_w columns,
//
//	toeplitz[(iy,ix,c), (oy,ox)] = filter[iy-oy+pad_top, ix-ox+pad_left, c], zero outside the filter
//
// of which blocks generate, in shared memory, the parts that they need: images of a batch are the
// rows of the other matrix, so that 128 of them share each weight that is fetched, where conv2d's
// one column would leave its tiles nearly empty. Pairs of rows (iy, oy) that do not meet are skipped.
#include "tile_gemm.cuh"

struct Geometry {
  int batch, in_h, in_w, in_c, out_h, out_w, filter_h, filter_w, pad_top, pad_left;
};

struct Toeplitz {
  const float *p;
  Geometry g;
  Divider channels, in_w, out_w;
  DEVICE Toeplitz(const float *filter, const Geometry &g) : p(filter), g(g), channels(g.in_c), in_w(g.in_w), out_w(g.out_w) {}
  DEVICE const float *weight(int in, int out) const {
    uint32 pixel, iy, oy;
    uint32 c = channels.divide(in, &pixel), ix = in_w.divide(pixel, &iy), ox = out_w.divide(out, &oy);
    int ky = (int)(iy - oy) + g.pad_top, kx = (int)(ix - ox) + g.pad_left;
    if (iy >= (uint32)g.in_h || oy >= (uint32)g.out_h || (uint32)ky >= (uint32)g.filter_h || (uint32)kx >= (uint32)g.filter_w)
      return nullptr;
    return p + (ky * g.filter_w + kx) * g.in_c + (int)c;
  }
};

struct ToeplitzByOut : Toeplitz {
  static const bool ALONG_K = true;
  bool quads;
  DEVICE ToeplitzByOut(const float *filter, const Geometry &g) : Toeplitz(filter, g), quads(aligned16(filter) && g.in_c % 4 == 0) {}
  DEVICE const float *at(int out, int in) const { return weight(in, out); }
};

struct ToeplitzByIn : Toeplitz {
  static const bool ALONG_K = false;
  bool quads;
  DEVICE ToeplitzByIn(const float *filter, const Geometry &g) : Toeplitz(filter, g), quads(aligned16(filter) && g.in_c % 4 == 0) {}
  DEVICE const float *at(int in, int out) const { return weight(in, out); }
};

// OneChannel is the epilogue where all columns share one bias.
struct OneChannel {
  Epilogue epilogue;
  DEVICE Vec4 operator()(Vec4 sum, uint32 i, uint32 n, uint32 N) const {
    float b = epilogue.bias ? global(epilogue.bias) : 0;
    Epilogue rest = epilogue;
    rest.bias = nullptr;
    return rest(Vec4{sum.x + b, sum.y + b, sum.z + b, sum.w + b}, i, n, N);
  }
};

#define GEOMETRY_PARAMETERS                                                                                        \
  uint32 batch, uint32 in_h, uint32 in_w, uint32 in_c, uint32 out_h, uint32 out_w, uint32 filter_h, uint32 filter_w, \
      uint32 pad_top, uint32 pad_left
#define GEOMETRY                                                                                                   \
  {(int)batch, (int)in_h, (int)in_w, (int)in_c, (int)out_h, (int)out_w, (int)filter_h, (int)filter_w, (int)pad_top, (int)pad_left}

// for b, oy, ox:
//
//	y[b,oy,ox] = epilogue(sum over ky, kx, c of x[b, oy+ky-pad_top, ox+kx-pad_left, c] * filter[ky,kx,c])
//
// Block (x, y, z) makes part z of tile (x, y) of the matrix [batch, out_h*out_w], at
// y + z*batch*out_h*out_w; split_sum, with one column, adds the parts if there are several.
KERNEL void __launch_bounds__(GEMM_THREADS, 2)
conv2d_large(const float *__restrict__ x, const float *__restrict__ filter, const float *__restrict__ bias,
             const float *__restrict__ mask, const float *__restrict__ gate, float *__restrict__ y, GEOMETRY_PARAMETERS,
             uint32 activation, float alpha) {
  typedef Matrix<true> Images;
  typedef Tile128x64 T;
  __shared__ GemmShared<T, Images, ToeplitzByOut> shared;
  Geometry g = GEOMETRY;
  int row = g.in_w * g.in_c, pixels = g.out_h * g.out_w, n0 = BLOCK_Y * T::BN;
  int first = n0 / g.out_w - g.pad_top, last = min_of(n0 + T::BN, pixels) - 1; // the input rows that the tile meets
  int end = min_of(last / g.out_w - g.pad_top + g.filter_h, g.in_h);
  Split split(max_of(first, 0) * row, max_of(end, 0) * row);
  OneChannel epilogue = {{bias, mask, gate, activation, alpha}};
  tile_gemm<T>(shared, Images(x, g.batch, g.in_h * row), ToeplitzByOut(filter, g), BLOCK_X * T::BM, n0, split.begin, split.end,
               split.finish(epilogue), y + (uint64)BLOCK_Z * g.batch * pixels, pixels,
               [&](int m) { return m < g.batch ? m * pixels : -1; });
}

// for b, iy, ix, c:
//
//	dx[b,iy,ix,c] = epilogue(sum over oy, ox of dy[b,oy,ox] * filter[iy-oy+pad_top, ix-ox+pad_left, c])
//
// with an epilogue of mask and gate. Block (x, y) makes tile (x, y) of the matrix [batch, in_h*in_w*in_c].
KERNEL void __launch_bounds__(GEMM_THREADS, 2)
conv2d_large_input_grad(const float *__restrict__ dy, const float *__restrict__ filter, const float *__restrict__ mask,
                        const float *__restrict__ gate, float *__restrict__ dx, GEOMETRY_PARAMETERS, float alpha) {
  typedef Matrix<true> Gradients;
  typedef Tile128x64 T;
  __shared__ GemmShared<T, Gradients, ToeplitzByIn> shared;
  Geometry g = GEOMETRY;
  int row = g.in_w * g.in_c, columns = g.in_h * row, n0 = BLOCK_Y * T::BN;
  int first = n0 / row + g.pad_top - g.filter_h + 1, last = min_of(n0 + T::BN, columns) - 1; // the output rows that the tile meets
  int end = min_of(last / row + g.pad_top + 1, g.out_h);
  int begin = max_of(first, 0) * g.out_w & ~3; // keeps quads aligned
  tile_gemm<T>(shared, Gradients(dy, g.batch, g.out_h * g.out_w), ToeplitzByIn(filter, g), BLOCK_X * T::BM, n0, begin,
               max_of(end, 0) * g.out_w, Epilogue{nullptr, mask, gate, 0, alpha}, dx, columns,
               [&](int m) { return m < g.batch ? m * columns : -1; });
}

// The filter's gradient is a product too, of a Toeplitz matrix made of dy and the images' pixels:
//
//	dfilter[(ky,kx), c] = sum over b, iy, ix of dy[b, iy-ky+pad_top, ix-kx+pad_left] * x[(b,iy,ix), c]
//
// A Strip is STRIP values of kx for one ky. Against TILE_K neighbouring ix it takes a window of
// STRIP+TILE_K-1 elements of one row of dy, so that is what shared memory holds: element (kx, ix) of
// the matrix is element ix-kx+STRIP-1 of the window.
const int STRIP = 32, WINDOW = STRIP + TILE_K;

// Windows is the operand of a tile of strips. Row m is kx0+m%STRIP of strip m/STRIP; the columns k
// are pixels (b, iy, ix), of the rows [top, bottom) that the tile meets, with width ix rounded up
// to whole tiles.
struct Windows {
  const float *p;
  Geometry g;
  int strips_per_row, top, rows, width;
  bool quads; // the other operand's say: windows are copied one by one
  DEVICE Windows(const float *dy, const Geometry &g, int first_strip, int last_strip)
      : p(dy), g(g), strips_per_row(ceil_div(g.filter_w, STRIP)), width(ceil_div(g.in_w, TILE_K) * TILE_K), quads(true) {
    top = max_of(first_strip / strips_per_row - g.pad_top, 0);
    rows = max_of(min_of(min_of(last_strip / strips_per_row, g.filter_h - 1) - g.pad_top + g.out_h, g.in_h) - top, 0);
  }
  DEVICE int depth() const { return g.batch * rows * width; }
  // Element e of the window of a strip at column k0, a multiple of TILE_K.
  DEVICE const float *at(int strip, int k0, int e) const {
    int line = k0 / width, b = line / rows, iy = top + line % rows;
    int ky = strip / strips_per_row, kx0 = strip % strips_per_row * STRIP;
    int oy = iy - ky + g.pad_top, ox = k0 % width - kx0 + g.pad_left + e - (STRIP - 1);
    if (b >= g.batch || ky >= g.filter_h || (uint32)oy >= (uint32)g.out_h || (uint32)ox >= (uint32)g.out_w) return nullptr;
    return p + (b * g.out_h + oy) * g.out_w + ox;
  }
};

// Pixels is the operand that goes with Windows: row c, column (b, iy, ix).
struct Pixels {
  static const bool ALONG_K = false;
  const float *p;
  Geometry g;
  int top, depth;
  Divider width, rows;
  bool quads;
  DEVICE Pixels(const float *x, const Geometry &g, const Windows &w)
      : p(x), g(g), top(w.top), depth(w.depth()), width(w.width), rows(max_of(w.rows, 1)), quads(aligned16(x) && g.in_c % 4 == 0) {}
  DEVICE const float *at(int c, int k) const {
    uint32 line, b;
    uint32 ix = width.divide(k, &line), iy = rows.divide(line, &b) + top;
    if (c >= g.in_c || k >= depth || ix >= (uint32)g.in_w) return nullptr;
    return p + (((int)b * g.in_h + (int)iy) * g.in_w + (int)ix) * g.in_c + c;
  }
};

template <int SIZE> struct WindowTile {
  float v[SIZE / STRIP][WINDOW];
  DEVICE float one(int i, int k) const { return v[i / STRIP][k - i % STRIP + STRIP - 1]; }
#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ >= 800
  DEVICE uint32 tf32(int i, int k) const { return to_tf32(one(i, k)); }
  template <bool QUADS> DEVICE void fill(const Windows &w, int i0, int k0) {
    for (int e = THREAD_X; e < SIZE / STRIP * WINDOW; e += GEMM_THREADS)
      copy_async<4>(shared_address(&v[0][0] + e), w.at(i0 / STRIP + e / WINDOW, k0, e % WINDOW), w.p);
  }
#else
  DEVICE Vec4 four(int i, int k) const { return {one(i, k), one(i + 1, k), one(i + 2, k), one(i + 3, k)}; }
#endif
};

#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ >= 800
template <int SIZE> struct SharedOf<Windows, SIZE> {
  typedef WindowTile<SIZE> Tile;
};
#else
template <int SIZE> struct WindowFetch {
  static const int COUNT = SIZE / STRIP * WINDOW, SHARE = (COUNT + GEMM_THREADS - 1) / GEMM_THREADS;
  float v[SHARE];
  template <bool QUADS> DEVICE void load(const Windows &w, int i0, int k0) {
#pragma unroll
    for (int s = 0; s < SHARE; s++) {
      int e = s * GEMM_THREADS + THREAD_X;
      const float *p = e < COUNT ? w.at(i0 / STRIP + e / WINDOW, k0, e % WINDOW) : nullptr;
      v[s] = p ? global(p) : 0;
    }
  }
  DEVICE void store(WindowTile<SIZE> &to) const {
#pragma unroll
    for (int s = 0; s < SHARE; s++) {
      int e = s * GEMM_THREADS + THREAD_X;
      if (e < COUNT) to.v[e / WINDOW][e % WINDOW] = v[s];
    }
  }
};
template <int SIZE> struct SharedOf<Windows, SIZE> {
  typedef WindowTile<SIZE> Tile;
  typedef WindowFetch<SIZE> Fetcher;
};
#endif

// for ky, kx, c:
//
//	dfilter[ky,kx,c] = sum over b, oy, ox of x[b, oy+ky-pad_top, ox+kx-pad_left, c] * dy[b,oy,ox]
//
// Block (x, y, z) makes part z of tile (x, y) of the matrix [strips*STRIP, in_c], at
// dfilter + z*filter_h*filter_w*in_c; split_sum adds the parts if there are several.
KERNEL void __launch_bounds__(GEMM_THREADS, 2)
conv2d_large_filter_grad(const float *__restrict__ x, const float *__restrict__ dy, float *__restrict__ dfilter, GEOMETRY_PARAMETERS) {
  typedef Tile128x32 T;
  __shared__ GemmShared<T, Windows, Pixels> shared;
  Geometry g = GEOMETRY;
  int m0 = BLOCK_X * T::BM;
  Windows windows(dy, g, m0 / STRIP, (m0 + T::BM - 1) / STRIP);
  Pixels pixels(x, g, windows);
  Split split(0, windows.depth());
  tile_gemm<T>(shared, windows, pixels, m0, BLOCK_Y * T::BN, split.begin, split.end, Epilogue{},
               dfilter + (uint64)BLOCK_Z * g.filter_h * g.filter_w * g.in_c, g.in_c, [&](int m) {
                 int strip = m / STRIP, ky = strip / windows.strips_per_row;
                 int kx = strip % windows.strips_per_row * STRIP + m % STRIP;
                 return ky < g.filter_h && kx < g.filter_w ? (ky * g.filter_w + kx) * g.in_c : -1;
               });
}
