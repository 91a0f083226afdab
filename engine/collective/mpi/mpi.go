//go:build cgo && (linux || darwin)

package mpi

/*
#cgo linux LDFLAGS: -ldl
#include <stdlib.h>
#include "mpi.h"
*/
import "C"

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"strings"
	"sync/atomic"
	"time"
	"unsafe"

	"gangpu/engine/collective"
)

// group is the ranks of MPI_COMM_WORLD.
type group struct {
	rank, size           int
	localRank, localSize int
	hosts                []string
	library              string
	pinner               runtime.Pinner
	exchanges            atomic.Int64
	watch                *time.Timer // of the exchange at hand
	// Tables in C's memory. Addresses are numbers there: the collector may not see pointers that are stale.
	send, recv       []uintptr
	sendLen, recvLen []C.int
	missing          []C.char
}

// Open joins the ranks that were launched. They have to come within the limit. Where the library does not come back from an
// exchange, a *collective.HungError is given to hung, which has to end the process: nothing else can.
func Open(l Launch, limit time.Duration, hung func(error)) (collective.Group, error) {
	if err := load(l); err != nil {
		return nil, err
	}
	g := &group{}
	begun := make(chan error, 1)
	go func() { // the library itself waits for ever
		var rank, size C.int
		var version [512]C.char
		if code := C.gangpu_mpi_init(&rank, &size, &version[0], C.int(len(version))); code != 0 {
			begun <- fmt.Errorf("starting MPI: %s", words(code))
			return
		}
		g.rank, g.size = int(rank), int(size)
		g.library = shortened(C.GoString(&version[0]))
		begun <- nil
	}()
	select {
	case err := <-begun:
		if err != nil {
			return nil, err
		}
	case <-time.After(limit):
		return nil, &collective.HungError{Err: fmt.Errorf("MPI has not brought the ranks together within %v: some were not started, or cannot be reached", limit)}
	}
	if l.Size > 0 && l.Size != g.size {
		return nil, fmt.Errorf("%s started %d ranks, and the library %s finds %d: is it of another MPI? %s names the right one",
			l.Launcher, l.Size, g.library, g.size, LibraryVariable)
	}
	g.send, g.recv = table[uintptr](g.size), table[uintptr](g.size)
	g.sendLen, g.recvLen = table[C.int](g.size), table[C.int](g.size)
	g.missing = table[C.char](g.size)
	g.hosts = make([]string, g.size)
	g.watch = time.AfterFunc(never, func() {
		hung(&collective.HungError{Err: fmt.Errorf("%s has not come back from exchange %d: it hangs", g.library, g.exchanges.Load())})
	})
	return g, g.findHosts(limit)
}

// shortened is what libraries tell of themselves, without all but name and version: "Open MPI v5.0.11", "MPICH 5.0.2".
func shortened(version string) string {
	version, _, _ = strings.Cut(version, "\n")
	version, _, _ = strings.Cut(version, ",")
	return strings.Join(strings.Fields(strings.Replace(version, "Version:", "", 1)), " ")
}

// table is memory of C's.
func table[T any](n int) []T {
	p := C.calloc(C.size_t(n), C.size_t(unsafe.Sizeof(*new(T))))
	return unsafe.Slice((*T)(p), n)
}

func load(l Launch) error {
	var why [512]C.char
	var tried []string
	for _, file := range l.candidates() {
		name := C.CString(file)
		rc := C.gangpu_mpi_load(name, C.int(dialectOf(file)), &why[0], C.int(len(why)))
		C.free(unsafe.Pointer(name))
		if rc == 0 {
			return nil
		}
		tried = append(tried, C.GoString(&why[0]))
	}
	return fmt.Errorf("%s started this rank, and its library cannot be loaded (%s); %s names the file of another",
		l.Launcher, strings.Join(tried, "; "), LibraryVariable)
}

