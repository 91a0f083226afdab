package collective

import (
	"errors"
	"fmt"
	"time"

	"gangpu/engine/expr"
	"gangpu/engine/program"
)

// Linked is a device that can exchange memory with those of the other ranks, where it lies.
type Linked interface {
	program.Device
	Linked() bool
	// Exchange enqueues that send[i] goes to each other rank i, and that recv[i] is filled with what that one sends here. An
	// exchange that others do not come to is an error of what waits for the device.
	Exchange(send, recv []program.Part) error
}

// Adder adds arrays of all ranks: a [Sum], or a [DeviceSum].
type Adder interface {
	// Add puts the sum in the place of the first n elements of a rank's array of float32. Ranks say in it whether they were
	// asked to stop, and what error they have: it returns the first rank that was asked to stop, -1 if none was, and a
	// *SharedError on all ranks if one of them has an error; the arrays are of no use then.
	Add(limit time.Duration, m program.Memory, n int, stop bool, mine error) (stopped int, err error)
	Close() error
}

// NewAdder prepares to add arrays of at most so many elements, on the device where that is linked.
func NewAdder(g Group, dev program.Device, longest int) (Adder, error) {
	if d, ok := dev.(Linked); ok && d.Linked() {
		return NewDeviceSum(g, d, longest)
	}
	return NewSum(g, longest)
}

// DeviceSum adds as [Sum] does, to the same bits, but moves slices from device to device and adds them there:
//
//	slice r of all ranks goes to rank r, which adds them in the tree, and sends the sum to all.
//
// Through the group the ranks only tell each other that they are there, before each sum. It returns before the device is
// done.
type DeviceSum struct {
	words
	g          Group
	dev        Linked
	longest    int
	parts      program.Memory // a slice of each rank; this one's own stays in its array
	out, in    [][]byte       // words
	send, recv []program.Part
	sums       []*sliceSum
}

// sliceSum adds slices of one array.
type sliceSum struct {
	m     program.Memory
	n     int
	slice int                // elements, but of the last ones
	run   program.Executable // nil if this rank's slice is empty
}

// sliceAlign has slices begin where vectors of four numbers do.
const sliceAlign = 4

// NewDeviceSum prepares to add arrays of at most so many elements.
func NewDeviceSum(g Group, dev Linked, longest int) (*DeviceSum, error) {
	n := g.Size()
	if n&(n-1) != 0 {
		return nil, fmt.Errorf("%d ranks cannot be added in a binary tree: want a power of two", n)
	}
	s := &DeviceSum{g: g, dev: dev, longest: longest, send: make([]program.Part, n), recv: make([]program.Part, n)}
	for range n {
		s.out, s.in = append(s.out, make([]byte, header)), append(s.in, make([]byte, header))
	}
	var err error
	s.parts, err = dev.Alloc("slices of other ranks", program.Float32, n*sliceOf(longest, n))
	return s, err
}

// sliceOf is the length of a slice of n numbers.
func sliceOf(n, ranks int) int { return (n + ranks*sliceAlign - 1) / (ranks * sliceAlign) * sliceAlign }

// at is slice i: its first element, and its length.
func (a *sliceSum) at(i int) (first, n int) {
	first = min(i*a.slice, a.n)
	return first, min(a.n-first, a.slice)
}

// Add implements [Adder].
func (s *DeviceSum) Add(limit time.Duration, m program.Memory, n int, stop bool, mine error) (stopped int, err error) {
	a, err := s.of(m, n)
	mine = errors.Join(mine, err)
	s.stopped = -1
	rank := s.g.Rank()
	s.next(s.out, uint64(n), stop, mine != nil)
	if err := s.g.Exchange(limit, s.out, s.in); err != nil {
		return s.stopped, err
	}
	copy(s.in[rank], s.out[rank])
	for i, b := range s.in {
		if err := s.hear(s.g, i, b, uint64(n)); err != nil {
			return s.stopped, err
		}
	}
	if s.said&saysFailed != 0 {
		return s.stopped, Share(s.g, limit, mine)
	}
	if err := s.enqueue(a); err != nil {
		return s.stopped, &BrokenError{err} // the others wait for this rank's device
	}
	return s.stopped, nil
}

