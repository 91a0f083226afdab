//go:build gpu && linux && cgo && (amd64 || arm64)

package nccl

/*
#cgo LDFLAGS: -ldl -lpthread
#include <stdlib.h>
#include "nccl.h"
*/
import "C"

import (
	"errors"
	"fmt"
	"sync"
	"time"
	"unsafe"

	"gangpu/engine/collective"
	"gangpu/engine/cuda"
)

// Use names the library to bind in the place of Library, or none by "". Call it before anything of NCCL.
func Use(library string) {
	C.gangpu_nccl_use(C.CString(library)) // which keeps it
}

// Hook leads a function of NCCL to a C function of this process, and reports whether it is one that is called. For a NCCL in
// software; call it before anything else of NCCL.
func Hook(function string, to unsafe.Pointer) bool {
	name := C.CString(function)
	defer C.free(unsafe.Pointer(name))
	return C.gangpu_nccl_hook(name, to) != 0
}

// Version is that of the machine's NCCL, "2.30.7", or an error that says why there is none.
func Version() (string, error) {
	var v C.int
	if why := C.GoString(C.gangpu_nccl_load(&v)); why != "" {
		return "", errors.New(why)
	}
	if v < 10000 { // before 2.9
		return fmt.Sprintf("%d.%d.%d", v/1000, v/100%10, v%100), nil
	}
	return fmt.Sprintf("%d.%d.%d", v/10000, v/100%100, v%100), nil
}

// failed makes an error of NCCL's result.
func failed(call string, result C.int) error {
	if result == 0 {
		return nil
	}
	var text [512]C.char
	C.gangpu_nccl_error(result, &text[0], C.int(len(text)))
	return fmt.Errorf("%s: %s", call, C.GoString(&text[0]))
}

const idBytes = 128

// UniqueID is a new name by which ranks find each other. The library waits for them at an address that is in it.
func UniqueID() ([]byte, error) {
	if _, err := Version(); err != nil {
		return nil, err
	}
	id := make([]byte, idBytes)
	return id, failed("ncclGetUniqueId", C.gangpu_nccl_id((*C.char)(unsafe.Pointer(&id[0]))))
}

// Link links a device with those of the other ranks, all of which call it. If some cannot, none is linked, and why says the
// reason, the same on all ranks. Ranks have to come within the limit, and later to each exchange.
func Link(g collective.Group, dev *cuda.Device, limit time.Duration) (why string, err error) {
	version, err := Version()
	reason := ""
	if err != nil {
		reason = err.Error()
	}
	l := &links{device: dev, rank: g.Rank(), size: g.Size()}
	l.enqueue = l.run
	if why, err = join(g, limit, version, reason, UniqueID, func(id []byte) error { return l.begin(id, limit) }); why != "" || err != nil {
		return why, errors.Join(err, l.abort())
	}
	dev.Link(l, limit)
	return "", nil
}

// links is a communicator of NCCL.
type links struct {
	device     *cuda.Device
	rank, size int
	comm       unsafe.Pointer // nil if it has none, or it was given up

	// What is exchanged next, as run takes it.
	stream     uint64
	send, recv []cuda.Range
	enqueue    func() error
}

// begin makes the communicator. The library itself waits for ever.
func (l *links) begin(id []byte, limit time.Duration) error {
	type made struct {
		comm unsafe.Pointer
		err  error
	}
	var mu sync.Mutex
	late := false
	done := make(chan made, 1)
	go func() {
		var comm unsafe.Pointer
		err := l.device.Within(func() error {
			at := (*unsafe.Pointer)(C.calloc(1, C.size_t(unsafe.Sizeof(comm))))
			defer C.free(unsafe.Pointer(at))
			rc := C.gangpu_nccl_init(at, C.int(l.size), (*C.char)(unsafe.Pointer(&id[0])), C.int(l.rank))
			comm = *at
			return failed("ncclCommInitRank", rc)
		})
		mu.Lock()
		defer mu.Unlock()
		if late && comm != nil {
			C.gangpu_nccl_abort(comm)
			return
		}
		done <- made{comm, err}
	}()
	select {
	case m := <-done:
		if m.err == nil {
			l.comm = m.comm
		}
		return m.err
	case <-time.After(limit):
		mu.Lock()
		defer mu.Unlock()
		late = true
		select {
		case m := <-done: // just now
			if m.comm != nil {
				C.gangpu_nccl_abort(m.comm)
			}
		default:
		}
		return fmt.Errorf("NCCL has not brought the GPUs together within %v", limit)
	}
}

func (l *links) Exchange(stream uint64, send, recv []cuda.Range) error {
	l.stream, l.send, l.recv = stream, send, recv
	return l.device.Within(l.enqueue)
}

func (l *links) run() error {
	if l.comm == nil {
		return errors.New("the links to other GPUs were given up")
	}
	return failed("an exchange by NCCL", C.gangpu_nccl_exchange(l.comm, C.ulonglong(l.stream), C.int(l.rank), C.int(l.size),
		(*C.ulonglong)(unsafe.Pointer(unsafe.SliceData(l.send))), (*C.ulonglong)(unsafe.Pointer(unsafe.SliceData(l.recv)))))
}

func (l *links) Failure() error {
	if l.comm == nil {
		return nil
	}
	return failed("NCCL", C.gangpu_nccl_failure(l.comm))
}

func (l *links) Abort(waited time.Duration) error {
	return errors.Join(&collective.LostError{Waited: waited}, l.abort())
}

func (l *links) abort() error {
	if l.comm == nil {
		return nil
	}
	comm := l.comm
	l.comm = nil
	return l.device.Within(func() error { return failed("ncclCommAbort", C.gangpu_nccl_abort(comm)) })
}

func (l *links) Close() error {
	if l.comm == nil {
		return nil
	}
	comm := l.comm
	l.comm = nil
	return l.device.Within(func() error { return failed("ncclCommDestroy", C.gangpu_nccl_destroy(comm)) })
}
