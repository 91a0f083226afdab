package selftest

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"gangpu/engine/collective"
	"gangpu/engine/program"
)

// Ranks checks what moves between the ranks of a group, on this one of them: pieces of each length to each other rank, and
// sums, which have to be those of one binary tree. All ranks call it.
func Ranks(g collective.Group, dev program.Device, limit time.Duration) (err error) {
	of := func(rank, n int) []byte {
		b := make([]byte, n)
		random := rand.NewChaCha8([32]byte{byte(rank), byte(rank >> 8)})
		_, _ = random.Read(b) // it returns no error
		return b
	}
	for _, n := range []int{0, 1, 4095, 3_000_001} {
		all, err := collective.Gather(g, limit, of(g.Rank(), n+g.Rank()))
		if err != nil {
			return fmt.Errorf("exchanging %d bytes: %w", n, err)
		}
		for rank, got := range all {
			if !bytes.Equal(got, of(rank, n+rank)) {
				return fmt.Errorf("exchanging %d bytes: those of %s arrive as others", n, collective.RankName(rank, g.Host(rank)))
			}
		}
	}
	values := func(rank, n int) []float32 {
		random := rand.New(rand.NewPCG(1, uint64(rank)))
		x := make([]float32, n)
		for i := range x {
			x[i] = float32(random.NormFloat64())
		}
		return x
	}
	for _, n := range []int{1, 1000, 1_000_003} {
		parts := make([][]float32, g.Size())
		for rank := range parts {
			parts[rank] = values(rank, n)
		}
		got := parts[g.Rank()]
		if got, err = sumOf(g, dev, limit, got); err != nil {
			return fmt.Errorf("adding %d numbers: %w", n, err)
		}
		parts[g.Rank()] = values(g.Rank(), n)
		for step := 1; step < len(parts); step *= 2 {
			for i := 0; i < len(parts); i += 2 * step {
				for j, v := range parts[i+step] {
					parts[i][j] += v
				}
			}
		}
		for i, want := range parts[0] {
			if got[i] != want {
				return fmt.Errorf("adding %d numbers: element %d is %v, want %v", n, i, got[i], want)
			}
		}
	}
	return nil
}

// sumOf adds arrays of all ranks by way of their devices.
func sumOf(g collective.Group, dev program.Device, limit time.Duration, x []float32) (_ []float32, err error) {
	m, err := dev.Alloc("numbers of all ranks", program.Float32, len(x))
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, m.Free()) }()
	adder, err := collective.NewAdder(g, dev, len(x))
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, adder.Close()) }()
	if err := program.WriteSlice(m, 0, x); err != nil {
		return nil, err
	}
	if _, err := adder.Add(limit, m, len(x), false, nil); err != nil {
		return nil, err
	}
	y := make([]float32, len(x))
	return y, program.ReadSlice(y, m, 0)
}
