package collective

import (
	"encoding/binary"
	"fmt"
	"time"
	"unsafe"

	"gangpu/engine/program"
)

// Sum adds arrays of all ranks, of which there are 2^k, in one binary tree over their numbers:
//
//	4 ranks: y = (x[0] + x[1]) + (x[2] + x[3])
//
// If each rank brings the sum of so many neighbouring parts, added in such a tree too, y is the sum of all parts in one
// binary tree: the same bits on any number of ranks. Each rank adds one slice of the arrays: as many bytes are moved as
// by an all-reduce in a ring.
type Sum struct {
	words
	g     Group
	slice int      // elements of a slice, at most
	out   [][]byte // a header, and a slice, for each rank
	in    [][]byte // from each rank
	parts [][]float32
	send  [][]byte
	recv  [][]byte
}

// words are what the ranks say beside their arrays.
type words struct {
	sequence uint64
	said     uint64 // by any rank, in the exchange at hand
	stopped  int    // the first rank that was asked to stop, -1 for none
}

const (
	saysStop   = 1 << iota // it was asked to stop
	saysFailed             // it has an error, and nothing to add
)

// header is a sequence number, the array's length, and a word.
const header = 8 + 8 + 8

// next begins an exchange: it writes what this rank says to all.
func (w *words) next(all [][]byte, whole uint64, stop, failed bool) {
	w.sequence++
	w.said = 0
	word := uint64(0)
	if stop {
		word |= saysStop
	}
	if failed {
		word |= saysFailed
	}
	for _, b := range all {
		binary.LittleEndian.PutUint64(b, w.sequence)
		binary.LittleEndian.PutUint64(b[8:], whole)
		binary.LittleEndian.PutUint64(b[16:], word)
	}
}

// hear reads what rank i says, which has to be at the same exchange.
func (w *words) hear(g Group, i int, b []byte, whole uint64) error {
	sequence, length := binary.LittleEndian.Uint64(b), binary.LittleEndian.Uint64(b[8:])
	if sequence != w.sequence || length != whole {
		return &BrokenError{fmt.Errorf("rank %d is at exchange %d of %d numbers, rank %d at exchange %d of %d",
			i, sequence, length, g.Rank(), w.sequence, whole)}
	}
	said := binary.LittleEndian.Uint64(b[16:])
	if said&saysStop != 0 && w.stopped < 0 {
		w.stopped = i
	}
	w.said |= said
	return nil
}

// most is the largest number of elements that are added at once.
const most = 4 << 20

// NewSum prepares to add arrays of at most so many elements.
func NewSum(g Group, longest int) (*Sum, error) {
	n := g.Size()
	if n&(n-1) != 0 {
		return nil, fmt.Errorf("%d ranks cannot be added in a binary tree: want a power of two", n)
	}
	s := &Sum{g: g, slice: (min(longest, most) + n - 1) / n,
		parts: make([][]float32, n), send: make([][]byte, n), recv: make([][]byte, n)}
	for range n {
		s.out, s.in = append(s.out, make([]byte, header+4*s.slice)), append(s.in, make([]byte, header+4*s.slice))
	}
	return s, nil
}

// Add implements [Adder].
func (s *Sum) Add(limit time.Duration, m program.Memory, n int, stop bool, mine error) (stopped int, err error) {
	s.stopped = -1
	for first := 0; first < n || first == 0; first += s.slice * s.g.Size() {
		local, err := s.add(limit, m, first, min(n-first, s.slice*s.g.Size()), uint64(n), stop, mine)
		if err != nil {
			return s.stopped, err
		}
		if s.said&saysFailed != 0 {
			return s.stopped, Share(s.g, limit, local)
		}
	}
	return s.stopped, nil
}

// add adds n elements from first on. It returns the error that the rank has told of, and one that ends all exchanges.
func (s *Sum) add(limit time.Duration, m program.Memory, first, n int, whole uint64, stop bool, mine error) (local, err error) {
	size, rank := s.g.Size(), s.g.Rank()
	slice := (n + size - 1) / size
	// What slice i is: its first element, and its length.
	at := func(i int) (begin, count int) {
		begin = min(i*slice, n)
		return first + begin, min(n-begin, slice)
	}
	_, own := at(rank)
	for i := range size {
		begin, count := at(i)
		s.send[i], s.recv[i] = s.out[i][:header+4*count], s.in[i][:header+4*own]
		if mine == nil {
			mine = program.ReadSlice(floats(s.send[i][header:]), m, begin)
		}
	}
	s.next(s.send, whole, stop, mine != nil)
	if err := s.g.Exchange(limit, s.send, s.recv); err != nil {
		return mine, err
	}
	for i := range size {
		b := s.recv[i]
		if i == rank {
			b = s.send[i]
		}
		if err := s.hear(s.g, i, b, whole); err != nil {
			return mine, err
		}
		s.parts[i] = floats(b[header:])
	}
	if s.said&saysFailed != 0 {
		return mine, nil
	}
	for step := 1; step < size; step *= 2 {
		for i := 0; i < size; i += 2 * step {
			addTo(s.parts[i], s.parts[i+step])
		}
	}
	sum := s.parts[0]
	for i := range size {
		_, count := at(i)
		s.send[i], s.recv[i] = program.AsBytes(sum), s.out[i][header:][:4*count]
	}
	if err := s.g.Exchange(limit, s.send, s.recv); err != nil {
		return nil, err
	}
	for i := range size {
		begin, _ := at(i)
		y := floats(s.recv[i])
		if i == rank {
			y = sum
		}
		if err := program.WriteSlice(m, begin, y); err != nil {
			return nil, err
		}
	}
	return nil, nil
}

// Close frees nothing: a Sum holds nothing but memory of Go's.
func (s *Sum) Close() error { return nil }

// addTo computes x[i] += y[i].
func addTo(x, y []float32) {
	for i, v := range y[:len(x)] {
		x[i] += v
	}
}

func floats(b []byte) []float32 {
	return unsafe.Slice((*float32)(unsafe.Pointer(unsafe.SliceData(b))), len(b)/4)
}
