package cpu

import (
	"math/rand/v2"
	"testing"

	"gangpu/internal/philox"
)

func TestPhiloxIsTheSameOnAllUnits(t *testing.T) {
	eachUnit(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(41, 42))
		for n := range 200 {
			seed, stream, step, block := r.Uint64(), r.Uint32(), r.Uint32(), r.Uint32()
			if n%4 == 0 {
				block = -uint32(n / 8) // wraps
			}
			words := make([]uint32, n+1)
			words[n] = 12345
			unit.philox(seed, stream, step, block, words[:n])
			threshold := r.Uint32()
			mask := make([]float32, n+1)
			mask[n] = guardWord
			unit.keep(threshold, 2, words[:n], mask[:n])
			for i, w := range words[:n] {
				if want := philox.Block([4]uint32{block + uint32(i/4), stream, step}, seed)[i%4]; w != want {
					t.Fatalf("word %d of %d is %#x, want %#x", i, n, w, want)
				}
				if want := w >= threshold; mask[i] != 0 != want || want && mask[i] != 2 {
					t.Fatalf("mask of word %#x is %v at threshold %#x", w, mask[i], threshold)
				}
			}
			if words[n] != 12345 || mask[n] != guardWord {
				t.Fatalf("wrote beyond %d words", n)
			}
		}
	})
}
