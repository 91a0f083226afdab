//go:build gpu && linux && (amd64 || arm64)

package cudriver

/*
#cgo CFLAGS: -I${SRCDIR}/libcuda
#include <stdint.h>
#include <stdlib.h>
#include <cuda.h>

enum { MAX_ARGS = 64 };

static CUresult launch(uint64_t f, const uint32_t *dims, uint64_t stream, uint64_t *args, int n) {
	void *pointers[MAX_ARGS];
	for (int i = 0; i < n; i++) pointers[i] = &args[i];
	return cuLaunchKernel((CUfunction)f, dims[0], dims[1], dims[2], dims[3], dims[4], dims[5], dims[6],
		(CUstream)stream, pointers, 0);
}

static CUresult copy_in(uint64_t dst, const unsigned char *src, size_t n) { return cuMemcpyHtoD(dst, src, n); }
static CUresult copy_out(unsigned char *dst, uint64_t src, size_t n) { return cuMemcpyDtoH(dst, src, n); }

static CUresult load(uint64_t *module, const char *ptx, char *log, unsigned size) {
	CUjit_option options[] = {CU_JIT_ERROR_LOG_BUFFER, CU_JIT_ERROR_LOG_BUFFER_SIZE_BYTES};
	void *values[] = {log, (void *)(uintptr_t)size};
	return cuModuleLoadDataEx((CUmodule *)module, ptx, 2, options, values);
}

static CUresult set_dynamic_shared(uint64_t f, int bytes) {
	return cuFuncSetAttribute((CUfunction)f, CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES, bytes);
}

static CUresult capture_begin(uint64_t stream) {
	return cuStreamBeginCapture((CUstream)stream, CU_STREAM_CAPTURE_MODE_RELAXED);
}

static CUresult capture_end(uint64_t stream, uint64_t *graph) {
	return cuStreamEndCapture((CUstream)stream, (CUgraph *)graph);
}

static CUresult instantiate(uint64_t graph, uint64_t *exec) {
	CUresult rc = cuGraphInstantiateWithFlags((CUgraphExec *)exec, (CUgraph)graph, 0);
	cuGraphDestroy((CUgraph)graph);
	return rc;
}

static CUresult graph_launch(uint64_t exec, uint64_t stream) {
	return cuGraphLaunch((CUgraphExec)exec, (CUstream)stream);
}

static CUresult graph_destroy(uint64_t exec) { return cuGraphExecDestroy((CUgraphExec)exec); }

static const char *result_name(int rc) {
	const char *name = 0;
	return cuGetErrorString((CUresult)rc, &name) == CUDA_SUCCESS && name ? name : "unknown result";
}
*/
import "C"

import (
	"errors"
	"fmt"
	"strings"
	"unsafe"
)

const maxArgs = C.MAX_ARGS

// launchBuffer holds what a launch hands to C, so that launching allocates nothing.
type launchBuffer struct {
	dims [7]C.uint32_t
	args [maxArgs]C.uint64_t
}

func check(call string, rc C.CUresult) error {
	if rc == C.CUDA_SUCCESS {
		return nil
	}
	err := &Error{Call: call, Result: int(rc), Detail: C.GoString(C.result_name(C.int(rc)))}
	if rc == C.CUDA_ERROR_NOT_FOUND {
		// What package libcuda answers for a function that this driver does not have.
		return errors.Join(err, errors.ErrUnsupported)
	}
	return err
}

// The copies of cu take a pointer without a type, for which cgo demands that no Go object that the
// bytes lie in hold a pointer: a program ends that reads into a field of a struct with others. A
// pointer to an element of a byte slice vouches for the bytes alone.

// MemcpyHtoD copies bytes to the device.
func (d *Driver) MemcpyHtoD(dst uint64, src []byte) error {
	if len(src) == 0 {
		return nil
	}
	if err := d.enter(); err != nil {
		return err
	}
	defer leave()
	return check("cuMemcpyHtoD", C.copy_in(C.uint64_t(dst), (*C.uchar)(&src[0]), C.size_t(len(src))))
}

