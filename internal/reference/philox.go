package reference

import (
	"math/bits"

	"gangpu/engine/program"
)

// Block is Philox4x32-10 (Salmon et al., 2011): four words that are a function of the counter
// and the key.
func Block(counter [4]uint32, key [2]uint32) [4]uint32 {
	const (
		multiplier0, multiplier1 = 0xD2511F53, 0xCD9E8D57
		weyl0, weyl1             = 0x9E3779B9, 0xBB67AE85
		rounds                   = 10
	)
	for range rounds {
		hi0, lo0 := bits.Mul32(multiplier0, counter[0])
		hi1, lo1 := bits.Mul32(multiplier1, counter[2])
		counter = [4]uint32{hi1 ^ counter[1] ^ key[0], lo1, hi0 ^ counter[3] ^ key[1], lo0}
		key[0] += weyl0
		key[1] += weyl1
	}
	return counter
}

// Word is the word of element i of an operation that draws at a step.
func Word(d program.Draw, step uint32, i int) uint32 {
	i += d.First
	return Block([4]uint32{uint32(i / 4), d.Stream, step, 0},
		[2]uint32{uint32(d.Seed), uint32(d.Seed >> 32)})[i%4]
}
