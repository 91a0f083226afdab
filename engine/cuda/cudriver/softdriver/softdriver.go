//go:build gpu && linux && (amd64 || arm64)

package softdriver

/*
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
typedef uint64_t u64;

// The exported functions, declared only: a file that exports may hold no C definitions.
extern int softInit(unsigned);
extern int softDriverGetVersion(int*);
extern int softDeviceGetCount(int*);
extern int softDeviceGet(int*, int);
extern int softDeviceGetName(char*, int, int);
extern int softDeviceTotalMem(size_t*, int);
extern int softDeviceGetAttribute(int*, int, int);
extern int softPrimaryCtxSetFlags(int, unsigned);
extern int softPrimaryCtxRetain(u64*, int);
extern int softPrimaryCtxRelease(int);
extern int softCtxSetCurrent(u64);
extern int softMemGetInfo(size_t*, size_t*);
extern int softMemAlloc(u64*, size_t);
extern int softMemFree(u64);
extern int softMemcpyHtoD(u64, void*, size_t);
extern int softMemcpyDtoH(void*, u64, size_t);
extern int softMemsetD8(u64, unsigned char, size_t);
extern int softModuleLoadDataEx(u64*, char*, unsigned, int*, void**);
extern int softModuleUnload(u64);
extern int softModuleGetFunction(u64*, u64, char*);
extern int softFuncSetAttribute(u64, int, int);
extern int softLaunchKernel(u64, unsigned, unsigned, unsigned, unsigned, unsigned, unsigned, unsigned, u64, void**, void**);
extern int softStreamCreate(u64*, unsigned);
extern int softStreamDestroy(u64);
extern int softStreamSynchronize(u64);
extern int softStreamQuery(u64);
extern int softEventCreate(u64*, unsigned);
extern int softEventDestroy(u64);
extern int softEventRecord(u64, u64);
extern int softEventSynchronize(u64);
extern int softEventElapsedTime(float*, u64, u64);
extern int softStreamBeginCapture(u64, int);
extern int softStreamEndCapture(u64, u64*);
extern int softGraphInstantiate(u64*, u64, u64);
extern int softGraphDestroy(u64);
extern int softGraphLaunch(u64, u64);
extern int softGraphExecDestroy(u64);
extern int softGetErrorString(int, char**);
*/
import "C"

import (
	"errors"
	"fmt"
	"unsafe"

	"gangpu/engine/cuda"
	"gangpu/engine/cuda/cudriver/libcuda"
)

// Driver is a cuda.Driver that knows how many parameters a function has, which the driver API
// leaves to the one who launches it.
type Driver interface {
	cuda.Driver
	ParamCount(fn uint64) (int, error)
}

// served is the driver behind the exported functions: C calls have no receiver. Handles are
// the driver's own; the one context is number 1.
var served Driver

const theContext = 1

// Install serves the driver API of this process from d. Call it before anything else of the API.
func Install(d Driver) error {
	served = d
	for symbol, function := range map[string]unsafe.Pointer{
		"cuInit":                        C.softInit,
		"cuDriverGetVersion":            C.softDriverGetVersion,
		"cuDeviceGetCount":              C.softDeviceGetCount,
		"cuDeviceGet":                   C.softDeviceGet,
		"cuDeviceGetName":               C.softDeviceGetName,
		"cuDeviceTotalMem_v2":           C.softDeviceTotalMem,
		"cuDeviceGetAttribute":          C.softDeviceGetAttribute,
		"cuDevicePrimaryCtxSetFlags_v2": C.softPrimaryCtxSetFlags,
		"cuDevicePrimaryCtxRetain":      C.softPrimaryCtxRetain,
		"cuDevicePrimaryCtxRelease_v2":  C.softPrimaryCtxRelease,
		"cuCtxSetCurrent":               C.softCtxSetCurrent,
		"cuMemGetInfo_v2":               C.softMemGetInfo,
		"cuMemAlloc_v2":                 C.softMemAlloc,
		"cuMemFree_v2":                  C.softMemFree,
		"cuMemcpyHtoD_v2":               C.softMemcpyHtoD,
		"cuMemcpyDtoH_v2":               C.softMemcpyDtoH,
		"cuMemsetD8_v2":                 C.softMemsetD8,
		"cuModuleLoadDataEx":            C.softModuleLoadDataEx,
		"cuModuleUnload":                C.softModuleUnload,
		"cuModuleGetFunction":           C.softModuleGetFunction,
		"cuFuncSetAttribute":            C.softFuncSetAttribute,
		"cuLaunchKernel":                C.softLaunchKernel,
		"cuStreamCreate":                C.softStreamCreate,
		"cuStreamDestroy_v2":            C.softStreamDestroy,
		"cuStreamSynchronize":           C.softStreamSynchronize,
		"cuStreamQuery":                 C.softStreamQuery,
		"cuEventCreate":                 C.softEventCreate,
		"cuEventDestroy_v2":             C.softEventDestroy,
		"cuEventRecord":                 C.softEventRecord,
		"cuEventSynchronize":            C.softEventSynchronize,
		"cuEventElapsedTime":            C.softEventElapsedTime,
		"cuStreamBeginCapture_v2":       C.softStreamBeginCapture,
		"cuStreamEndCapture":            C.softStreamEndCapture,
		"cuGraphInstantiateWithFlags":   C.softGraphInstantiate,
		"cuGraphDestroy":                C.softGraphDestroy,
		"cuGraphLaunch":                 C.softGraphLaunch,
		"cuGraphExecDestroy":            C.softGraphExecDestroy,
		"cuGetErrorString":              C.softGetErrorString,
	} {
		if !libcuda.Hook(symbol, function) {
			return fmt.Errorf("serving the CUDA driver API in software: no trampoline for %s", symbol)
		}
	}
	return nil
}

