package cpu

import (
	"math/rand/v2"
	"testing"
)

// The known answers are those of Random123's kat_vectors.
func TestPhiloxKnownAnswers(t *testing.T) {
	const ones = 0xffffffff
	for _, c := range []struct {
		counter [4]uint32
		seed    uint64
		want    [4]uint32
	}{
		{[4]uint32{}, 0, [4]uint32{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}},
		{[4]uint32{ones, ones, ones, ones}, 0xffffffff_ffffffff, [4]uint32{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}},
		{[4]uint32{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, 0x299f31d0_a4093822, [4]uint32{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}},
	} {
		if got := philox(c.counter, c.seed); got != c.want {
			t.Errorf("philox(%#x, %#x) = %#x, want %#x", c.counter, c.seed, got, c.want)
		}
	}
}

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
				if want := philox([4]uint32{block + uint32(i/4), stream, step}, seed)[i%4]; w != want {
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
