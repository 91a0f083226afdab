// tile_gemm.cuh: a block's tile of a matrix product whose operands need not lie in memory as
// matrices: matmul.cu multiplies real ones, conv2d.cu gathers images' patches.
//
// An operand is a class with
//
//	const float *at(int i, int k) const   // element (i, k), or null where it is zero
//	static const bool ALONG_K             // which of i and k runs along memory
//	bool quads                            // may four neighbours that start at a multiple of four be
//	                                      // read as one: contiguous, aligned, all or none of them zero
//
// (p is any valid address.) On sm_80 the products are made by tensor cores from tf32 operands that asynchronous copies bring
// to shared memory; below, in fp32 from tiles that go through registers.
#pragma once
#include "common.cuh"

const int GEMM_THREADS = 128;
const int TILE_K = 16;

// Matrix is an operand that lies in memory: [extent, depth] if ALONG, else [depth, extent].
template <bool ALONG> struct Matrix {
  static const bool ALONG_K = ALONG;
  const float *p;
  int extent, depth;
  bool quads;
  DEVICE Matrix(const float *p, int extent, int depth)
      : p(p), extent(extent), depth(depth), quads(aligned16(p) && (ALONG ? depth : extent) % 4 == 0) {}
  DEVICE const float *at(int i, int k) const {
    if (i >= extent || k >= depth) return nullptr;
    return ALONG ? p + (i * depth + k) : p + (k * extent + i);
  }
};

// A Tile says how 128 threads share a BM x BN tile: in fp32 each makes TM x TN results; on tensor
// cores the four warps lie WARPS_M high.
template <int BM_, int BN_, int TM_, int TN_, int WARPS_M_, int STAGES_> struct Tile {
  static const int BM = BM_, BN = BN_, TM = TM_, TN = TN_, WARPS_M = WARPS_M_, STAGES = STAGES_;
};
typedef Tile<64, 64, 8, 4, 2, 4> Tile64x64;
typedef Tile<128, 64, 8, 8, 2, 3> Tile128x64; // for the largest products
typedef Tile<128, 32, 8, 4, 4, 3> Tile128x32; // for up to 32 columns
typedef Tile<256, 8, 8, 2, 4, 2> Tile256x8;   // for up to 8 columns
typedef Tile<32, 32, 4, 2, 2, 4> Tile32x32;   // for few rows and columns

#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ >= 800

DEVICE uint32 shared_address(const void *p) {
  uint64 a;
  asm("cvta.to.shared.u64 %0, %1;" : "=l"(a) : "l"(p));
  return (uint32)a;
}

// copy_async copies BYTES (4 or 16) to shared memory, or zeros if from is null.
template <int BYTES> DEVICE void copy_async(uint32 to, const float *from, const float *any) {
  int n = from ? BYTES : 0;
  const float *source = from ? from : any;
  if (BYTES == 16)
    asm volatile("cp.async.cg.shared.global [%0], [%1], 16, %2;" ::"r"(to), "l"(source), "r"(n) : "memory");
  else
    asm volatile("cp.async.ca.shared.global [%0], [%1], 4, %2;" ::"r"(to), "l"(source), "r"(n) : "memory");
}
DEVICE void commit_copies() { asm volatile("cp.async.commit_group;" ::: "memory"); }
template <int LEFT> DEVICE void wait_copies() { asm volatile("cp.async.wait_group %0;" ::"n"(LEFT) : "memory"); }

DEVICE uint32 to_tf32(float x) {
  uint32 y;
  asm("cvt.rna.tf32.f32 %0, %1;" : "=r"(y) : "f"(x));
  return y;
}