// failure is the text of the last error, as C reads it.
var failure *C.char

// code is the CUresult of an error, whose text softGetErrorString gives.
func code(err error) C.int {
	if err == nil {
		return 0
	}
	C.free(unsafe.Pointer(failure))
	failure = C.CString(err.Error())
	var coded interface{ Code() int }
	if errors.As(err, &coded) {
		return C.int(coded.Code())
	}
	return 999
}

// give stores a handle where C wants it, if there is no error.
func give(dst *C.u64, handle uint64, err error) C.int {
	if err == nil {
		*dst = C.u64(handle)
	}
	return code(err)
}

//export softInit
func softInit(flags C.uint) C.int { return 0 }

//export softDriverGetVersion
func softDriverGetVersion(version *C.int) C.int {
	v, err := served.DriverVersion()
	*version = C.int(v)
	return code(err)
}

//export softDeviceGetCount
func softDeviceGetCount(count *C.int) C.int {
	n, err := served.DeviceCount()
	*count = C.int(n)
	return code(err)
}

//export softDeviceGet
func softDeviceGet(device *C.int, ordinal C.int) C.int {
	*device = ordinal
	return 0
}

//export softDeviceGetName
func softDeviceGetName(dst *C.char, size, device C.int) C.int {
	name, err := served.DeviceName(int(device))
	buf := unsafe.Slice((*byte)(unsafe.Pointer(dst)), int(size))
	n := copy(buf[:size-1], name)
	buf[n] = 0
	return code(err)
}

//export softDeviceTotalMem
func softDeviceTotalMem(bytes *C.size_t, device C.int) C.int {
	n, err := served.TotalMem(int(device))
	*bytes = C.size_t(n)
	return code(err)
}

//export softDeviceGetAttribute
func softDeviceGetAttribute(value *C.int, attribute, device C.int) C.int {
	v, err := served.DeviceAttribute(int(device), int(attribute))
	*value = C.int(v)
	return code(err)
}

//export softPrimaryCtxSetFlags
func softPrimaryCtxSetFlags(device C.int, flags C.uint) C.int { return 0 }

//export softPrimaryCtxRetain
func softPrimaryCtxRetain(ctx *C.u64, device C.int) C.int {
	return give(ctx, theContext, served.Open(int(device)))
}

//export softPrimaryCtxRelease
func softPrimaryCtxRelease(device C.int) C.int { return code(served.Close()) }

//export softCtxSetCurrent
func softCtxSetCurrent(ctx C.u64) C.int {
	if ctx > theContext {
		return 201 // CUDA_ERROR_INVALID_CONTEXT
	}
	return 0
}

//export softMemGetInfo
func softMemGetInfo(free, total *C.size_t) C.int {
	f, t, err := served.MemInfo()
	*free, *total = C.size_t(f), C.size_t(t)
	return code(err)
}

//export softMemAlloc
func softMemAlloc(ptr *C.u64, bytes C.size_t) C.int {
	p, err := served.MemAlloc(uint64(bytes))
	return give(ptr, p, err)
}

//export softMemFree
func softMemFree(ptr C.u64) C.int { return code(served.MemFree(uint64(ptr))) }

//export softMemcpyHtoD
func softMemcpyHtoD(dst C.u64, src unsafe.Pointer, n C.size_t) C.int {
	return code(served.MemcpyHtoD(uint64(dst), unsafe.Slice((*byte)(src), int(n))))
}

//export softMemcpyDtoH
func softMemcpyDtoH(dst unsafe.Pointer, src C.u64, n C.size_t) C.int {
	return code(served.MemcpyDtoH(unsafe.Slice((*byte)(dst), int(n)), uint64(src)))
}

//export softMemsetD8
func softMemsetD8(dst C.u64, value C.uchar, n C.size_t) C.int {
	return code(served.MemsetD8(uint64(dst), byte(value), uint64(n)))
}

