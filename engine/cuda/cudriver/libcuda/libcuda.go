//go:build gpu && linux && (amd64 || arm64)

package libcuda

/*
#cgo LDFLAGS: -L${SRCDIR} -Wl,--as-needed -ldl -lpthread
#include <stdlib.h>
#include "libcuda.h"
*/
import "C"

import "unsafe"

// Status starts the CUDA driver if that was not tried yet. It returns the driver's CUresult and,
// if there is no device, the reason in words.
func Status() (code int, reason string) {
	var buf [512]C.char
	rc := C.gangpu_cuda_status(&buf[0], C.int(len(buf)))
	return int(rc), C.GoString(&buf[0])
}

// Use names the library to bind instead of libcuda.so.1, or none by "". Call it before anything of the driver.
func Use(library string) {
	C.gangpu_cuda_use(C.CString(library)) // which keeps it
}

// Hook leads a symbol of the driver API, under its name in the library ("cuMemAlloc_v2"), to a C
// function of this process, and reports whether there is such a symbol. For drivers in software;
// call it before anything else of the driver.
func Hook(symbol string, function unsafe.Pointer) bool {
	name := C.CString(symbol)
	defer C.free(unsafe.Pointer(name))
	return C.gangpu_cuda_hook(name, function) != 0
}