// findHosts learns where the ranks are.
func (g *group) findHosts(limit time.Duration) error {
	host, err := os.Hostname()
	if err != nil {
		host = "a machine without a name"
	}
	// Two machines may have one name.
	boot, _ := os.ReadFile("/proc/sys/kernel/random/boot_id")
	all, err := collective.Gather(g, limit, []byte(host+"\x00"+string(boot)))
	if err != nil {
		return err
	}
	for i, of := range all {
		g.hosts[i], _, _ = strings.Cut(string(of), "\x00")
		if string(of) == string(all[g.rank]) {
			g.localSize++
			if i < g.rank {
				g.localRank++
			}
		}
	}
	return nil
}

func (g *group) Rank() int            { return g.rank }
func (g *group) Size() int            { return g.size }
func (g *group) Local() (int, int)    { return g.localRank, g.localSize }
func (g *group) Host(rank int) string { return g.hosts[rank] }
func (g *group) Library() string      { return g.library }

// never is longer than any process runs.
const never = 100 * 365 * 24 * time.Hour

func (g *group) Exchange(limit time.Duration, send, recv [][]byte) error {
	g.exchanges.Add(1)
	g.watch.Reset(limit + max(limit/10, time.Second)) // the call below ends by the limit itself, unless the library hangs in it
	defer g.watch.Stop()
	for i := range g.size {
		g.put(g.send, g.sendLen, i, send)
		g.put(g.recv, g.recvLen, i, recv)
	}
	rc := C.gangpu_mpi_exchange(C.int(g.rank), C.int(g.size), addresses(g.send), &g.sendLen[0], addresses(g.recv), &g.recvLen[0],
		C.double(limit.Seconds()), &g.missing[0])
	if rc == 0 {
		g.pinner.Unpin() // after an error the library may still write to the memory
		return nil
	}
	if rc > 0 {
		return &collective.BrokenError{Err: errors.New(words(rc))}
	}
	e := &collective.LostError{Waited: limit}
	for i, missing := range g.missing {
		if missing != 0 {
			e.Ranks, e.Hosts = append(e.Ranks, i), append(e.Hosts, g.hosts[i])
		}
	}
	return e
}

// put makes a buffer known to C.
func (g *group) put(at []uintptr, n []C.int, i int, of [][]byte) {
	at[i], n[i] = 0, 0
	if i != g.rank && len(of[i]) > 0 {
		p := unsafe.Pointer(unsafe.SliceData(of[i]))
		g.pinner.Pin(p)
		at[i], n[i] = uintptr(p), C.int(len(of[i]))
	}
}

func addresses(table []uintptr) *unsafe.Pointer { return (*unsafe.Pointer)(unsafe.Pointer(&table[0])) }

func words(code C.int) string {
	var text [512]C.char
	C.gangpu_mpi_error(code, &text[0], C.int(len(text)))
	return C.GoString(&text[0])
}

// Abort gives the library a few seconds to end all ranks: it may hang as they do. Launchers may lose what a rank prints right
// before.
func (g *group) Abort(code int) {
	go C.gangpu_mpi_abort(C.int(code))
	time.Sleep(5 * time.Second)
}

// closed says that the library has ended in good order.
var closed atomic.Bool

// Close waits for the other ranks to close, not for ever. The process then has to end by Exit.
func (g *group) Close() error {
	done := make(chan C.int, 1)
	go func() { done <- C.gangpu_mpi_finalize() }()
	select {
	case code := <-done:
		if code != 0 {
			return fmt.Errorf("ending MPI: %s", words(code))
		}
		closed.Store(true)
		return nil
	case <-time.After(time.Minute):
		return fmt.Errorf("ending MPI: other ranks did not end within a minute")
	}
}

// Exit ends the process, as os.Exit does; after Close it is C's exit, and runs what libraries have left for the end of the
// process. MPICH tells its launcher only there that a rank has ended in good order, and the launcher kills the other ranks
// of one that has not.
func Exit(code int) {
	if closed.Load() {
		C.exit(C.int(code))
	}
	os.Exit(code)
}