//export softModuleLoadDataEx
func softModuleLoadDataEx(module *C.u64, ptx *C.char, options C.uint, option *C.int, value *unsafe.Pointer) C.int {
	const (
		errorLogBuffer = 5 // CU_JIT_ERROR_LOG_BUFFER
		errorLogBytes  = 6 // CU_JIT_ERROR_LOG_BUFFER_SIZE_BYTES
	)
	m, err := served.ModuleLoad([]byte(C.GoString(ptx)))
	if err != nil {
		var log unsafe.Pointer
		size := 0
		values := unsafe.Slice(value, int(options))
		for i, o := range unsafe.Slice(option, int(options)) {
			switch o {
			case errorLogBuffer:
				log = values[i]
			case errorLogBytes:
				size = int(uintptr(values[i]))
			}
		}
		if log != nil && size > 0 {
			buf := unsafe.Slice((*byte)(log), size)
			buf[copy(buf[:size-1], err.Error())] = 0
		}
	}
	return give(module, m, err)
}

//export softModuleUnload
func softModuleUnload(module C.u64) C.int { return code(served.ModuleUnload(uint64(module))) }

//export softModuleGetFunction
func softModuleGetFunction(fn *C.u64, module C.u64, name *C.char) C.int {
	f, err := served.ModuleFunction(uint64(module), C.GoString(name))
	return give(fn, f, err)
}

//export softFuncSetAttribute
func softFuncSetAttribute(fn C.u64, attribute, value C.int) C.int {
	const maxDynamicShared = 8 // CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES
	if attribute != maxDynamicShared {
		return 1 // CUDA_ERROR_INVALID_VALUE
	}
	return code(served.FunctionSetMaxDynamicShared(uint64(fn), uint32(value)))
}

//export softLaunchKernel
func softLaunchKernel(fn C.u64, gx, gy, gz, bx, by, bz, shared C.uint, stream C.u64, params, extra *unsafe.Pointer) C.int {
	n, err := served.ParamCount(uint64(fn))
	if err != nil {
		return code(err)
	}
	args := make([]uint64, n)
	for i, p := range unsafe.Slice(params, n) {
		args[i] = *(*uint64)(p)
	}
	return code(served.Launch(uint64(fn), [3]uint32{uint32(gx), uint32(gy), uint32(gz)},
		[3]uint32{uint32(bx), uint32(by), uint32(bz)}, uint32(shared), uint64(stream), args))
}

//export softStreamCreate
func softStreamCreate(stream *C.u64, flags C.uint) C.int {
	s, err := served.StreamCreate()
	return give(stream, s, err)
}

//export softStreamDestroy
func softStreamDestroy(stream C.u64) C.int { return code(served.StreamDestroy(uint64(stream))) }

//export softStreamSynchronize
func softStreamSynchronize(stream C.u64) C.int {
	return code(served.StreamSynchronize(uint64(stream)))
}

//export softStreamQuery
func softStreamQuery(stream C.u64) C.int {
	done, err := served.StreamQuery(uint64(stream))
	if err == nil && !done {
		return 600 // CUDA_ERROR_NOT_READY
	}
	return code(err)
}

//export softEventCreate
func softEventCreate(event *C.u64, flags C.uint) C.int {
	e, err := served.EventCreate()
	return give(event, e, err)
}

//export softEventDestroy
func softEventDestroy(event C.u64) C.int { return code(served.EventDestroy(uint64(event))) }

//export softEventRecord
func softEventRecord(event, stream C.u64) C.int {
	return code(served.EventRecord(uint64(event), uint64(stream)))
}

//export softEventSynchronize
func softEventSynchronize(event C.u64) C.int { return 0 }

//export softEventElapsedTime
func softEventElapsedTime(ms *C.float, start, end C.u64) C.int {
	t, err := served.EventElapsed(uint64(start), uint64(end))
	*ms = C.float(t)
	return code(err)
}

//export softStreamBeginCapture
func softStreamBeginCapture(stream C.u64, mode C.int) C.int {
	return code(served.CaptureBegin(uint64(stream)))
}

// A graph of cuda.Driver is ready to launch: instantiating it returns the same number.

//export softStreamEndCapture
func softStreamEndCapture(stream C.u64, graph *C.u64) C.int {
	g, err := served.CaptureEnd(uint64(stream))
	return give(graph, g, err)
}

//export softGraphInstantiate
func softGraphInstantiate(exec *C.u64, graph, flags C.u64) C.int {
	return give(exec, uint64(graph), nil)
}

//export softGraphDestroy
func softGraphDestroy(graph C.u64) C.int { return 0 }

//export softGraphLaunch
func softGraphLaunch(exec, stream C.u64) C.int {
	return code(served.GraphLaunch(uint64(exec), uint64(stream)))
}

//export softGraphExecDestroy
func softGraphExecDestroy(exec C.u64) C.int { return code(served.GraphDestroy(uint64(exec))) }

//export softGetErrorString
func softGetErrorString(result C.int, dst **C.char) C.int {
	*dst = failure
	return 0
}
