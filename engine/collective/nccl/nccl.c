//go:build gpu && linux && (amd64 || arm64)

#include <dlfcn.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "nccl.h"

static struct {
#define MEMBER(name, result, parameters) result(*name) parameters;
	NCCL_FUNCTIONS(MEMBER)
} nccl;

static struct {
	const char *name;
	void **pointer;
} functions[] = {
#define ENTRY(name, result, parameters) {#name, (void **)&nccl.name},
	NCCL_FUNCTIONS(ENTRY)
};
enum { FUNCTIONS = sizeof functions / sizeof *functions };

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int tried, hooked, version;
static char why[512];
static const char *path = "libnccl.so.2";

void gangpu_nccl_use(const char *library) {
	pthread_mutex_lock(&lock);
	path = library;
	tried = why[0] = 0;
	pthread_mutex_unlock(&lock);
}

int gangpu_nccl_hook(const char *function, void *to) {
	int found = 0;
	pthread_mutex_lock(&lock);
	for (int i = 0; i < FUNCTIONS; i++)
		if (!strcmp(functions[i].name, function)) {
			*functions[i].pointer = to;
			found = 1;
		}
	hooked = 1;
	pthread_mutex_unlock(&lock);
	return found;
}

static void load(void) {
	if (!hooked) {
		if (!*path) {
			snprintf(why, sizeof why, "NCCL is switched off");
			return;
		}
		void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
		if (!library) {
			snprintf(why, sizeof why, "no NCCL (%s)", dlerror());
			return;
		}
		for (int i = 0; i < FUNCTIONS; i++)
			if (!(*functions[i].pointer = dlsym(library, functions[i].name))) {
				snprintf(why, sizeof why, "%s has no %s", path, functions[i].name);
				return;
			}
	}
	ncclResult_t rc = nccl.ncclGetVersion(&version);
	if (rc != ncclSuccess)
		snprintf(why, sizeof why, "NCCL does not tell its version: %s", nccl.ncclGetErrorString(rc));
}

const char *gangpu_nccl_load(int *v) {
	pthread_mutex_lock(&lock);
	if (!tried) {
		tried = 1;
		load();
	}
	pthread_mutex_unlock(&lock);
	*v = version;
	return why;
}

int gangpu_nccl_id(char *id) { return nccl.ncclGetUniqueId((ncclUniqueId *)id); }

int gangpu_nccl_init(void **comm, int size, const char *id, int rank) {
	ncclUniqueId of;
	memcpy(&of, id, sizeof of);
	return nccl.ncclCommInitRank((ncclComm_t *)comm, size, of, rank);
}

int gangpu_nccl_destroy(void *comm) { return nccl.ncclCommDestroy(comm); }

int gangpu_nccl_abort(void *comm) { return nccl.ncclCommAbort(comm); }

int gangpu_nccl_failure(void *comm) {
	ncclResult_t failure = ncclSuccess;
	ncclResult_t rc = nccl.ncclCommGetAsyncError(comm, &failure);
	if (rc == ncclSuccess) rc = failure;
	return rc == ncclInProgress ? ncclSuccess : rc;
}

void gangpu_nccl_error(int result, char *text, int len) {
	const char *more = nccl.ncclGetLastError(NULL);
	snprintf(text, len, "%s%s%s", nccl.ncclGetErrorString(result), more && *more ? ": " : "", more ? more : "");
	size_t end = strlen(text);
	while (end > 0 && text[end - 1] == '\n')
		text[--end] = 0;
}

int gangpu_nccl_exchange(void *comm, unsigned long long stream, int rank, int size, const unsigned long long *send,
	const unsigned long long *recv) {
	ncclResult_t rc = nccl.ncclGroupStart(), end;
	if (rc != ncclSuccess)
		return rc;
	for (int i = 0; i < size && rc == ncclSuccess; i++) {
		if (i == rank) continue;
		if (send[2 * i + 1])
			rc = nccl.ncclSend((void *)(uintptr_t)send[2 * i], send[2 * i + 1], ncclUint8, i, comm, (cudaStream_t)(uintptr_t)stream);
		if (rc == ncclSuccess && recv[2 * i + 1])
			rc = nccl.ncclRecv((void *)(uintptr_t)recv[2 * i], recv[2 * i + 1], ncclUint8, i, comm, (cudaStream_t)(uintptr_t)stream);
	}
	end = nccl.ncclGroupEnd(); // also after an error, or all that follows belongs to this group
	return rc != ncclSuccess ? rc : end;
}
