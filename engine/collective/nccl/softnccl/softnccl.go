//go:build gpu && linux && cgo && (amd64 || arm64)

package softnccl

/*
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
typedef uint64_t u64;
typedef struct { char internal[128]; } id128;

// The exported functions, declared only: a file that exports may hold no C definitions.
extern int softNcclGetVersion(int*);
extern int softNcclGetUniqueId(id128*);
extern int softNcclCommInitRank(u64*, int, id128, int);
extern int softNcclCommDestroy(u64);
extern int softNcclCommAbort(u64);
extern int softNcclCommGetAsyncError(u64, int*);
extern char *softNcclGetErrorString(int);
extern char *softNcclGetLastError(u64);
extern int softNcclGroupStart(void);
extern int softNcclGroupEnd(void);
extern int softNcclSend(u64, size_t, int, int, u64, u64);
extern int softNcclRecv(u64, size_t, int, int, u64, u64);
*/
import "C"

import (
	"encoding/binary"
	"fmt"
	"sync"
	"unsafe"

	"gangpu/engine/collective/nccl"
)

// Results of NCCL.
const (
	success         = 0
	invalidArgument = 4
	invalidUsage    = 5
	remoteError     = 6
)

// theVersion is what the software calls itself: 2.0.0 in the numbers of NCCL 2.9 and later.
const theVersion = 20000

// world is the ranks that join under one name.
type world struct {
	size  int
	mu    sync.Mutex
	came  []bool
	full  chan struct{}   // closed when all have come
	boxes [][]chan []byte // from, to
}

// communicator is a rank's part in a world.
type communicator struct {
	world   *world
	rank    int
	aborted chan struct{}
	once    sync.Once
	mu      sync.Mutex
	failure int
}

// transfer is one send or receipt of a group.
type transfer struct {
	comm    *communicator
	send    bool
	address uint64
	bytes   int
	peer    int
}

// state is that of the library. No call holds the lock while it waits.
var state struct {
	sync.Mutex
	ids    uint64
	worlds map[uint64]*world
	comms  map[uint64]*communicator
	texts  map[int]*C.char
	last   *C.char
}

// Install serves NCCL in this process. Call it before anything of package nccl.
func Install() error {
	state.Lock()
	defer state.Unlock()
	if state.worlds != nil {
		return nil
	}
	state.worlds, state.comms = map[uint64]*world{}, map[uint64]*communicator{}
	state.texts = map[int]*C.char{success: C.CString("no error"), invalidArgument: C.CString("invalid argument"),
		invalidUsage: C.CString("invalid usage"), remoteError: C.CString("remote error")}
	state.last = C.CString("")
	for name, function := range map[string]unsafe.Pointer{
		"ncclGetVersion":        C.softNcclGetVersion,
		"ncclGetUniqueId":       C.softNcclGetUniqueId,
		"ncclCommInitRank":      C.softNcclCommInitRank,
		"ncclCommDestroy":       C.softNcclCommDestroy,
		"ncclCommAbort":         C.softNcclCommAbort,
		"ncclCommGetAsyncError": C.softNcclCommGetAsyncError,
		"ncclGetErrorString":    C.softNcclGetErrorString,
		"ncclGetLastError":      C.softNcclGetLastError,
		"ncclGroupStart":        C.softNcclGroupStart,
		"ncclGroupEnd":          C.softNcclGroupEnd,
		"ncclSend":              C.softNcclSend,
		"ncclRecv":              C.softNcclRecv,
	} {
		if !nccl.Hook(name, function) {
			return fmt.Errorf("serving NCCL in software: package nccl does not call %s", name)
		}
	}
	return nil
}

//export softNcclGetVersion
func softNcclGetVersion(version *C.int) C.int {
	*version = theVersion
	return success
}

//export softNcclGetUniqueId
func softNcclGetUniqueId(id *C.id128) C.int {
	state.Lock()
	defer state.Unlock()
	state.ids++
	binary.LittleEndian.PutUint64((*[8]byte)(unsafe.Pointer(id))[:], state.ids)
	return success
}

//export softNcclCommInitRank
func softNcclCommInitRank(comm *C.u64, size C.int, id C.id128, rank C.int) C.int {
	if currentDevice() == nil || rank < 0 || rank >= size {
		return invalidUsage
	}
	key := binary.LittleEndian.Uint64((*[8]byte)(unsafe.Pointer(&id))[:])
	w := worldOf(key, int(size))
	if !w.join(int(rank), int(size)) {
		return invalidUsage
	}
	<-w.full
	state.Lock()
	defer state.Unlock()
	state.ids++
	state.comms[state.ids] = &communicator{world: w, rank: int(rank), aborted: make(chan struct{})}
	*comm = C.u64(state.ids)
	return success
}

