// Convolution and its gradients as products of matrices that are gathered from the images on the
// fly. Images are NHWC, filters [filter_h, filter_w, in_c, out_c]. Geometry and names are those of
// package program: "in" is always the image that the convolution reads, "out" the one that it writes.
#include "tile_gemm.cuh"

struct Geometry {
  int batch, in_h, in_w, in_c, out_h, out_w, out_c, filter_h, filter_w, stride_h, stride_w, pad_top, pad_left;
};

// Patches is the operand whose row p is an output pixel (b, oy, ox) and whose column q a tap and
// channel (ky, kx, i): the element of the input that they meet at, zero outside the image.
struct Patches {
  const float *p;
  Geometry g;
  Divider channels, taps_w, pixels_w, pixels_h;
  int pixels, weights;
  DEVICE Patches(const float *x, const Geometry &g)
      : p(x), g(g), channels(g.in_c), taps_w(g.filter_w), pixels_w(g.out_w), pixels_h(g.out_h),
        pixels(g.batch * g.out_h * g.out_w), weights(g.filter_h * g.filter_w * g.in_c) {}
  DEVICE const float *meet(int pixel, int weight) const {
    uint32 b, y, tap, ky;
    uint32 ox = pixels_w.divide(pixel, &y), oy = pixels_h.divide(y, &b);
    uint32 i = channels.divide(weight, &tap), kx = taps_w.divide(tap, &ky);
    int iy = (int)(oy * g.stride_h + ky) - g.pad_top, ix = (int)(ox * g.stride_w + kx) - g.pad_left;
    if (pixel >= pixels || weight >= weights || (uint32)iy >= (uint32)g.in_h || (uint32)ix >= (uint32)g.in_w) return nullptr;
    return p + (((int)b * g.in_h + iy) * g.in_w + ix) * g.in_c + (int)i;
  }
};

struct PatchRows : Patches {
  static const bool ALONG_K = true;
  bool quads;
  DEVICE PatchRows(const float *x, const Geometry &g) : Patches(x, g), quads(aligned16(x) && g.in_c % 4 == 0) {}
  DEVICE const float *at(int i, int k) const { return meet(i, k); }
};

struct PatchColumns : Patches {
  static const bool ALONG_K = false;
  bool quads;
  DEVICE PatchColumns(const float *x, const Geometry &g) : Patches(x, g), quads(aligned16(x) && g.in_c % 4 == 0) {}
  DEVICE const float *at(int i, int k) const { return meet(k, i); }
};

// for b, oy, ox, o:
//
//	y[b,oy,ox,o] = epilogue(sum over ky, kx, i of
//	                        x[b, oy*stride_h+ky-pad_top, ox*stride_w+kx-pad_left, i] * filter[ky,kx,i,o])
//
// Block (x, y) makes tile (x, y) of the matrix [batch*out_h*out_w, out_c].
template <class T> DEVICE void conv2d(const float *x, const float *filter, const Epilogue &epilogue, float *y, const Geometry &g) {
  typedef Matrix<false> Filter;
  __shared__ GemmShared<T, PatchRows, Filter> shared;
  PatchRows patches(x, g);
  tile_gemm<T>(shared, patches, Filter(filter, g.out_c, patches.weights), BLOCK_X * T::BM, BLOCK_Y * T::BN, 0, patches.weights,
               epilogue, y, g.out_c, [&](int m) { return m < patches.pixels ? m * g.out_c : -1; });
}

// for ky, kx, i, o:
//
//	dfilter[ky,kx,i,o] = sum over b, oy, ox of x[b, oy*stride_h+ky-pad_top, ox*stride_w+kx-pad_left, i] * dy[b,oy,ox,o]
//
// Block (x, y, z) makes part z of tile (x, y) of the matrix [filter_h*filter_w*in_c, out_c], at
// dfilter + z*filter_h*filter_w*in_c*out_c; split_sum adds the parts if there are several.
template <class T> DEVICE void conv2d_filter_grad(const float *x, const float *dy, float *dfilter, const Geometry &g) {
  typedef Matrix<false> Gradient;
  __shared__ GemmShared<T, PatchColumns, Gradient> shared;
  PatchColumns patches(x, g);
  Split split(0, patches.pixels);
  tile_gemm<T>(shared, patches, Gradient(dy, g.out_c, patches.pixels), BLOCK_X * T::BM, BLOCK_Y * T::BN, split.begin, split.end,
               Epilogue{}, dfilter + (uint64)BLOCK_Z * patches.weights * g.out_c, g.out_c,
               [&](int m) { return m < patches.weights ? m * g.out_c : -1; });
}

