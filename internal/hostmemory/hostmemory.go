// Package hostmemory tells how much of the host's memory this process may use: the machine's, or less where a
// container (a cgroup, version 1 or 2) or a shell (ulimit -v, ulimit -d) sets a limit. Past a limit the system ends
// the process without a word, and so does Go, so what needs much memory asks here first.
package hostmemory

import (
	"fmt"
	"math"
	"os"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
)

// reserve is left free: stacks, garbage, what the kernel counts for a process.
const reserve = 16 << 20

// A limit is one on memory that this process is subject to.
type limit struct {
	name  string // to be read after "of"
	bytes uint64
	used  uint64 // of it, by this process and by others
}

func (l limit) free() uint64 {
	if l.used+reserve >= l.bytes {
		return 0
	}
	return l.bytes - l.used - reserve
}

// State is how this process stands to the limit that it would reach first.
type State struct {
	Limit string // what sets it, to be read after "of"
	Total uint64 // bytes of the limit
	Free  uint64 // bytes that this process may yet take
}

// Now measures. ok is false where no limit is known.
func Now() (s State, ok bool) {
	for _, l := range limits("/", inUse()) {
		if !ok || l.free() < s.Free {
			s, ok = State{l.name, l.bytes, l.free()}, true
		}
	}
	return s, ok
}

// Total is the smallest limit's bytes, whatever is used of it; 0 if no limit is known.
func Total() uint64 {
	total := uint64(0)
	for _, l := range limits("/", inUse()) {
		if total == 0 || l.bytes < total {
			total = l.bytes
		}
	}
	return total
}

// Error is what there is no memory for.
type Error struct {
	What string // as the subject of a sentence
	Need uint64 // bytes
	State
}

func (e *Error) Error() string {
	const mib = 1 << 20
	return fmt.Sprintf("%s would take %.1f MiB of memory, and %.1f MiB of %s (%.1f MiB) are free",
		e.What, float64(e.Need)/mib, float64(e.Free)/mib, e.Limit, float64(e.Total)/mib)
}

// Lacks reports whether there are not so many bytes to be had, and how this process stands.
func Lacks(need uint64) (State, bool) {
	s, ok := Now()
	if ok && need > s.Free {
		runtime.GC() // what is garbage can be had again
		s, ok = Now()
	}
	return s, ok && need > s.Free
}

// Check returns an *Error if there are not so many bytes to be had. what is as Error.What is.
func Check(what string, need uint64) error {
	if s, lacks := Lacks(need); lacks {
		return &Error{what, need, s}
	}
	return nil
}

// ReadFile reads a whole file that is regular, if it and as much again for what it is decoded to find room.
func ReadFile(path string) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("reading %s: not a regular file", path)
	}
	if err := Check("reading "+path, 2*uint64(info.Size())); err != nil {
		return nil, err
	}
	return os.ReadFile(path)
}

// LimitGarbage has Go collect its garbage before a limit is reached, unless the user has set Go's own limit.
func LimitGarbage() {
	if s, ok := Now(); ok && os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(int64(min(inUse().mapped()+s.Free, math.MaxInt64)))
	}
}

// usage is the memory that Go has from the system, in bytes.
type usage struct {
	total    uint64 // address space
	free     uint64 // of that, what holds nothing at present
	released uint64 // of that, what was given back to the system and is still address space
}

// live holds arrays or garbage, whether it was written to or not.
func (u usage) live() uint64 { return u.mapped() - u.free }

func (u usage) mapped() uint64 { return u.total - u.released }

func inUse() usage {
	samples := []metrics.Sample{{Name: "/memory/classes/total:bytes"}, {Name: "/memory/classes/heap/free:bytes"},
		{Name: "/memory/classes/heap/released:bytes"}}
	metrics.Read(samples)
	return usage{samples[0].Value.Uint64(), samples[1].Value.Uint64(), samples[2].Value.Uint64()}
}
