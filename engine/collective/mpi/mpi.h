// What package mpi calls of an MPI library. There is no mpi.h: libraries differ in it, and this binds them all.

int gangpu_mpi_load(const char *file, int dialect, char *why, int len);
int gangpu_mpi_init(int *rank, int *size, char *version, int len);
int gangpu_mpi_exchange(int rank, int size, void **send, const int *send_len, void **recv, const int *recv_len,
	double seconds, char *missing);
void gangpu_mpi_error(int code, char *text, int len);
int gangpu_mpi_finalize(void);
void gangpu_mpi_abort(int code);
