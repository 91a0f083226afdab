package cpu

const (
	philoxM0, philoxM1 = 0xD2511F53, 0xCD9E8D57 // multipliers
	philoxW0, philoxW1 = 0x9E3779B9, 0xBB67AE85 // what the key grows by each round
	philoxRounds       = 10
)

// philox is Philox4x32-10 (Salmon et al., 2011): the four words of a counter and a key, whose
// first word is the low half of seed.
func philox(counter [4]uint32, seed uint64) [4]uint32 {
	c0, c1, c2, c3 := counter[0], counter[1], counter[2], counter[3]
	k0, k1 := uint32(seed), uint32(seed>>32)
	for range philoxRounds {
		p0 := philoxM0 * uint64(c0)
		p1 := philoxM1 * uint64(c2)
		c0, c1, c2, c3 = uint32(p1>>32)^c1^k0, uint32(p1), uint32(p0>>32)^c3^k1, uint32(p0)
		k0 += philoxW0
		k1 += philoxW1
	}
	return [4]uint32{c0, c1, c2, c3}
}

// philoxGo draws words from a block on.
//
//	for i := range words: words[i] = philox({block + i/4, stream, step, 0}, seed)[i%4]
func philoxGo(seed uint64, stream, step, block uint32, words []uint32) {
	for ; len(words) > 0; block++ {
		w := philox([4]uint32{block, stream, step}, seed)
		words = words[copy(words, w[:]):]
	}
}