// MemcpyDtoH copies bytes from the device.
func (d *Driver) MemcpyDtoH(dst []byte, src uint64) error {
	if len(dst) == 0 {
		return nil
	}
	if err := d.enter(); err != nil {
		return err
	}
	defer leave()
	return check("cuMemcpyDtoH", C.copy_out((*C.uchar)(&dst[0]), C.uint64_t(src), C.size_t(len(dst))))
}

// ModuleLoad compiles PTX for the device. The error of PTX that is refused carries the compiler's
// log.
func (d *Driver) ModuleLoad(ptx []byte) (uint64, error) {
	if err := d.enter(); err != nil {
		return 0, err
	}
	defer leave()
	text := C.CString(string(ptx))
	defer C.free(unsafe.Pointer(text))
	const logBytes = 16 << 10
	log := (*C.char)(C.calloc(logBytes, 1))
	defer C.free(unsafe.Pointer(log))
	var module C.uint64_t
	if rc := C.load(&module, text, log, logBytes); rc != C.CUDA_SUCCESS {
		err := &Error{Call: "cuModuleLoadDataEx", Result: int(rc), Detail: C.GoString(C.result_name(C.int(rc)))}
		if l := strings.TrimSpace(C.GoString(log)); l != "" {
			err.Detail += ": " + l
		}
		return 0, err
	}
	return uint64(module), nil
}

// FunctionSetMaxDynamicShared lets a function be launched with up to that many bytes of dynamic
// shared memory; without it the limit is 48 KiB.
func (d *Driver) FunctionSetMaxDynamicShared(fn uint64, bytes uint32) error {
	if err := d.enter(); err != nil {
		return err
	}
	defer leave()
	return check("cuFuncSetAttribute", C.set_dynamic_shared(C.uint64_t(fn), C.int(bytes)))
}

// Launch enqueues a kernel. args has an 8-byte slot a parameter, its value in the low bytes.
func (d *Driver) Launch(fn uint64, grid, block [3]uint32, sharedBytes uint32, stream uint64, args []uint64) error {
	if len(args) > maxArgs {
		return fmt.Errorf("launching a kernel with %d arguments: at most %d", len(args), maxArgs)
	}
	if err := d.enter(); err != nil {
		return err
	}
	defer leave()
	b := &d.launch
	for i := range 3 {
		b.dims[i], b.dims[3+i] = C.uint32_t(grid[i]), C.uint32_t(block[i])
	}
	b.dims[6] = C.uint32_t(sharedBytes)
	for i, a := range args {
		b.args[i] = C.uint64_t(a)
	}
	return check("cuLaunchKernel", C.launch(C.uint64_t(fn), &b.dims[0], C.uint64_t(stream), &b.args[0], C.int(len(args))))
}

// CaptureBegin starts to record what is enqueued on a stream, instead of running it.
func (d *Driver) CaptureBegin(stream uint64) error {
	if err := d.enter(); err != nil {
		return err
	}
	defer leave()
	return check("cuStreamBeginCapture", C.capture_begin(C.uint64_t(stream)))
}

// CaptureEnd makes a graph of what was recorded.
func (d *Driver) CaptureEnd(stream uint64) (uint64, error) {
	if err := d.enter(); err != nil {
		return 0, err
	}
	defer leave()
	var graph, exec C.uint64_t
	if err := check("cuStreamEndCapture", C.capture_end(C.uint64_t(stream), &graph)); err != nil {
		return 0, err
	}
	err := check("cuGraphInstantiate", C.instantiate(graph, &exec))
	return uint64(exec), err
}

// GraphLaunch enqueues a graph.
func (d *Driver) GraphLaunch(exec, stream uint64) error {
	if err := d.enter(); err != nil {
		return err
	}
	defer leave()
	return check("cuGraphLaunch", C.graph_launch(C.uint64_t(exec), C.uint64_t(stream)))
}

func (d *Driver) GraphDestroy(exec uint64) error {
	if err := d.enter(); err != nil {
		return err
	}
	defer leave()
	return check("cuGraphExecDestroy", C.graph_destroy(C.uint64_t(exec)))
}
