// What package nccl calls of NCCL, as NVIDIA documents it. `make test-nccl` compares it with NVIDIA's nccl.h.
#include <stddef.h>

typedef struct ncclComm *ncclComm_t;
typedef struct CUstream_st *cudaStream_t;
typedef struct { char internal[128]; } ncclUniqueId;
typedef enum { ncclSuccess = 0, ncclInvalidArgument = 4, ncclInvalidUsage = 5, ncclInProgress = 7 } ncclResult_t;
typedef enum { ncclUint8 = 1 } ncclDataType_t;

// X(function, its result, its parameters)
#define NCCL_FUNCTIONS(X) \
	X(ncclGetVersion, ncclResult_t, (int *)) \
	X(ncclGetUniqueId, ncclResult_t, (ncclUniqueId *)) \
	X(ncclCommInitRank, ncclResult_t, (ncclComm_t *, int, ncclUniqueId, int)) \
	X(ncclCommDestroy, ncclResult_t, (ncclComm_t)) \
	X(ncclCommAbort, ncclResult_t, (ncclComm_t)) \
	X(ncclCommGetAsyncError, ncclResult_t, (ncclComm_t, ncclResult_t *)) \
	X(ncclGetErrorString, const char *, (ncclResult_t)) \
	X(ncclGetLastError, const char *, (ncclComm_t)) \
	X(ncclGroupStart, ncclResult_t, (void)) \
	X(ncclGroupEnd, ncclResult_t, (void)) \
	X(ncclSend, ncclResult_t, (const void *, size_t, ncclDataType_t, int, ncclComm_t, cudaStream_t)) \
	X(ncclRecv, ncclResult_t, (void *, size_t, ncclDataType_t, int, ncclComm_t, cudaStream_t))

// gangpu_nccl_use names the library to load, which must stay in memory; an empty name is none.
void gangpu_nccl_use(const char *library);

// gangpu_nccl_hook leads a function of NCCL to one of this process instead of the library's. Returns 0 if none of the name
// is called.
int gangpu_nccl_hook(const char *function, void *to);

// gangpu_nccl_load loads the library, if that was not tried yet, and writes its version, or returns why there is none.
const char *gangpu_nccl_load(int *version);

// The library's functions, once it is loaded. The others return the result of NCCL, of which error makes words.
int gangpu_nccl_id(char *id);
int gangpu_nccl_init(void **comm, int size, const char *id, int rank);
int gangpu_nccl_destroy(void *comm);
int gangpu_nccl_abort(void *comm);
int gangpu_nccl_failure(void *comm);
void gangpu_nccl_error(int result, char *text, int len);

// gangpu_nccl_exchange sends and receives, for each other rank, the bytes at an address of the device, of which there may be
// none: ranges has two numbers, address and bytes, for each rank.
int gangpu_nccl_exchange(void *comm, unsigned long long stream, int rank, int size, const unsigned long long *send,
	const unsigned long long *recv);
