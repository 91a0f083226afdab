package collective

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"gangpu/engine/cpu"
	"gangpu/engine/program"
)

// together runs a function as each rank of a group, and returns their errors.
func together(size int, f func(g Group) error) []error {
	errs := make([]error, size)
	var wg sync.WaitGroup
	for i, g := range Local(size) {
		wg.Go(func() { errs[i] = f(g) })
	}
	wg.Wait()
	return errs
}

// tree is the sum of parts in one binary tree.
func tree(parts [][]float32) []float32 {
	if len(parts) == 1 {
		return parts[0]
	}
	a, b := tree(parts[:len(parts)/2]), tree(parts[len(parts)/2:])
	y := make([]float32, len(a))
	for i := range y {
		y[i] = a[i] + b[i]
	}
	return y
}

// The sum of eight parts has the same bits on 1, 2, 4 and 8 ranks, each of which brings its parts as a tree adds them:
// of arrays that are shorter than a slice a rank, of lengths that do not divide, and of more than one piece.
func TestSumIsTheSameOnAnyNumberOfRanks(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for _, n := range []int{1, 3, 100, 1001} {
		var parts [][]float32
		for range 8 {
			x := make([]float32, n)
			for i := range x {
				x[i] = float32(rng.NormFloat64())
			}
			parts = append(parts, x)
		}
		want := tree(parts)
		for size := 1; size <= 8; size *= 2 {
			for _, slice := range []int{0, 7} {
				errs := together(size, func(g Group) error {
					dev, err := cpu.Open(cpu.Options{Threads: 1})
					if err != nil {
						return err
					}
					defer dev.Close()
					m, err := dev.Alloc("x", program.Float32, n+1)
					if err != nil {
						return err
					}
					own := 8 / size
					x := append(slices.Clone(tree(parts[g.Rank()*own:][:own])), 7)
					s, err := NewSum(g, n)
					if err != nil {
						return err
					}
					if slice > 0 {
						s.slice = min(slice, s.slice)
					}
					for range 2 {
						if err := program.WriteSlice(m, 0, x); err != nil {
							return err
						}
						stopped, err := s.Add(time.Minute, m, n, g.Rank() == size-1, nil)
						if err != nil || stopped != size-1 {
							return fmt.Errorf("stopped by %d: %w", stopped, err)
						}
						y := make([]float32, n+1)
						if err := program.ReadSlice(y, m, 0); err != nil {
							return err
						}
						if !slices.Equal(y[:n], want) || y[n] != 7 {
							return errors.New("the sum has other bits, or goes beyond its end")
						}
					}
					return nil
				})
				for rank, err := range errs {
					if err != nil {
						t.Errorf("%d numbers, rank %d of %d, slices of %d: %v", n, rank, size, slice, err)
					}
				}
			}
		}
	}
}

// An error of one rank ends the sum on all, and they can go on together.
func TestErrorIsShared(t *testing.T) {
	mine := errors.New("the disk is on fire")
	for rank, err := range together(4, func(g Group) error {
		dev, err := cpu.Open(cpu.Options{Threads: 1})
		if err != nil {
			return err
		}
		defer dev.Close()
		m, err := dev.Alloc("x", program.Float32, 8)
		if err != nil {
			return err
		}
		s, err := NewSum(g, 8)
		if err != nil {
			return err
		}
		var of error
		if g.Rank() == 2 {
			of = mine
		}
		_, failed := s.Add(time.Minute, m, 8, false, of)
		if _, err := s.Add(time.Minute, m, 8, false, nil); err != nil {
			return err
		}
		return failed
	}) {
		if !IsShared(err) || err.Error() != "rank 2: the disk is on fire" || errors.Is(err, mine) != (rank == 2) {
			t.Errorf("rank %d: %v", rank, err)
		}
	}
}

func TestGatherAndBroadcast(t *testing.T) {
	for rank, err := range together(3, func(g Group) error {
		all, err := Gather(g, time.Minute, []byte(strings.Repeat("x", g.Rank())))
		if err != nil {
			return err
		}
		for i, of := range all {
			if string(of) != strings.Repeat("x", i) {
				return fmt.Errorf("rank %d brought %q", i, of)
			}
		}
		data := []byte("what rank 0 has")
		if g.Rank() > 0 {
			data = nil
		}
		if data, err = Broadcast(g, time.Minute, data); err != nil || string(data) != "what rank 0 has" {
			return fmt.Errorf("got %q: %w", data, err)
		}
		return nil
	}) {
		if err != nil {
			t.Errorf("rank %d: %v", rank, err)
		}
	}
}

// Ranks that differ are named, with what differs, on all ranks.
func TestAgree(t *testing.T) {
	for rank, err := range together(4, func(g Group) error {
		facts := []Fact{{"version", "1"}, {"batch", "8"}}
		if err := Agree(g, time.Minute, facts); err != nil {
			return err
		}
		if g.Rank()%2 == 1 {
			facts[1].Value = "16"
		}
		return Agree(g, time.Minute, facts)
	}) {
		if !IsShared(err) || err.Error() != "rank 1 and rank 3 have another batch than rank 0: 16 instead of 8" {
			t.Errorf("rank %d: %v", rank, err)
		}
	}
}

// A rank that does not come is named when the time is over.
func TestLostRankIsNamed(t *testing.T) {
	for rank, err := range together(3, func(g Group) error {
		if g.Rank() == 1 {
			return nil
		}
		_, err := Gather(g, 50*time.Millisecond, nil)
		return err
	}) {
		var lost *LostError
		if rank != 1 && (!errors.As(err, &lost) || !slices.Equal(lost.Ranks, []int{1})) {
			t.Errorf("rank %d: %v", rank, err)
		}
	}
}