func worldOf(key uint64, size int) *world {
	state.Lock()
	defer state.Unlock()
	w := state.worlds[key]
	if w == nil {
		w = &world{size: size, came: make([]bool, size), full: make(chan struct{})}
		for range size {
			var to []chan []byte
			for range size {
				to = append(to, make(chan []byte, 4)) // more than are under way
			}
			w.boxes = append(w.boxes, to)
		}
		state.worlds[key] = w
	}
	return w
}

// join has a rank come, once.
func (w *world) join(rank, size int) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if size != w.size || w.came[rank] {
		return false
	}
	w.came[rank] = true
	for _, came := range w.came {
		if !came {
			return true
		}
	}
	close(w.full)
	return true
}

func communicatorOf(comm C.u64) *communicator {
	state.Lock()
	defer state.Unlock()
	return state.comms[uint64(comm)]
}

//export softNcclCommDestroy
func softNcclCommDestroy(comm C.u64) C.int {
	c := communicatorOf(comm)
	if c == nil {
		return invalidArgument
	}
	if d := currentDevice(); d != nil {
		d.settle()
	}
	return softNcclCommAbort(comm)
}

//export softNcclCommAbort
func softNcclCommAbort(comm C.u64) C.int {
	c := communicatorOf(comm)
	if c == nil {
		return invalidArgument
	}
	c.once.Do(func() { close(c.aborted) })
	state.Lock()
	defer state.Unlock()
	delete(state.comms, uint64(comm))
	return success
}

//export softNcclCommGetAsyncError
func softNcclCommGetAsyncError(comm C.u64, result *C.int) C.int {
	c := communicatorOf(comm)
	if c == nil {
		return invalidArgument
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	*result = C.int(c.failure)
	return success
}

//export softNcclGetErrorString
func softNcclGetErrorString(result C.int) *C.char { return state.texts[int(result)] }

//export softNcclGetLastError
func softNcclGetLastError(comm C.u64) *C.char { return state.last }

//export softNcclGroupStart
func softNcclGroupStart() C.int {
	d := currentDevice()
	if d == nil || len(d.group) > 0 {
		return invalidUsage
	}
	return success
}

//export softNcclSend
func softNcclSend(address C.u64, n C.size_t, kind, peer C.int, comm, stream C.u64) C.int {
	return add(comm, transfer{nil, true, uint64(address), int(n), int(peer)})
}

//export softNcclRecv
func softNcclRecv(address C.u64, n C.size_t, kind, peer C.int, comm, stream C.u64) C.int {
	return add(comm, transfer{nil, false, uint64(address), int(n), int(peer)})
}

func add(comm C.u64, t transfer) C.int {
	d := currentDevice()
	if t.comm = communicatorOf(comm); d == nil || t.comm == nil || t.peer < 0 || t.peer >= t.comm.world.size {
		return invalidArgument
	}
	d.group = append(d.group, t)
	return success
}

//export softNcclGroupEnd
func softNcclGroupEnd() C.int {
	d := currentDevice()
	if d == nil {
		return invalidUsage
	}
	group := d.group
	d.group = nil
	d.enqueue(func() {
		for _, send := range []bool{true, false} { // what is received may not overtake what is sent
			for _, t := range group {
				if t.send == send {
					t.do(d)
				}
			}
		}
	})
	return success
}

// do sends or receives, until the communicator is given up.
func (t transfer) do(d *Device) {
	c, w := t.comm, t.comm.world
	if d.frozen.Load() {
		<-c.aborted
		return
	}
	var err error
	if t.send {
		b := make([]byte, t.bytes)
		err = d.Driver.MemcpyDtoH(b, t.address)
		select {
		case w.boxes[c.rank][t.peer] <- b:
		case <-c.aborted:
		}
	} else {
		select {
		case b := <-w.boxes[t.peer][c.rank]:
			if len(b) != t.bytes {
				err = fmt.Errorf("%d bytes have come in the place of %d", len(b), t.bytes)
			} else {
				err = d.Driver.MemcpyHtoD(t.address, b)
			}
		case <-c.aborted:
		}
	}
	if err != nil {
		c.mu.Lock()
		c.failure = remoteError
		c.mu.Unlock()
	}
}
