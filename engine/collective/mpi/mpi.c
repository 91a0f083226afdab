//go:build cgo && (linux || darwin)

#define _GNU_SOURCE
#include <dlfcn.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "mpi.h"

// Communicators, types and error handlers are int in MPICH's interface, and pointers elsewhere. An argument of the width
// of a pointer serves both: a callee that takes an int reads the lower half. (amd64 and arm64, little-endian.)
typedef intptr_t handle;

static struct {
	int (*Init_thread)(int *, char ***, int, int *);
	int (*Comm_rank)(handle, int *);
	int (*Comm_size)(handle, int *);
	int (*Comm_set_errhandler)(handle, handle);
	int (*Isend)(const void *, int, handle, int, int, handle, handle *);
	int (*Irecv)(void *, int, handle, int, int, handle, handle *);
	int (*Test)(handle *, int *, void *);
	int (*Error_string)(int, char *, int *);
	int (*Get_library_version)(char *, int *);
	int (*Finalize)(void);
	int (*Abort)(handle, int);
} mpi;

static handle world, byte, errors_return;
static int serialized; // MPI_THREAD_SERIALIZED

int gangpu_mpi_load(const char *file, int dialect, char *why, int len) {
	// Plugins of Open MPI look for its symbols among those of the program.
	void *lib = dlopen(file, RTLD_NOW | RTLD_GLOBAL);
	if (!lib) {
		snprintf(why, len, "%s", dlerror());
		return 1;
	}
	const char *names[] = {"MPI_Init_thread", "MPI_Comm_rank", "MPI_Comm_size", "MPI_Comm_set_errhandler", "MPI_Isend",
		"MPI_Irecv", "MPI_Test", "MPI_Error_string", "MPI_Get_library_version", "MPI_Finalize", "MPI_Abort"};
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		void *f = dlsym(lib, names[i]);
		if (!f) {
			snprintf(why, len, "%s has no %s", file, names[i]);
			return 1;
		}
		memcpy((char *)&mpi + i * sizeof f, &f, sizeof f);
	}
	void *of_open_mpi = dlsym(lib, "ompi_mpi_comm_world");
	if (dialect == 0) { // MPI 5.0, chapter 20
		world = 0x101, byte = 0x247, errors_return = 0x143, serialized = 2048;
	} else if (of_open_mpi) {
		world = (handle)of_open_mpi, byte = (handle)dlsym(lib, "ompi_mpi_byte");
		errors_return = (handle)dlsym(lib, "ompi_mpi_errors_return"), serialized = 2;
	} else {
		world = 0x44000000, byte = 0x4c00010d, errors_return = 0x54000001, serialized = 2;
	}
	return 0;
}

int gangpu_mpi_init(int *rank, int *size, char *version, int len) {
	int provided, err, n = 0;
	if ((err = mpi.Init_thread(NULL, NULL, serialized, &provided)))
		return err;
	mpi.Comm_set_errhandler(world, errors_return);
	if ((err = mpi.Comm_rank(world, rank)) || (err = mpi.Comm_size(world, size)))
		return err;
	char *text = calloc(1, 1 << 14); // longer than the longest of all libraries
	if (text && !mpi.Get_library_version(text, &n))
		snprintf(version, len, "%s", text);
	free(text);
	return 0;
}

static double now(void) {
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec + 1e-9 * t.tv_nsec;
}

// Returns 0, the library's error, or -1 when the time is over: missing says of each rank whether it did not come.
int gangpu_mpi_exchange(int rank, int size, void **send, const int *send_len, void **recv, const int *recv_len,
	double seconds, char *missing) {
	static handle *requests; // of sends, and of receives behind them
	static char *pending;
	if (!requests) {
		requests = calloc(2 * size, sizeof *requests);
		pending = calloc(2 * size, 1);
		if (!requests || !pending)
			return 16; // MPI_ERR_OTHER, or so
	}
	int left = 0, err;
	for (int k = 1; k < size; k++) { // each rank begins with another one
		int i = (rank + size - k) % size;
		if (recv_len[i] > 0) {
			if ((err = mpi.Irecv(recv[i], recv_len[i], byte, i, 0, world, &requests[size + i])))
				return err;
			pending[size + i] = 1, left++;
		}
	}
	for (int k = 1; k < size; k++) {
		int i = (rank + k) % size;
		if (send_len[i] > 0) {
			if ((err = mpi.Isend(send[i], send_len[i], byte, i, 0, world, &requests[i])))
				return err;
			pending[i] = 1, left++;
		}
	}
	double begin = now();
	for (;;) {
		for (int i = 0; i < 2 * size; i++) {
			if (!pending[i])
				continue;
			int done = 0;
			long long status[32]; // of any library
			if ((err = mpi.Test(&requests[i], &done, status)))
				return err;
			if (done)
				pending[i] = 0, left--;
		}
		if (left == 0)
			return 0;
		double waited = now() - begin;
		if (waited > seconds)
			break;
		// Ranks may share cores: who waits lets others run, and sleeps if it takes long.
		if (waited < 1e-3) {
			sched_yield();
		} else {
			struct timespec t = {0, waited < 0.1 ? 50000 : 500000};
			nanosleep(&t, NULL);
		}
	}
	for (int i = 0; i < size; i++)
		missing[i] = pending[i] || pending[size + i];
	return -1;
}

void gangpu_mpi_error(int code, char *text, int len) {
	char *all = calloc(1, 1 << 14);
	int n = 0;
	if (all && !mpi.Error_string(code, all, &n))
		snprintf(text, len, "%s", all);
	else
		snprintf(text, len, "error %d", code);
	free(all);
}

int gangpu_mpi_finalize(void) { return mpi.Finalize(); }

void gangpu_mpi_abort(int code) { mpi.Abort(world, code); }