// A transposed convolution of stride s falls into s*s classes of result pixels (iy, ix), by
// (iy%s, ix%s): the pixels of a class meet the same taps, every s-th, so that each class is a dense
// convolution and nothing is multiplied by inserted zeros. With iy = s*q + remainder, the taps are
// ky = first + s*t, and the source row is q + shift - t.
struct ClassAxis {
  int remainder, count, first, taps, shift;
  DEVICE ClassAxis(int remainder, int in, int filter, int stride, int pad)
      : remainder(remainder), count(ceil_div(in - remainder, stride)), first((remainder + pad) % stride),
        taps(max_of(ceil_div(filter - first, stride), 0)), shift((remainder + pad) / stride) {}
};

// ClassPatches is the operand of a class: row (b, qy, qx), column (ty, tx, o).
struct ClassPatches {
  static const bool ALONG_K = true;
  const float *p;
  Geometry g;
  ClassAxis v, h;
  Divider channels, taps_w, pixels_w, pixels_h;
  int pixels, depth;
  bool quads;
  DEVICE ClassPatches(const float *x, const Geometry &g, const ClassAxis &v, const ClassAxis &h)
      : p(x), g(g), v(v), h(h), channels(g.out_c), taps_w(max_of(h.taps, 1)), pixels_w(max_of(h.count, 1)), pixels_h(max_of(v.count, 1)),
        pixels(g.batch * v.count * h.count), depth(v.taps * h.taps * g.out_c), quads(aligned16(x) && g.out_c % 4 == 0) {}
  DEVICE const float *at(int pixel, int k) const {
    uint32 b, y, tap, ty;
    uint32 qx = pixels_w.divide(pixel, &y), qy = pixels_h.divide(y, &b);
    uint32 o = channels.divide(k, &tap), tx = taps_w.divide(tap, &ty);
    int oy = (int)(qy - ty) + v.shift, ox = (int)(qx - tx) + h.shift;
    if (pixel >= pixels || k >= depth || (uint32)oy >= (uint32)g.out_h || (uint32)ox >= (uint32)g.out_w) return nullptr;
    return p + (((int)b * g.out_h + oy) * g.out_w + ox) * g.out_c + (int)o;
  }
};

// ClassFilter is the filter as a class sees it: row i, column (ty, tx, o).
struct ClassFilter {
  static const bool ALONG_K = true;
  const float *p;
  Geometry g;
  ClassAxis v, h;
  Divider channels, taps_w;
  int depth;
  bool quads;
  DEVICE ClassFilter(const float *filter, const Geometry &g, const ClassAxis &v, const ClassAxis &h)
      : p(filter), g(g), v(v), h(h), channels(g.out_c), taps_w(max_of(h.taps, 1)), depth(v.taps * h.taps * g.out_c),
        quads(aligned16(filter) && g.out_c % 4 == 0) {}
  DEVICE const float *at(int i, int k) const {
    uint32 tap, ty;
    uint32 o = channels.divide(k, &tap), tx = taps_w.divide(tap, &ty);
    int ky = v.first + g.stride_h * (int)ty, kx = h.first + g.stride_w * (int)tx;
    if (i >= g.in_c || k >= depth) return nullptr;
    return p + ((ky * g.filter_w + kx) * g.in_c + i) * g.out_c + (int)o;
  }
};