// multiply_add is c += a*b for a 16x8 and an 8x8 tile spread over a warp. With g = lane/4 and
// t = lane%4, a holds rows g, g+8, g, g+8 of columns t, t, t+4, t+4; b rows t, t+4 of column g;
// c rows g, g, g+8, g+8 of columns 2t, 2t+1, 2t, 2t+1.
DEVICE void multiply_add(float (&c)[4], const uint32 (&a)[4], const uint32 (&b)[2]) {
  asm("mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, {%0,%1,%2,%3};"
      : "+f"(c[0]), "+f"(c[1]), "+f"(c[2]), "+f"(c[3])
      : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
}

// SharedTile holds SIZE x TILE_K of an operand as it lies in memory. The padding of a row keeps the
// eight rows and four columns that a warp reads at once in 32 different banks.
template <int SIZE, bool ALONG> struct SharedTile {
  static const int STRIDE = ALONG ? TILE_K + 4 : SIZE + 8;
  alignas(16) float v[ALONG ? SIZE * STRIDE : TILE_K * STRIDE];

  DEVICE uint32 tf32(int i, int k) const { return to_tf32(v[ALONG ? i * STRIDE + k : k * STRIDE + i]); }

  // Starts the copy of rows i0.. and columns k0.. of an operand.
  template <bool QUADS, class Operand> DEVICE void fill(const Operand &o, int i0, int k0) {
    const int WIDTH = ALONG ? TILE_K : SIZE, COUNT = SIZE * TILE_K / 4;
#pragma unroll
    for (int first = 0; first < COUNT; first += GEMM_THREADS) {
      int q = first + THREAD_X;
      if (COUNT % GEMM_THREADS && q >= COUNT) break;
      int across = q / (WIDTH / 4), along = q % (WIDTH / 4) * 4;
      int i = ALONG ? across : along, k = ALONG ? along : across;
      uint32 to = shared_address(v + across * STRIDE + along);
      if (QUADS) {
        copy_async<16>(to, o.at(i0 + i, k0 + k), o.p);
      } else {
#pragma unroll
        for (int j = 0; j < 4; j++)
          copy_async<4>(to + 4 * j, ALONG ? o.at(i0 + i, k0 + k + j) : o.at(i0 + i + j, k0 + k), o.p);
      }
    }
  }
};

// SharedOf says how SIZE x TILE_K of an operand lie in shared memory.
template <class Operand, int SIZE> struct SharedOf {
  typedef SharedTile<SIZE, Operand::ALONG_K> Tile;
};

template <class T, class A, class B> struct GemmOperands {
  typename SharedOf<A, T::BM>::Tile a[T::STAGES];
  typename SharedOf<B, T::BN>::Tile b[T::STAGES];
};

// Sums holds a thread's share of the tile of the result.
template <class T> struct Sums {
  static const int WM = T::BM / T::WARPS_M, WN = T::BN / (4 / T::WARPS_M); // of a warp
  float c[WM / 16][WN / 8][4];
  int lane, m, n;
  DEVICE Sums() : c{}, lane(THREAD_X % 32), m(THREAD_X / 32 % T::WARPS_M * WM), n(THREAD_X / 32 / T::WARPS_M * WN) {}

  DEVICE void store(float (&result)[T::BM][T::BN + 4]) const {
    int g = lane / 4, t = lane % 4;
#pragma unroll
    for (int i = 0; i < WM / 16; i++)
#pragma unroll
      for (int j = 0; j < WN / 8; j++)
#pragma unroll
        for (int e = 0; e < 4; e++) result[m + 16 * i + g + e / 2 * 8][n + 8 * j + 2 * t + e % 2] = c[i][j][e];
  }
};

template <class T, bool QUADS, class A, class B>
DEVICE void add_products(Sums<T> &sums, GemmOperands<T, A, B> &shared, const A &a, const B &b, int m0, int n0, int begin, int end) {
  const int STAGES = T::STAGES, WM = Sums<T>::WM, WN = Sums<T>::WN;
  int g = sums.lane / 4, t = sums.lane % 4;

  int steps = ceil_div(end - begin, TILE_K);
#pragma unroll
  for (int s = 0; s < STAGES - 1; s++) {
    if (s < steps) {
      shared.a[s].template fill<QUADS>(a, m0, begin + s * TILE_K);
      shared.b[s].template fill<QUADS>(b, n0, begin + s * TILE_K);
    }
    commit_copies();
  }
  int stage = 0, next = STAGES - 1;
  for (int step = 0; step < steps; step++) {
    wait_copies<STAGES - 2>();
    BARRIER();
    if (step + STAGES - 1 < steps) {
      shared.a[next].template fill<QUADS>(a, m0, begin + (step + STAGES - 1) * TILE_K);
      shared.b[next].template fill<QUADS>(b, n0, begin + (step + STAGES - 1) * TILE_K);
    }
    commit_copies();
    const auto &sa = shared.a[stage];
    const auto &sb = shared.b[stage];
#pragma unroll QUADS ? TILE_K / 8 : 1
    for (int k = 0; k < TILE_K; k += 8) {
      uint32 fb[WN / 8][2];
#pragma unroll
      for (int j = 0; j < WN / 8; j++) {
        fb[j][0] = sb.tf32(sums.n + 8 * j + g, k + t);
        fb[j][1] = sb.tf32(sums.n + 8 * j + g, k + t + 4);
      }
#pragma unroll
      for (int i = 0; i < WM / 16; i++) {
        int m = sums.m + 16 * i + g;
        uint32 fa[4] = {sa.tf32(m, k + t), sa.tf32(m + 8, k + t), sa.tf32(m, k + t + 4), sa.tf32(m + 8, k + t + 4)};
#pragma unroll
        for (int j = 0; j < WN / 8; j++) multiply_add(sums.c[i][j], fa, fb[j]);
      }
    }
    stage = stage + 1 == STAGES ? 0 : stage + 1;
    next = next + 1 == STAGES ? 0 : next + 1;
  }
}

#else

// SharedTile holds SIZE x TILE_K of an operand, k by k, so that a thread reads four rows at once.
template <int SIZE> struct SharedTile {
  alignas(16) float v[TILE_K][SIZE + 4];
  DEVICE Vec4 four(int i, int k) const { return read4(&v[k][i]); }
};

// Fetch holds a thread's share of a tile on its way from global to shared memory.
template <int SIZE, bool ALONG> struct Fetch {
  static const int WIDTH = ALONG ? TILE_K : SIZE, COUNT = SIZE * TILE_K / 4;
  static const int SHARE = (COUNT + GEMM_THREADS - 1) / GEMM_THREADS;
  float v[SHARE][4];

  template <bool QUADS, class Operand> DEVICE void load(const Operand &o, int i0, int k0) {
#pragma unroll
    for (int s = 0; s < SHARE; s++) {
      int q = s * GEMM_THREADS + THREAD_X;
      if (COUNT % GEMM_THREADS && q >= COUNT) break;
      int across = q / (WIDTH / 4), along = q % (WIDTH / 4) * 4;
      int i = i0 + (ALONG ? across : along), k = k0 + (ALONG ? along : across);
      if (QUADS) {
        const float *p = o.at(i, k);
        Vec4 x = {0, 0, 0, 0};
        if (p) x = global4(p);
        v[s][0] = x.x, v[s][1] = x.y, v[s][2] = x.z, v[s][3] = x.w;
      } else {
#pragma unroll
        for (int j = 0; j < 4; j++) {
          const float *p = ALONG ? o.at(i, k + j) : o.at(i + j, k);
          v[s][j] = p ? global(p) : 0;
        }
      }
    }
  }

  DEVICE void store(SharedTile<SIZE> &to) const {
#pragma unroll
    for (int s = 0; s < SHARE; s++) {
      int q = s * GEMM_THREADS + THREAD_X;
      if (COUNT % GEMM_THREADS && q >= COUNT) break;
      int across = q / (WIDTH / 4), along = q % (WIDTH / 4) * 4;
      if (ALONG) {
#pragma unroll
        for (int j = 0; j < 4; j++) to.v[along + j][across] = v[s][j];
      } else {
        write4(&to.v[across][along], {v[s][0], v[s][1], v[s][2], v[s][3]});
      }
    }
  }
};

// SharedOf says how SIZE x TILE_K of an operand lie in shared memory, and how they get there.
template <class Operand, int SIZE> struct SharedOf {
  typedef SharedTile<SIZE> Tile;
  typedef Fetch<SIZE, Operand::ALONG_K> Fetcher;
};

template <class T, class A, class B> struct GemmOperands {
  typename SharedOf<A, T::BM>::Tile a[2];
  typename SharedOf<B, T::BN>::Tile b[2];
};

// Sums holds a thread's share of the tile of the result. Its rows lie in groups of four, ROWS apart,
// its columns in groups of WIDE, COLUMNS apart, so that neighbouring threads read neighbouring quads.
template <class T> struct Sums {
  static const int TM = T::TM, TN = T::TN, WIDE = TN < 4 ? TN : 4;
  static const int ROWS = 4 * (T::BM / TM), COLUMNS = WIDE * (T::BN / TN);
  float c[TM][TN];
  int m, n;
  DEVICE Sums() : c{}, m(THREAD_X / (T::BN / TN) * 4), n(THREAD_X % (T::BN / TN) * WIDE) {}

  DEVICE void store(float (&result)[T::BM][T::BN + 4]) const {
#pragma unroll
    for (int i = 0; i < TM; i++)
#pragma unroll
      for (int j = 0; j < TN; j++) result[m + i / 4 * ROWS + i % 4][n + j / WIDE * COLUMNS + j % WIDE] = c[i][j];
  }
};

template <class T, bool QUADS, class A, class B>
DEVICE void add_products(Sums<T> &sums, GemmOperands<T, A, B> &shared, const A &a, const B &b, int m0, int n0, int begin, int end) {
  const int TM = T::TM, TN = T::TN, WIDE = Sums<T>::WIDE, ROWS = Sums<T>::ROWS, COLUMNS = Sums<T>::COLUMNS;
  typename SharedOf<A, T::BM>::Fetcher fa;
  typename SharedOf<B, T::BN>::Fetcher fb;
  if (begin < end) {
    fa.template load<QUADS>(a, m0, begin);
    fb.template load<QUADS>(b, n0, begin);
  }
  int stage = 0;
  for (int k0 = begin; k0 < end; k0 += TILE_K, stage ^= 1) {
    fa.store(shared.a[stage]);
    fb.store(shared.b[stage]);
    BARRIER();
    if (k0 + TILE_K < end) { // on its way while this tile is multiplied
      fa.template load<QUADS>(a, m0, k0 + TILE_K);
      fb.template load<QUADS>(b, n0, k0 + TILE_K);
    }
    const auto &sa = shared.a[stage];
    const auto &sb = shared.b[stage];
#pragma unroll QUADS ? TILE_K : 1
    for (int k = 0; k < TILE_K; k++) {
      float u[TM], w[TN];
#pragma unroll
      for (int i = 0; i < TM; i += 4) {
        Vec4 x = sa.four(sums.m + i / 4 * ROWS, k);
        u[i] = x.x, u[i + 1] = x.y, u[i + 2] = x.z, u[i + 3] = x.w;
      }
#pragma unroll
      for (int j = 0; j < TN; j += WIDE) {
        int n = sums.n + j / WIDE * COLUMNS;
        if (WIDE == 4) {
          Vec4 x = sb.four(n, k);
          w[j] = x.x, w[j + 1] = x.y, w[(j + 2) % TN] = x.z, w[(j + 3) % TN] = x.w;
        } else {
          w[j] = sb.v[k][n], w[j + 1] = sb.v[k][n + 1];
        }
      }
#pragma unroll
      for (int i = 0; i < TM; i++)
#pragma unroll
        for (int j = 0; j < TN; j++) sums.c[i][j] += u[i] * w[j];
    }
  }
}

#endif

// GemmShared is the shared memory of a block: the operands' tiles, then the result's.
template <class T, class A, class B> union GemmShared {
  GemmOperands<T, A, B> operands;
  float result[T::BM][T::BN + 4];
};

// tile_gemm makes the tile at row m0 and column n0 of a result with N columns:
//
//	y[row(m)+n] = epilogue(sum over k in [begin, end) of a(m, k) * b(n, k))
//
// where row(m) is the element that row m begins at, or negative if there is no such row. begin is a
// multiple of four; beyond end the operands are zero, or end-begin is a multiple of TILE_K. The result passes through shared
// memory, so that neighbouring threads store neighbouring elements.
template <class T, class A, class B, class Finish, class Row>
DEVICE void tile_gemm(GemmShared<T, A, B> &shared, const A &a, const B &b, int m0, int n0, int begin, int end,
                      const Finish &epilogue, float *y, int N, const Row &row) {
  Sums<T> sums;
  if (a.quads && b.quads)
    add_products<T, true>(sums, shared.operands, a, b, m0, n0, begin, end);
  else
    add_products<T, false>(sums, shared.operands, a, b, m0, n0, begin, end);
  BARRIER(); // the operands are done with
  sums.store(shared.result);
  BARRIER();
#pragma unroll 1
  for (int q = THREAD_X; q < T::BM * T::BN / 4; q += GEMM_THREADS) {
    int m = q / (T::BN / 4), n = q % (T::BN / 4) * 4, begins = row(m0 + m);
    if (begins < 0 || n0 + n >= N) continue;
    int i = begins + n0 + n;
    store4(y + i, 0, N - n0 - n, epilogue(read4(&shared.result[m][n]), i, n0 + n, N));
  }
}

// Split is the part of a sum over k in [begin, end) that falls to blockIdx.z of gridDim.z: whole
// tiles, as evenly as may be. One that is not alone leaves the epilogue to split_sum.
struct Split {
  int begin, end;
  DEVICE Split(int first, int last) {
    int each = ceil_div(ceil_div(last - first, TILE_K), GRID_Z) * TILE_K;
    begin = first + BLOCK_Z * each;
    end = min_of(begin + each, last);
  }
  template <class Finish> DEVICE Finish finish(const Finish &epilogue) const { return GRID_Z > 1 ? Finish{} : epilogue; }
};
