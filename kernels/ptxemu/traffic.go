package ptxemu

import (
	"math/bits"
	"sync/atomic"
)

const (
	sectorBytes = 32
	sharedBanks = 32
)

// sectorMarks hold for each sector of an allocation the last launch, or block, that loaded and stored it.
type sectorMarks struct{ loaded, stored []uint32 }

func newSectorMarks(bytes uint64) *sectorMarks {
	n := (bytes + sectorBytes - 1) / sectorBytes
	return &sectorMarks{loaded: make([]uint32, n), stored: make([]uint32, n)}
}

func (s *sectorMarks) of(store bool) []uint32 {
	if store {
		return s.stored
	}
	return s.loaded
}

// traffic is what a worker remembers of the sectors that its blocks have touched.
type traffic struct {
	block uint32 // counts the blocks that it has run
	seen  map[*allocation]*sectorMarks
	words [sharedBanks][warpSize]uint32 // of countWavefronts
}

func (t *traffic) marks(a *allocation) *sectorMarks {
	m := t.seen[a]
	if m == nil {
		m = newSectorMarks(a.size)
		t.seen[a] = m
	}
	return m
}

// takeTraffic returns one that no worker uses.
func (l *launch) takeTraffic() *traffic {
	l.mu.Lock()
	defer l.mu.Unlock()
	free := *l.traffic
	if len(free) == 0 {
		return &traffic{seen: map[*allocation]*sectorMarks{}}
	}
	*l.traffic = free[:len(free)-1]
	return free[len(free)-1]
}

// countTraffic counts the sectors that n bytes of each lane of mask touch and that the launch, or the block, has not
// touched before in the same way.
func (w *warp) countTraffic(in *inst, base *lanes, n uint64, mask uint32, store bool) {
	t, now := w.blk.traffic, uint32(w.blk.stamp>>32)
	var a *allocation
	var launch, block []uint32
	last := ^uint64(0)
	for m := mask; m != 0; m &= m - 1 {
		addr := base[bits.TrailingZeros32(m)&31] + in.offset
		b := w.allocation(in, addr, n)
		if b == nil {
			return // the access is about to fail
		}
		if b != a {
			a, last = b, ^uint64(0)
			launch, block = a.marks.of(store), t.marks(a).of(store)
		}
		for s := (addr - a.base) / sectorBytes; s <= (addr-a.base+n-1)/sectorBytes; s++ {
			if s == last || block[s] == t.block {
				continue
			}
			block[s], last = t.block, s
			w.counts.blockSectors++
			if atomic.LoadUint32(&launch[s]) != now && atomic.SwapUint32(&launch[s], now) != now {
				w.counts.launchSectors++
			}
		}
	}
}

// countWavefronts counts how often an access of n bytes of each lane of mask visits shared memory: a bank gives or
// takes one word at a time, and a word that several lanes want counts once.
func (w *warp) countWavefronts(base *lanes, offset, n uint64, mask uint32) {
	words := &w.blk.traffic.words
	var used [sharedBanks]uint8
	most := uint8(0)
	for m := mask; m != 0; m &= m - 1 {
		first := uint32(base[bits.TrailingZeros32(m)&31]+offset) / 4
	next:
		for word := first; word < first+uint32(n+3)/4; word++ {
			bank := word % sharedBanks
			for _, old := range words[bank][:used[bank]] {
				if old == word {
					continue next
				}
			}
			words[bank][used[bank]] = word
			used[bank]++
			most = max(most, used[bank])
		}
	}
	w.counts.wavefronts += uint64(most)
}
