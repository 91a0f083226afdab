// Products of matrices, by large tiles or narrow ones.
#include "tile_gemm.cuh"
#include "matmul.cuh"

MATMUL(matmul_nn_64x64, Tile64x64, false, false)
MATMUL(matmul_nt_64x64, Tile64x64, false, true)
MATMUL(matmul_tn_64x64, Tile64x64, true, false)
MATMUL(matmul_tt_64x64, Tile64x64, true, true)
MATMUL(matmul_nn_256x8, Tile256x8, false, false)
MATMUL(matmul_nt_256x8, Tile256x8, false, true)
MATMUL(matmul_tn_256x8, Tile256x8, true, false)
MATMUL(matmul_tt_256x8, Tile256x8, true, true)
