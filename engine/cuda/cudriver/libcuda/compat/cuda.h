/* Lets gorgonia.org/cu v0.9.6 compile with the header of CUDA 13, which gave five functions new
 * signatures under their old names. The library still exports the old ones. */
#include_next <cuda.h>
#if CUDA_VERSION >= 13000 && !defined(GANGPU_CUDA_COMPAT)
#define GANGPU_CUDA_COMPAT
#undef cuCtxCreate
#undef cuMemAdvise
#undef cuMemPrefetchAsync
#undef cuGraphGetEdges
#undef cuGraphAddDependencies
#define cuCtxCreate cuCtxCreate_v2
CUresult cuCtxCreate_v2(CUcontext *, unsigned int, CUdevice);
CUresult cuMemAdvise(CUdeviceptr, size_t, CUmem_advise, CUdevice);
CUresult cuMemPrefetchAsync(CUdeviceptr, size_t, CUdevice, CUstream);
CUresult cuGraphGetEdges(CUgraph, CUgraphNode *, CUgraphNode *, size_t *);
CUresult cuGraphAddDependencies(CUgraph, const CUgraphNode *, const CUgraphNode *, size_t);
#endif
