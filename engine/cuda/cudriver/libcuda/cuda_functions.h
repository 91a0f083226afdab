/* The functions of the CUDA driver that gorgonia.org/cu and package cudriver call, under the names under which the
 * library exports them, with their parameters: cuda.h declares each and libcuda.c makes a jump of each.
 */

/* The functions that libcuda.c has code for. */
#define CUDA_ENTRY_POINTS(X) \
	X(cuInit, (unsigned)) \
	X(cuDriverGetVersion, (int *)) \
	X(cuDeviceGetCount, (int *)) \
	X(cuDeviceGet, (CUdevice *, int))

#define CUDA_FUNCTIONS(X) \
	/* Devices */ \
	X(cuDeviceCanAccessPeer, (int *, CUdevice, CUdevice)) \
	X(cuDeviceGetAttribute, (int *, CUdevice_attribute, CUdevice)) \
	X(cuDeviceGetName, (char *, int, CUdevice)) \
	X(cuDeviceGetP2PAttribute, (int *, CUdevice_P2PAttribute, CUdevice, CUdevice)) \
	X(cuDeviceGetUuid, (CUuuid *, CUdevice)) \
	X(cuDevicePrimaryCtxGetState, (CUdevice, unsigned *, int *)) \
	X(cuDevicePrimaryCtxRelease_v2, (CUdevice)) \
	X(cuDevicePrimaryCtxReset_v2, (CUdevice)) \
	X(cuDevicePrimaryCtxRetain, (CUcontext *, CUdevice)) \
	X(cuDevicePrimaryCtxSetFlags_v2, (CUdevice, unsigned)) \
	X(cuDeviceTotalMem_v2, (size_t *, CUdevice)) \
	/* Contexts */ \
	X(cuCtxCreate_v2, (CUcontext *, unsigned, CUdevice)) \
	X(cuCtxDestroy_v2, (CUcontext)) \
	X(cuCtxDisablePeerAccess, (CUcontext)) \
	X(cuCtxEnablePeerAccess, (CUcontext, unsigned)) \
	X(cuCtxGetApiVersion, (CUcontext, unsigned *)) \
	X(cuCtxGetCacheConfig, (CUfunc_cache *)) \
	X(cuCtxGetCurrent, (CUcontext *)) \
	X(cuCtxGetDevice, (CUdevice *)) \
	X(cuCtxGetFlags, (unsigned *)) \
	X(cuCtxGetLimit, (size_t *, CUlimit)) \
	X(cuCtxGetSharedMemConfig, (CUsharedconfig *)) \
	X(cuCtxGetStreamPriorityRange, (int *, int *)) \
	X(cuCtxPopCurrent_v2, (CUcontext *)) \
	X(cuCtxPushCurrent_v2, (CUcontext)) \
	X(cuCtxResetPersistingL2Cache, (void)) \
	X(cuCtxSetCacheConfig, (CUfunc_cache)) \
	X(cuCtxSetCurrent, (CUcontext)) \
	X(cuCtxSetLimit, (CUlimit, size_t)) \
	X(cuCtxSetSharedMemConfig, (CUsharedconfig)) \
	X(cuCtxSynchronize, (void)) \
	/* Modules, functions and launches */ \
	X(cuFuncGetAttribute, (int *, CUfunction_attribute, CUfunction)) \
	X(cuFuncSetAttribute, (CUfunction, CUfunction_attribute, int)) \
	X(cuFuncSetCacheConfig, (CUfunction, CUfunc_cache)) \
	X(cuFuncSetSharedMemConfig, (CUfunction, CUsharedconfig)) \
	X(cuGetErrorString, (CUresult, const char **)) \
	X(cuLaunchKernel, (CUfunction, unsigned, unsigned, unsigned, unsigned, unsigned, unsigned, unsigned, CUstream, void **, void **)) \
	X(cuModuleGetFunction, (CUfunction *, CUmodule, const char *)) \
	X(cuModuleGetGlobal_v2, (CUdeviceptr *, size_t *, CUmodule, const char *)) \
	X(cuModuleGetSurfRef, (CUsurfref *, CUmodule, const char *)) \
	X(cuModuleGetTexRef, (CUtexref *, CUmodule, const char *)) \
	X(cuModuleLoad, (CUmodule *, const char *)) \
	X(cuModuleLoadData, (CUmodule *, const void *)) \
	X(cuModuleLoadDataEx, (CUmodule *, const void *, unsigned, CUjit_option *, void **)) \
	X(cuModuleLoadFatBinary, (CUmodule *, const void *)) \
	X(cuModuleUnload, (CUmodule)) \
	X(cuOccupancyMaxActiveBlocksPerMultiprocessor, (int *, CUfunction, int, size_t)) \
	X(cuOccupancyMaxActiveBlocksPerMultiprocessorWithFlags, (int *, CUfunction, int, size_t, unsigned)) \
	/* The linker */ \
	X(cuLinkAddData_v2, (CUlinkState, CUjitInputType, void *, size_t, const char *, unsigned, CUjit_option *, void **)) \
	X(cuLinkAddFile_v2, (CUlinkState, CUjitInputType, const char *, unsigned, CUjit_option *, void **)) \
	X(cuLinkComplete, (CUlinkState, void **, size_t *)) \
	X(cuLinkCreate_v2, (unsigned, CUjit_option *, void **, CUlinkState *)) \
	X(cuLinkDestroy, (CUlinkState)) \
	/* Streams and events */ \
	X(cuEventCreate, (CUevent *, unsigned)) \
	X(cuEventDestroy_v2, (CUevent)) \
	X(cuEventElapsedTime, (float *, CUevent, CUevent)) \
	X(cuEventQuery, (CUevent)) \
	X(cuEventRecord, (CUevent, CUstream)) \
	X(cuEventSynchronize, (CUevent)) \
	X(cuStreamAttachMemAsync, (CUstream, CUdeviceptr, size_t, unsigned)) \
	X(cuStreamBeginCapture_v2, (CUstream, CUstreamCaptureMode)) \
	X(cuStreamCreate, (CUstream *, unsigned)) \
	X(cuStreamCreateWithPriority, (CUstream *, unsigned, int)) \
	X(cuStreamDestroy_v2, (CUstream)) \
	X(cuStreamEndCapture, (CUstream, CUgraph *)) \
	X(cuStreamGetFlags, (CUstream, unsigned *)) \
	X(cuStreamGetPriority, (CUstream, int *)) \
	X(cuStreamQuery, (CUstream)) \
	X(cuStreamSynchronize, (CUstream)) \
	X(cuStreamWaitEvent, (CUstream, CUevent, unsigned)) \
	X(cuStreamWaitValue32_v2, (CUstream, CUdeviceptr, cuuint32_t, unsigned)) \
	X(cuStreamWriteValue32_v2, (CUstream, CUdeviceptr, cuuint32_t, unsigned)) \
	/* Graphs */ \
	X(cuGraphAddChildGraphNode, (CUgraphNode *, CUgraph, const CUgraphNode *, size_t, CUgraph)) \
	X(cuGraphAddDependencies, (CUgraph, const CUgraphNode *, const CUgraphNode *, size_t)) \
	X(cuGraphAddEmptyNode, (CUgraphNode *, CUgraph, const CUgraphNode *, size_t)) \
	X(cuGraphAddHostNode, (CUgraphNode *, CUgraph, const CUgraphNode *, size_t, const CUDA_HOST_NODE_PARAMS *)) \
	X(cuGraphAddKernelNode, (CUgraphNode *, CUgraph, const CUgraphNode *, size_t, const CUDA_KERNEL_NODE_PARAMS_v1 *)) \
	X(cuGraphAddMemcpyNode, (CUgraphNode *, CUgraph, const CUgraphNode *, size_t, const CUDA_MEMCPY3D *, CUcontext)) \
	X(cuGraphAddMemsetNode, (CUgraphNode *, CUgraph, const CUgraphNode *, size_t, const CUDA_MEMSET_NODE_PARAMS *, CUcontext)) \
	X(cuGraphClone, (CUgraph *, CUgraph)) \
	X(cuGraphCreate, (CUgraph *, unsigned)) \
	X(cuGraphDestroy, (CUgraph)) \
	X(cuGraphDestroyNode, (CUgraphNode)) \
	X(cuGraphExecDestroy, (CUgraphExec)) \
	X(cuGraphGetEdges, (CUgraph, CUgraphNode *, CUgraphNode *, size_t *)) \
	X(cuGraphInstantiateWithFlags, (CUgraphExec *, CUgraph, unsigned long long)) \
	X(cuGraphLaunch, (CUgraphExec, CUstream)) \
	/* Memory */ \
	X(cuMemAdvise, (CUdeviceptr, size_t, CUmem_advise, CUdevice)) \
	X(cuMemAlloc_v2, (CUdeviceptr *, size_t)) \
	X(cuMemAllocManaged, (CUdeviceptr *, size_t, unsigned)) \
	X(cuMemAllocPitch_v2, (CUdeviceptr *, size_t *, size_t, size_t, unsigned)) \
	X(cuMemFree_v2, (CUdeviceptr)) \
	X(cuMemFreeHost, (void *)) \
	X(cuMemGetAddressRange_v2, (CUdeviceptr *, size_t *, CUdeviceptr)) \
	X(cuMemGetInfo_v2, (size_t *, size_t *)) \
	X(cuMemPrefetchAsync, (CUdeviceptr, size_t, CUdevice, CUstream)) \
	X(cuMemcpy, (CUdeviceptr, CUdeviceptr, size_t)) \
	X(cuMemcpy2D_v2, (const CUDA_MEMCPY2D *)) \
	X(cuMemcpy2DAsync_v2, (const CUDA_MEMCPY2D *, CUstream)) \
	X(cuMemcpy2DUnaligned_v2, (const CUDA_MEMCPY2D *)) \
	X(cuMemcpy3D_v2, (const CUDA_MEMCPY3D *)) \
	X(cuMemcpy3DAsync_v2, (const CUDA_MEMCPY3D *, CUstream)) \
	X(cuMemcpy3DPeer, (const CUDA_MEMCPY3D_PEER *)) \
	X(cuMemcpy3DPeerAsync, (const CUDA_MEMCPY3D_PEER *, CUstream)) \
	X(cuMemcpyAsync, (CUdeviceptr, CUdeviceptr, size_t, CUstream)) \
	X(cuMemcpyAtoA_v2, (CUarray, size_t, CUarray, size_t, size_t)) \
	X(cuMemcpyAtoD_v2, (CUdeviceptr, CUarray, size_t, size_t)) \
	X(cuMemcpyAtoH_v2, (void *, CUarray, size_t, size_t)) \
	X(cuMemcpyAtoHAsync_v2, (void *, CUarray, size_t, size_t, CUstream)) \
	X(cuMemcpyDtoA_v2, (CUarray, size_t, CUdeviceptr, size_t)) \
	X(cuMemcpyDtoD_v2, (CUdeviceptr, CUdeviceptr, size_t)) \
	X(cuMemcpyDtoDAsync_v2, (CUdeviceptr, CUdeviceptr, size_t, CUstream)) \
	X(cuMemcpyDtoH_v2, (void *, CUdeviceptr, size_t)) \
	X(cuMemcpyDtoHAsync_v2, (void *, CUdeviceptr, size_t, CUstream)) \
	X(cuMemcpyHtoA_v2, (CUarray, size_t, const void *, size_t)) \
	X(cuMemcpyHtoAAsync_v2, (CUarray, size_t, const void *, size_t, CUstream)) \
	X(cuMemcpyHtoD_v2, (CUdeviceptr, const void *, size_t)) \
	X(cuMemcpyHtoDAsync_v2, (CUdeviceptr, const void *, size_t, CUstream)) \
	X(cuMemcpyPeer, (CUdeviceptr, CUcontext, CUdeviceptr, CUcontext, size_t)) \
	X(cuMemcpyPeerAsync, (CUdeviceptr, CUcontext, CUdeviceptr, CUcontext, size_t, CUstream)) \
	X(cuMemsetD16_v2, (CUdeviceptr, unsigned short, size_t)) \
	X(cuMemsetD16Async, (CUdeviceptr, unsigned short, size_t, CUstream)) \
	X(cuMemsetD2D16_v2, (CUdeviceptr, size_t, unsigned short, size_t, size_t)) \
	X(cuMemsetD2D16Async, (CUdeviceptr, size_t, unsigned short, size_t, size_t, CUstream)) \
	X(cuMemsetD2D32_v2, (CUdeviceptr, size_t, unsigned, size_t, size_t)) \
	X(cuMemsetD2D32Async, (CUdeviceptr, size_t, unsigned, size_t, size_t, CUstream)) \
	X(cuMemsetD2D8_v2, (CUdeviceptr, size_t, unsigned char, size_t, size_t)) \
	X(cuMemsetD2D8Async, (CUdeviceptr, size_t, unsigned char, size_t, size_t, CUstream)) \
	X(cuMemsetD32_v2, (CUdeviceptr, unsigned, size_t)) \
	X(cuMemsetD32Async, (CUdeviceptr, unsigned, size_t, CUstream)) \
	X(cuMemsetD8_v2, (CUdeviceptr, unsigned char, size_t)) \
	X(cuMemsetD8Async, (CUdeviceptr, unsigned char, size_t, CUstream)) \
	X(cuPointerGetAttribute, (void *, CUpointer_attribute, CUdeviceptr)) \
	X(cuPointerSetAttribute, (const void *, CUpointer_attribute, CUdeviceptr)) \
	/* Arrays, textures and surfaces */ \
	X(cuArray3DCreate_v2, (CUarray *, const CUDA_ARRAY3D_DESCRIPTOR *)) \
	X(cuArray3DGetDescriptor_v2, (CUDA_ARRAY3D_DESCRIPTOR *, CUarray)) \
	X(cuArrayCreate_v2, (CUarray *, const CUDA_ARRAY_DESCRIPTOR *)) \
	X(cuArrayDestroy, (CUarray)) \
	X(cuArrayGetDescriptor_v2, (CUDA_ARRAY_DESCRIPTOR *, CUarray)) \
	X(cuSurfRefGetArray, (CUarray *, CUsurfref)) \
	X(cuSurfRefSetArray, (CUsurfref, CUarray, unsigned)) \
	X(cuTexRefGetAddress_v2, (CUdeviceptr *, CUtexref)) \
	X(cuTexRefGetAddressMode, (CUaddress_mode *, CUtexref, int)) \
	X(cuTexRefGetArray, (CUarray *, CUtexref)) \
	X(cuTexRefGetBorderColor, (float *, CUtexref)) \
	X(cuTexRefGetFilterMode, (CUfilter_mode *, CUtexref)) \
	X(cuTexRefGetFlags, (unsigned *, CUtexref)) \
	X(cuTexRefGetFormat, (CUarray_format *, int *, CUtexref)) \
	X(cuTexRefGetMaxAnisotropy, (int *, CUtexref)) \
	X(cuTexRefSetAddress_v2, (size_t *, CUtexref, CUdeviceptr, size_t)) \
	X(cuTexRefSetAddress2D_v3, (CUtexref, const CUDA_ARRAY_DESCRIPTOR *, CUdeviceptr, size_t)) \
	X(cuTexRefSetAddressMode, (CUtexref, int, CUaddress_mode)) \
	X(cuTexRefSetArray, (CUtexref, CUarray, unsigned)) \
	X(cuTexRefSetBorderColor, (CUtexref, float *)) \
	X(cuTexRefSetFilterMode, (CUtexref, CUfilter_mode)) \
	X(cuTexRefSetFlags, (CUtexref, unsigned)) \
	X(cuTexRefSetFormat, (CUtexref, CUarray_format, int)) \
	X(cuTexRefSetMaxAnisotropy, (CUtexref, unsigned)) \
	X(cuTexRefSetMipmapFilterMode, (CUtexref, CUfilter_mode)) \
	X(cuTexRefSetMipmapLevelBias, (CUtexref, float)) \
	X(cuTexRefSetMipmapLevelClamp, (CUtexref, float, float))

