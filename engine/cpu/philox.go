package cpu

import "gangpu/internal/philox"

// philoxGo draws words from a block on.
//
//	for i := range words: words[i] = philox.Block({block + i/4, stream, step, 0}, seed)[i%4]
func philoxGo(seed uint64, stream, step, block uint32, words []uint32) {
	for ; len(words) > 0; block++ {
		w := philox.Block([4]uint32{block, stream, step}, seed)
		words = words[copy(words, w[:]):]
	}
}