func (s *DeviceSum) enqueue(a *sliceSum) error {
	rank := s.g.Rank()
	first, own := a.at(rank)
	for i := range s.send {
		of, n := a.at(i)
		s.send[i], s.recv[i] = program.Part{Memory: a.m, First: of, Len: n}, program.Part{Memory: s.parts, First: i * a.slice, Len: own}
	}
	if err := s.dev.Exchange(s.send, s.recv); err != nil {
		return err
	}
	if a.run != nil {
		if err := a.run.Run(); err != nil {
			return err
		}
	}
	for i := range s.send {
		of, n := a.at(i)
		s.send[i], s.recv[i] = program.Part{Memory: a.m, First: first, Len: own}, program.Part{Memory: a.m, First: of, Len: n}
	}
	return s.dev.Exchange(s.send, s.recv)
}

// of is how an array is added; what it takes is loaded when it is added first.
func (s *DeviceSum) of(m program.Memory, n int) (*sliceSum, error) {
	for _, a := range s.sums {
		if a.m == m && a.n == n {
			return a, nil
		}
	}
	if n > s.longest || n > m.Len() {
		return nil, fmt.Errorf("adding %d numbers of %d, at most %d", n, m.Len(), s.longest)
	}
	a := &sliceSum{m: m, n: n, slice: sliceOf(n, s.g.Size())}
	if _, own := a.at(s.g.Rank()); own > 0 {
		p, err := s.adds(a)
		if err != nil {
			return nil, err
		}
		if a.run, err = s.dev.Load(p, program.Bindings{"array": m, "parts": s.parts}); err != nil {
			return nil, err
		}
	}
	s.sums = append(s.sums, a)
	return a, nil
}

// adds is the program that adds this rank's slices, in their tree. A step adds up to mostAdded neighbours: a whole tree
// below, so that the next steps add what is left as the tree has it.
func (s *DeviceSum) adds(a *sliceSum) (*program.Program, error) {
	const mostAdded = 16
	first, own := a.at(s.g.Rank())
	left := make([]program.Arg, s.g.Size())
	for i := range left {
		left[i] = program.Arg{Storage: "parts", Offset: i * a.slice}
	}
	left[s.g.Rank()] = program.Arg{Storage: "array", Offset: first}
	p := &program.Program{Name: "add slices"}
	for result := (program.Arg{Storage: "array", Offset: first}); len(left) > 1; {
		each := min(len(left), mostAdded)
		shapes := make([][]int, each)
		for i := range shapes {
			shapes[i] = []int{own}
		}
		add := program.NewMap([]int{own}, func(x ...expr.Expr) expr.Expr { return treeOf(x) }, shapes...)
		var sums []program.Arg
		for i := 0; i < len(left); i += each {
			to := left[i]
			if len(left) == each {
				to = result
			}
			if err := p.Append("add", add, append(left[i:i+each:i+each], to)...); err != nil {
				return nil, err
			}
			sums = append(sums, to)
		}
		left = sums
	}
	return p, nil
}

// treeOf adds expressions, of which there are 2^k, in one binary tree.
func treeOf(x []expr.Expr) expr.Expr {
	if len(x) == 1 {
		return x[0]
	}
	return treeOf(x[:len(x)/2]).Add(treeOf(x[len(x)/2:]))
}

// Close frees what the sum holds on the device.
func (s *DeviceSum) Close() error {
	var errs []error
	for _, a := range s.sums {
		if a.run != nil {
			errs = append(errs, a.run.Close())
		}
	}
	return errors.Join(append(errs, s.parts.Free())...)
}
