//go:build gpu && linux && cgo && (amd64 || arm64)

package softnccl_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"gangpu/engine/collective"
	"gangpu/engine/collective/nccl"
	"gangpu/engine/collective/nccl/softnccl"
	"gangpu/engine/cpu"
	"gangpu/engine/cuda"
	"gangpu/engine/program"
	"gangpu/kernels/ptxemu"
)

// together runs a function as each rank of a group, on emulated devices that NCCL links, and returns their errors.
func together(t *testing.T, size int, limit time.Duration, f func(g collective.Group, dev *cuda.Device) error) []error {
	t.Helper()
	if err := softnccl.Install(); err != nil {
		t.Fatal(err)
	}
	errs := make([]error, size)
	var wg sync.WaitGroup
	for i, g := range collective.Local(size) {
		wg.Go(func() {
			driver := softnccl.NewDevice(ptxemu.New(ptxemu.Options{Checks: true, Memory: 1 << 30, Workers: 1}))
			dev, err := cuda.Open(driver, 0, cuda.Options{})
			if err != nil {
				errs[i] = err
				return
			}
			defer dev.Close()
			why, err := nccl.Link(g, dev, limit)
			if why != "" {
				err = errors.New(why)
			}
			if err == nil {
				err = f(g, dev)
			}
			errs[i] = err
		})
	}
	wg.Wait()
	return errs
}

// Sums on the devices have the bits of those on the host: of fewer numbers than ranks, of lengths that do not divide, and of
// two arrays in turn.
func TestSum(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	draw := func(n int) []float32 {
		x := make([]float32, n)
		for i := range x {
			x[i] = float32(rng.NormFloat64())
		}
		return x
	}
	for _, size := range []int{1, 2, 4, 8, 32} {
		lengths := []int{1, 7, 1001}
		if size == 32 {
			lengths = []int{333}
		}
		arrays := map[int][][]float32{} // by length, of the ranks
		want := map[int][]float32{}
		for _, n := range lengths {
			for range size {
				arrays[n] = append(arrays[n], draw(n))
			}
			want[n] = onHost(t, arrays[n])
		}
		for rank, err := range together(t, size, time.Minute, func(g collective.Group, dev *cuda.Device) error {
			a, err := collective.NewAdder(g, dev, slices.Max(lengths))
			if err != nil {
				return err
			}
			if _, ok := a.(*collective.DeviceSum); !ok {
				return errors.New("a linked device is not used to add")
			}
			defer a.Close()
			memories := map[int]program.Memory{}
			for _, n := range lengths {
				if memories[n], err = dev.Alloc("x", program.Float32, n+1); err != nil {
					return err
				}
			}
			for range 3 {
				for _, n := range lengths {
					if err := program.WriteSlice(memories[n], 0, append(slices.Clone(arrays[n][g.Rank()]), 7)); err != nil {
						return err
					}
				}
				for _, n := range lengths {
					if stopped, err := a.Add(time.Minute, memories[n], n, g.Rank() == size-1, nil); err != nil || stopped != size-1 {
						return fmt.Errorf("stopped by %d: %w", stopped, err)
					}
				}
				for _, n := range lengths {
					y := make([]float32, n+1)
					if err := program.ReadSlice(y, memories[n], 0); err != nil {
						return err
					}
					if !slices.Equal(y[:n], want[n]) || y[n] != 7 {
						return fmt.Errorf("the sum of %d numbers has other bits, or goes beyond its end", n)
					}
				}
			}
			return nil
		}) {
			if err != nil {
				t.Errorf("rank %d of %d: %v", rank, size, err)
			}
		}
	}
}

// onHost is what ranks on the CPU add.
func onHost(t *testing.T, arrays [][]float32) []float32 {
	t.Helper()
	n := len(arrays[0])
	sums := make([][]float32, len(arrays))
	errs := make([]error, len(arrays))
	var wg sync.WaitGroup
	for i, g := range collective.Local(len(arrays)) {
		wg.Go(func() {
			errs[i] = func() error {
				dev, err := cpu.Open(cpu.Options{Threads: 1})
				if err != nil {
					return err
				}
				defer dev.Close()
				m, err := dev.Alloc("x", program.Float32, n)
				if err != nil {
					return err
				}
				s, err := collective.NewSum(g, n)
				if err != nil {
					return err
				}
				sums[i] = make([]float32, n)
				if err := program.WriteSlice(m, 0, arrays[i]); err != nil {
					return err
				}
				if _, err := s.Add(time.Minute, m, n, false, nil); err != nil {
					return err
				}
				return program.ReadSlice(sums[i], m, 0)
			}()
		})
	}
	wg.Wait()
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
	return sums[0]
}

// An error of one rank ends the sum on all before anything is exchanged, and they can go on together.
func TestErrorIsShared(t *testing.T) {
	mine := errors.New("the disk is on fire")
	for rank, err := range together(t, 4, time.Minute, func(g collective.Group, dev *cuda.Device) error {
		m, err := dev.Alloc("x", program.Float32, 8)
		if err != nil {
			return err
		}
		a, err := collective.NewAdder(g, dev, 8)
		if err != nil {
			return err
		}
		var of error
		if g.Rank() == 2 {
			of = mine
		}
		_, failed := a.Add(time.Minute, m, 8, false, of)
		if _, err := a.Add(time.Minute, m, 8, false, nil); err != nil {
			return err
		}
		return errors.Join(failed, dev.Sync())
	}) {
		if !collective.IsShared(err) || err.Error() != "rank 2: the disk is on fire" || errors.Is(err, mine) != (rank == 2) {
			t.Errorf("rank %d: %v", rank, err)
		}
	}
}

// A rank that is lost in the middle of an exchange ends those that wait for it, after the limit; their devices say so from
// then on.
func TestLostRank(t *testing.T) {
	for rank, err := range together(t, 2, 200*time.Millisecond, func(g collective.Group, dev *cuda.Device) error {
		if g.Rank() == 1 {
			return nil
		}
		m, err := dev.Alloc("x", program.Float32, 8)
		if err != nil {
			return err
		}
		part := []program.Part{{}, {Memory: m, Len: 8}}
		if err := dev.Exchange(part, part); err != nil {
			return err
		}
		y := make([]float32, 8)
		first := program.ReadSlice(y, m, 0)
		if again := program.ReadSlice(y, m, 0); !errors.Is(again, first) {
			return fmt.Errorf("%w, then %w", first, again)
		}
		return first
	}) {
		var lost *collective.LostError
		if rank == 0 && (!errors.As(err, &lost) || !strings.Contains(err.Error(), "an exchange of memory: another rank did not come within 2")) {
			t.Errorf("rank 0: %v", err)
		}
		if rank == 1 && err != nil {
			t.Errorf("rank 1: %v", err)
		}
	}
}
