// Products of small matrices, a batch of them. The module is one of its own since few programs need it.
#include "tile_gemm.cuh"
#include "matmul.cuh"

MATMUL(matmul_nn_32x32, Tile32x32, false, false)
MATMUL(matmul_nt_32x32, Tile32x32, false, true)
MATMUL(matmul_tn_32x32, Tile32x32, true, false)
MATMUL(matmul_tt_32x32, Tile32x32, true, true)
