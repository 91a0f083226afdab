// Package philox is the counter-based random number generator of everything that a run draws.
package philox

const (
	m0, m1 = 0xD2511F53, 0xCD9E8D57 // multipliers
	w0, w1 = 0x9E3779B9, 0xBB67AE85 // what the key grows by each round
	rounds = 10
)

// Block is Philox4x32-10 (Salmon et al., 2011, "Parallel random numbers: as easy as 1, 2, 3"): the four words of a
// counter and a key, whose first word is the low half of seed.
func Block(counter [4]uint32, seed uint64) [4]uint32 {
	c0, c1, c2, c3 := counter[0], counter[1], counter[2], counter[3]
	k0, k1 := uint32(seed), uint32(seed>>32)
	for range rounds {
		p0 := m0 * uint64(c0)
		p1 := m1 * uint64(c2)
		c0, c1, c2, c3 = uint32(p1>>32)^c1^k0, uint32(p1), uint32(p0>>32)^c3^k1, uint32(p0)
		k0 += w0
		k1 += w1
	}
	return [4]uint32{c0, c1, c2, c3}
}
