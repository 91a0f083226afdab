//go:build gpu && linux && (amd64 || arm64)

#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "cuda.h"
#include "libcuda.h"

// Hidden, or the library's own calls to its public functions come back here and wait for
// themselves.
#define HIDDEN __attribute__((visibility("hidden")))

static CUresult not_initialized(void) { return CUDA_ERROR_NOT_INITIALIZED; }
static CUresult not_found(void) { return CUDA_ERROR_NOT_FOUND; }

// One pointer a symbol, and a function of the symbol's name that jumps through it: whatever the
// arguments are, they stay where they lie.
#define POINTER(name, parameters) HIDDEN void *gangpu_##name = (void *)not_initialized;
CUDA_ENTRY_POINTS(POINTER)
CUDA_FUNCTIONS(POINTER)

#if defined(__x86_64__)
#define JUMP(name) "\tjmp *gangpu_" #name "(%rip)\n"
#elif defined(__aarch64__)
#define JUMP(name) "\tadrp x16, gangpu_" #name "\n\tldr x16, [x16, :lo12:gangpu_" #name "]\n\tbr x16\n"
#endif
#define TRAMPOLINE(name, parameters) __asm__(".text\n\t.p2align 4\n\t.globl " #name "\n\t.hidden " #name \
	"\n\t.type " #name ",%function\n" #name ":\n" JUMP(name) "\t.size " #name ", .-" #name "\n");
CUDA_FUNCTIONS(TRAMPOLINE)

static struct {
	const char *name;
	void **pointer;
} symbols[] = {
#define ENTRY(name, parameters) {#name, &gangpu_##name},
	CUDA_ENTRY_POINTS(ENTRY)
	CUDA_FUNCTIONS(ENTRY)
};
enum { SYMBOLS = sizeof symbols / sizeof *symbols };

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int tried, hooked, status = CUDA_ERROR_NOT_INITIALIZED, devices;
static char why[512];
static const char *path = "libcuda.so.1";

static int start(void) {
	int rc = ((int (*)(unsigned))gangpu_cuInit)(0);
	if (rc == CUDA_SUCCESS) rc = ((int (*)(int *))gangpu_cuDeviceGetCount)(&devices);
	if (rc != CUDA_SUCCESS) devices = 0;
	if (rc == CUDA_ERROR_NO_DEVICE || (rc == CUDA_SUCCESS && devices == 0))
		snprintf(why, sizeof why, "the NVIDIA driver finds no GPU");
	else if (rc != CUDA_SUCCESS)
		snprintf(why, sizeof why, "the NVIDIA driver does not start (cuInit: CUDA error %d)", rc);
	return rc;
}

static int bind(void) {
	if (!*path) {
		snprintf(why, sizeof why, "CUDA is switched off");
		return CUDA_ERROR_NO_DEVICE;
	}
	void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	if (!library) {
		snprintf(why, sizeof why, "no NVIDIA driver (%s)", dlerror());
		return CUDA_ERROR_NO_DEVICE;
	}
	for (int i = 0; i < SYMBOLS; i++) {
		void *p = dlsym(library, symbols[i].name);
		*symbols[i].pointer = p ? p : (void *)not_found;
	}
	return CUDA_SUCCESS;
}

static void load(void) {
	pthread_mutex_lock(&lock);
	if (!tried) {
		tried = 1;
		status = hooked ? CUDA_SUCCESS : bind();
		if (status == CUDA_SUCCESS) status = start();
	}
	pthread_mutex_unlock(&lock);
}

// The entry points. gorgonia.org/cu calls cuInit when the program starts, and ends the program if
// it fails: it must succeed, and must not take the time that starting the driver takes.
HIDDEN CUresult cuInit(unsigned flags) {
	(void)flags;
	return CUDA_SUCCESS;
}

HIDDEN CUresult cuDeviceGetCount(int *count) {
	load();
	*count = devices;
	return CUDA_SUCCESS;
}

HIDDEN CUresult cuDeviceGet(CUdevice *device, int ordinal) {
	load();
	if (status != CUDA_SUCCESS) return CUDA_ERROR_NO_DEVICE;
	return ((int (*)(int *, int))gangpu_cuDeviceGet)(device, ordinal);
}

HIDDEN CUresult cuDriverGetVersion(int *version) {
	load();
	*version = 0;
	if (status != CUDA_SUCCESS) return CUDA_SUCCESS;
	return ((int (*)(int *))gangpu_cuDriverGetVersion)(version);
}

int gangpu_cuda_status(char *reason, int size) {
	load();
	snprintf(reason, size, "%s", why);
	return status;
}

void gangpu_cuda_use(const char *library) {
	pthread_mutex_lock(&lock);
	path = library;
	pthread_mutex_unlock(&lock);
}

int gangpu_cuda_hook(const char *symbol, void *function) {
	int found = 0;
	pthread_mutex_lock(&lock);
	for (int i = 0; i < SYMBOLS; i++)
		if (!strcmp(symbols[i].name, symbol)) {
			*symbols[i].pointer = function;
			found = 1;
		}
	hooked = 1;
	tried = 0;
	pthread_mutex_unlock(&lock);
	return found;
}