// for b, iy, ix, i:
//
//	y[b,iy,ix,i] = epilogue(sum over oy, ox, o of
//	                        x[b,oy,ox,o] * filter[iy-oy*stride_h+pad_top, ix-ox*stride_w+pad_left, i, o])
//
// which is also the gradient of conv2d with respect to its input. Block (x, y, z) makes tile (x, y)
// of class z, the matrix [batch * rows and columns of the class, in_c].
template <class T> DEVICE void conv2d_transpose(const float *x, const float *filter, const Epilogue &epilogue, float *y, const Geometry &g) {
  __shared__ GemmShared<T, ClassPatches, ClassFilter> shared;
  ClassAxis v(BLOCK_Z / g.stride_w, g.in_h, g.filter_h, g.stride_h, g.pad_top);
  ClassAxis h(BLOCK_Z % g.stride_w, g.in_w, g.filter_w, g.stride_w, g.pad_left);
  ClassPatches patches(x, g, v, h);
  int m0 = BLOCK_X * T::BM;
  if (v.count <= 0 || h.count <= 0 || m0 >= patches.pixels) return; // a class may be smaller than the first, or empty
  tile_gemm<T>(shared, patches, ClassFilter(filter, g, v, h), m0, BLOCK_Y * T::BN, 0, patches.depth, epilogue, y, g.in_c,
               [&](int m) {
                 uint32 b, q;
                 uint32 qx = patches.pixels_w.divide(m, &q), qy = patches.pixels_h.divide(q, &b);
                 int iy = (int)qy * g.stride_h + v.remainder, ix = (int)qx * g.stride_w + h.remainder;
                 return m < patches.pixels ? (((int)b * g.in_h + iy) * g.in_w + ix) * g.in_c : -1;
               });
}

#define GEOMETRY_PARAMETERS                                                                                            \
  uint32 batch, uint32 in_h, uint32 in_w, uint32 in_c, uint32 out_h, uint32 out_w, uint32 out_c, uint32 filter_h,      \
      uint32 filter_w, uint32 stride_h, uint32 stride_w, uint32 pad_top, uint32 pad_left
#define GEOMETRY                                                                                                       \
  {(int)batch,    (int)in_h,     (int)in_w,     (int)in_c,     (int)out_h,   (int)out_w,   (int)out_c,                 \
   (int)filter_h, (int)filter_w, (int)stride_h, (int)stride_w, (int)pad_top, (int)pad_left}

#define CONVOLUTION(name, function, tile)                                                                              \
  KERNEL void __launch_bounds__(GEMM_THREADS, 2)                                                                          \
  name(const float *__restrict__ x, const float *__restrict__ filter, const float *__restrict__ bias,                  \
       const float *__restrict__ mask, const float *__restrict__ gate, float *__restrict__ y, GEOMETRY_PARAMETERS,     \
       uint32 activation, float alpha) {                                                                               \
    function<tile>(x, filter, {bias, mask, gate, activation, alpha}, y, GEOMETRY);                                     \
  }
#define FILTER_GRAD(name, tile)                                                                                        \
  KERNEL void __launch_bounds__(GEMM_THREADS, 2)                                                                          \
  name(const float *__restrict__ x, const float *__restrict__ dy, float *__restrict__ dfilter, GEOMETRY_PARAMETERS) {  \
    conv2d_filter_grad<tile>(x, dy, dfilter, GEOMETRY);                                                                \
  }

CONVOLUTION(conv2d_64x64, conv2d, Tile64x64)
CONVOLUTION(conv2d_128x32, conv2d, Tile128x32)
CONVOLUTION(conv2d_256x8, conv2d, Tile256x8)
CONVOLUTION(conv2d_transpose_64x64, conv2d_transpose, Tile64x64)
CONVOLUTION(conv2d_transpose_128x32, conv2d_transpose, Tile128x32)
CONVOLUTION(conv2d_transpose_256x8, conv2d_transpose, Tile256x8)
FILTER_GRAD(conv2d_filter_grad_64x64, Tile64x64)
FILTER_GRAD(conv2d_filter_grad_32x32, Tile32x32)
FILTER_GRAD(conv2d_filter_grad_256x8, Tile256x8)
