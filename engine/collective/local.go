package collective

import (
	"fmt"
	"time"
)

// local is a rank that is a goroutine of this process.
type local struct {
	rank  int
	size  int
	sent  [][]chan []byte   // from, to
	taken [][]chan struct{} // from, to: what was sent has been copied
	timer *time.Timer
}

// Local makes a group of ranks that are goroutines of this process.
func Local(size int) []Group {
	sent, taken := make([][]chan []byte, size), make([][]chan struct{}, size)
	for i := range size {
		for range size {
			sent[i], taken[i] = append(sent[i], make(chan []byte, 1)), append(taken[i], make(chan struct{}, 1))
		}
	}
	all := make([]Group, size)
	for i := range size {
		t := time.NewTimer(time.Hour)
		t.Stop()
		all[i] = &local{i, size, sent, taken, t}
	}
	return all
}

func (l *local) Rank() int         { return l.rank }
func (l *local) Size() int         { return l.size }
func (l *local) Local() (int, int) { return l.rank, l.size }
func (l *local) Host(int) string   { return "" }
func (l *local) Library() string   { return "goroutines" }
func (l *local) Abort(int)         {}
func (l *local) Close() error      { return nil }

func (l *local) Exchange(limit time.Duration, send, recv [][]byte) error {
	l.timer.Reset(limit)
	defer l.timer.Stop()
	for i, s := range send {
		if i != l.rank && len(s) > 0 {
			l.sent[l.rank][i] <- s // has room: what was sent before has been taken
		}
	}
	for i, r := range recv {
		if i == l.rank || len(r) == 0 {
			continue
		}
		select {
		case s := <-l.sent[i][l.rank]:
			if len(s) != len(r) {
				return &BrokenError{fmt.Errorf("rank %d sends %d bytes, rank %d waits for %d", i, len(s), l.rank, len(r))}
			}
			copy(r, s)
			l.taken[i][l.rank] <- struct{}{}
		case <-l.timer.C:
			return lost(l, l.missing(recv, i), limit)
		}
	}
	for i, s := range send {
		if i == l.rank || len(s) == 0 {
			continue
		}
		select {
		case <-l.taken[l.rank][i]:
		case <-l.timer.C:
			return lost(l, []int{i}, limit)
		}
	}
	return nil
}

// missing are the ranks from first on that have not sent what they are to.
func (l *local) missing(recv [][]byte, first int) []int {
	all := []int{first}
	for i := first + 1; i < l.size; i++ {
		if i != l.rank && len(recv[i]) > 0 && len(l.sent[i][l.rank]) == 0 {
			all = append(all, i)
		}
	}
	return all
}
