package ptxemu

// sharedMemory is a block's shared memory with the shadow that finds reads of bytes never written and races.
//
// For each granule (4 bytes, or fewer if the kernel has narrower accesses) the shadow remembers the last writer
// and the readers since the last barrier as an access record. Two accesses by different threads, at least
// one of them a write, race unless a barrier of the whole block lies between, or both threads are of one warp
// and the warp has executed bar.warp.sync, shfl.sync, vote.sync, match.sync or redux.sync between. Atomic
// operations take part in no race.
type sharedMemory struct {
	data    []byte
	written []byte // 1 for each byte written in this block
	granule uint
	writers []accessRecord
	readers []accessRecord
	now     uint64 // epoch: counts barriers, over all blocks that the worker runs
}

// accessRecord: epoch (26 bits), warp synchronisations within it (26), flags, thread (10).
type accessRecord uint64

const (
	recordEpochShift = 38
	recordSyncsShift = 12
	recordSyncsMask  = 1<<26 - 1
	recordLanes      = 1 << 11 // several lanes of the thread's warp
	recordWarps      = 1 << 10 // several warps
	recordThread     = 1<<10 - 1
)

func (s *sharedMemory) init(bytes int, granule uint, checks bool) {
	s.data, s.granule = make([]byte, bytes), granule
	if checks {
		s.written = make([]byte, bytes)
		s.writers = make([]accessRecord, (bytes>>granule)+1)
		s.readers = make([]accessRecord, (bytes>>granule)+1)
	}
}

// reset prepares for another block. The bytes keep their values: what a kernel reads without having
// written it should not look like zeros.
func (s *sharedMemory) reset() {
	clear(s.written)
	s.epoch()
}

// epoch begins a new interval between barriers.
func (s *sharedMemory) epoch() {
	if s.now++; s.now >= 1<<26 {
		clear(s.writers)
		clear(s.readers)
		s.now = 1
	}
}

func (s *sharedMemory) record(w *warp, lane int) accessRecord {
	return accessRecord(s.now<<recordEpochShift | (w.syncs&recordSyncsMask)<<recordSyncsShift | uint64(w.index*warpSize+lane))
}

// conflicts reports whether the access of old and mine, of the same epoch, are unordered.
func (old accessRecord) conflicts(mine accessRecord) bool {
	if old>>recordEpochShift != mine>>recordEpochShift {
		return false
	}
	if old&recordWarps != 0 || (old^mine)&recordThread>>5 != 0 {
		return true
	}
	sameSync := (old^mine)>>recordSyncsShift == 0
	return sameSync && (old&recordLanes != 0 || (old^mine)&recordThread != 0)
}

// noteRead checks and records a read of n bytes at o; it returns the record of a conflicting write.
func (s *sharedMemory) noteRead(mine accessRecord, o, n int) (accessRecord, bool) {
	for g := o >> s.granule; g <= (o+n-1)>>s.granule; g++ {
		if wr := s.writers[g]; wr>>recordEpochShift == mine>>recordEpochShift && wr.conflicts(mine) {
			return wr, false
		}
		rd := s.readers[g]
		switch {
		case rd == mine:
		case rd>>recordEpochShift != mine>>recordEpochShift:
			s.readers[g] = mine
		case rd&recordWarps != 0:
		case (rd^mine)&recordThread>>5 != 0:
			s.readers[g] = rd | recordWarps
		case (rd^mine)>>recordSyncsShift == 0:
			s.readers[g] = rd | recordLanes
		default:
			s.readers[g] = mine
		}
	}
	return 0, true
}

// noteWrite checks and records a write; it returns the record of a conflicting access.
func (s *sharedMemory) noteWrite(mine accessRecord, o, n int) (old accessRecord, wasWrite, ok bool) {
	for g := o >> s.granule; g <= (o+n-1)>>s.granule; g++ {
		if wr := s.writers[g]; wr.conflicts(mine) {
			return wr, true, false
		}
		if rd := s.readers[g]; rd.conflicts(mine) {
			return rd, false, false
		}
		s.writers[g] = mine
	}
	return 0, false, true
}