/* The names without versions, which programs call. */
#define cuArray3DCreate cuArray3DCreate_v2
#define cuArray3DGetDescriptor cuArray3DGetDescriptor_v2
#define cuArrayCreate cuArrayCreate_v2
#define cuArrayGetDescriptor cuArrayGetDescriptor_v2
#define cuCtxCreate cuCtxCreate_v2
#define cuCtxDestroy cuCtxDestroy_v2
#define cuCtxPopCurrent cuCtxPopCurrent_v2
#define cuCtxPushCurrent cuCtxPushCurrent_v2
#define cuDevicePrimaryCtxRelease cuDevicePrimaryCtxRelease_v2
#define cuDevicePrimaryCtxReset cuDevicePrimaryCtxReset_v2
#define cuDevicePrimaryCtxSetFlags cuDevicePrimaryCtxSetFlags_v2
#define cuDeviceTotalMem cuDeviceTotalMem_v2
#define cuEventDestroy cuEventDestroy_v2
#define cuLinkAddData cuLinkAddData_v2
#define cuLinkAddFile cuLinkAddFile_v2
#define cuLinkCreate cuLinkCreate_v2
#define cuMemAlloc cuMemAlloc_v2
#define cuMemAllocPitch cuMemAllocPitch_v2
#define cuMemFree cuMemFree_v2
#define cuMemGetAddressRange cuMemGetAddressRange_v2
#define cuMemGetInfo cuMemGetInfo_v2
#define cuMemcpy2D cuMemcpy2D_v2
#define cuMemcpy2DAsync cuMemcpy2DAsync_v2
#define cuMemcpy2DUnaligned cuMemcpy2DUnaligned_v2
#define cuMemcpy3D cuMemcpy3D_v2
#define cuMemcpy3DAsync cuMemcpy3DAsync_v2
#define cuMemcpyAtoA cuMemcpyAtoA_v2
#define cuMemcpyAtoD cuMemcpyAtoD_v2
#define cuMemcpyAtoH cuMemcpyAtoH_v2
#define cuMemcpyAtoHAsync cuMemcpyAtoHAsync_v2
#define cuMemcpyDtoA cuMemcpyDtoA_v2
#define cuMemcpyDtoD cuMemcpyDtoD_v2
#define cuMemcpyDtoDAsync cuMemcpyDtoDAsync_v2
#define cuMemcpyDtoH cuMemcpyDtoH_v2
#define cuMemcpyDtoHAsync cuMemcpyDtoHAsync_v2
#define cuMemcpyHtoA cuMemcpyHtoA_v2
#define cuMemcpyHtoAAsync cuMemcpyHtoAAsync_v2
#define cuMemcpyHtoD cuMemcpyHtoD_v2
#define cuMemcpyHtoDAsync cuMemcpyHtoDAsync_v2
#define cuMemsetD16 cuMemsetD16_v2
#define cuMemsetD2D16 cuMemsetD2D16_v2
#define cuMemsetD2D32 cuMemsetD2D32_v2
#define cuMemsetD2D8 cuMemsetD2D8_v2
#define cuMemsetD32 cuMemsetD32_v2
#define cuMemsetD8 cuMemsetD8_v2
#define cuModuleGetGlobal cuModuleGetGlobal_v2
#define cuStreamBeginCapture cuStreamBeginCapture_v2
#define cuStreamDestroy cuStreamDestroy_v2
#define cuStreamWaitValue32 cuStreamWaitValue32_v2
#define cuStreamWriteValue32 cuStreamWriteValue32_v2
#define cuTexRefGetAddress cuTexRefGetAddress_v2
#define cuTexRefSetAddress cuTexRefSetAddress_v2
#define cuTexRefSetAddress2D cuTexRefSetAddress2D_v3
