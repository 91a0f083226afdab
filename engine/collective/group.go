// Package collective joins the ranks of a run: processes, perhaps on several machines, or goroutines of one process,
// that train one model together. A [Group] moves bytes between them and computes nothing. [Sum] adds their arrays in
// one order that depends on no library and on no number of ranks.
package collective

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

// Group is the ranks of a run, as one of them sees it. All ranks call Exchange in the same order, from one goroutine at
// a time.
type Group interface {
	// Rank is this one's number, from 0, and Size the number of all.
	Rank() int
	Size() int
	// Local is this rank's number among those of its machine, and the number of them.
	Local() (rank, size int)
	// Host is the name of the machine that a rank runs on; empty if all are goroutines of one process.
	Host(rank int) string
	// Library is what moves the bytes, with its version.
	Library() string
	// Exchange sends send[i] to each other rank i, and fills recv[i] with what that one sends here: as many bytes as that
	// rank sends. Either may be empty. It is a *LostError if some do not come within the limit; the group is of no use
	// after any error. It allocates nothing.
	Exchange(limit time.Duration, send, recv [][]byte) error
	// Abort ends all ranks with an exit code, as far as the library can. It may not return.
	Abort(code int)
	// Close leaves the group in good order. All ranks do so, or Abort.
	Close() error
}

// LostError is ranks that did not come to an exchange.
type LostError struct {
	Ranks  []int    // that are missing; none if that is not known
	Hosts  []string // of those
	Waited time.Duration
}

func (e *LostError) Error() string {
	if len(e.Ranks) == 0 {
		return fmt.Sprintf("another rank did not come within %v", e.Waited)
	}
	var names []string
	for i, r := range e.Ranks {
		names = append(names, RankName(r, e.Hosts[i]))
	}
	return fmt.Sprintf("%s did not come within %v", strings.Join(names, " and "), e.Waited)
}

// lost is the error of ranks that did not come.
func lost(g Group, ranks []int, waited time.Duration) error {
	e := &LostError{Ranks: ranks, Waited: waited}
	for _, r := range ranks {
		e.Hosts = append(e.Hosts, g.Host(r))
	}
	return e
}

// RankName is what errors call a rank: "rank 3 on node07".
func RankName(rank int, host string) string {
	if host == "" {
		return fmt.Sprintf("rank %d", rank)
	}
	return fmt.Sprintf("rank %d on %s", rank, host)
}

// SharedError is an error that all ranks know of. The one that it happened on has it in Err, the others in words.
type SharedError struct {
	Rank int // -1 if it is all of them
	Host string
	Err  error
}

func (e *SharedError) Error() string {
	if e.Rank < 0 {
		return e.Err.Error()
	}
	return fmt.Sprintf("%s: %v", RankName(e.Rank, e.Host), e.Err)
}

func (e *SharedError) Unwrap() error { return e.Err }

// BrokenError is a group that cannot go on: what its library says, or ranks that are not at the same exchange.
type BrokenError struct{ Err error }

func (e *BrokenError) Error() string { return e.Err.Error() }
func (e *BrokenError) Unwrap() error { return e.Err }

// HungError is a library that does not come back from a call.
type HungError struct{ Err error }

func (e *HungError) Error() string { return e.Err.Error() }
func (e *HungError) Unwrap() error { return e.Err }

// Ends reports whether after an error no exchange is possible, or none is due: it is shared, or ranks are lost.
func Ends(err error) bool {
	return IsShared(err) || errors.As(err, new(*LostError)) || errors.As(err, new(*BrokenError))
}

// IsShared reports whether an error is one that all ranks know of.
func IsShared(err error) bool { return errors.As(err, new(*SharedError)) }
