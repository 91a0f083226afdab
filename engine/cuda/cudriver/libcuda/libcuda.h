// gangpu_cuda_status loads the library if that was not tried yet, writes to reason why there is
// no device, or an empty string, and returns the CUresult of starting the driver.
int gangpu_cuda_status(char *reason, int size);

// gangpu_cuda_use names the library to load, which must stay in memory; an empty name is none.
void gangpu_cuda_use(const char *library);

// gangpu_cuda_hook leads a symbol to another function of this process instead of the library's.
// Returns 0 if there is no such symbol.
int gangpu_cuda_hook(const char *symbol, void *function);
