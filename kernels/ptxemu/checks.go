package ptxemu

import (
	"math/bits"
	"slices"
)

// uses are the registers whose contents an instruction reads and writes, beyond those that every path to it
// has certainly written.
type uses struct {
	reads, writes         []int32
	predReads, predWrites []int32
}

func (w *warp) checkGuard(in *inst) bool {
	if missing := w.mask &^ w.predDone[in.guard]; missing != 0 {
		w.fail(in, bits.TrailingZeros32(missing), "the guard is a predicate that was never written")
		return false
	}
	return true
}

// checkRegisters finds reads of registers that the lane has never written, and notes what is written.
func (w *warp) checkRegisters(in *inst, pc int) bool {
	u := &w.k.uses[pc]
	for _, r := range u.reads {
		if missing := w.act &^ w.written[r]; missing != 0 {
			w.fail(in, bits.TrailingZeros32(missing), "reads a register that was never written: %s", w.k.registerName(r))
			return false
		}
	}
	for _, p := range u.predReads {
		if missing := w.act &^ w.predDone[p]; missing != 0 {
			w.fail(in, bits.TrailingZeros32(missing), "reads a predicate that was never written")
			return false
		}
	}
	for _, r := range u.writes {
		w.written[r] |= w.act
	}
	for _, p := range u.predWrites {
		w.predDone[p] |= w.act
	}
	return true
}

func (w *warp) checkShared(in *inst, lane, o, n int, acc access) bool {
	s := &w.blk.shared
	written := s.written[o : o+n]
	if acc != accessWrite && !allSet(written) {
		if w.blk.copying(o, n) {
			w.fail(in, lane, "%s %d bytes of shared memory at %#x before the cp.async that fills them was waited for", acc.verb(), n, o)
		} else {
			w.fail(in, lane, "%s %d bytes of shared memory at %#x that the block has never written", acc.verb(), n, o)
		}
		return false
	}
	switch acc {
	case accessRead:
		if old, ok := s.noteRead(s.record(w, lane), o, n); !ok {
			w.race(in, lane, o, "reads", old, "wrote")
			return false
		}
	case accessWrite:
		fill(written, 1)
		return w.noteSharedWrite(in, lane, o, n)
	}
	return true
}

func (w *warp) noteSharedWrite(in *inst, lane, o, n int) bool {
	s := &w.blk.shared
	old, wasWrite, ok := s.noteWrite(s.record(w, lane), o, n)
	if !ok {
		verb := "read"
		if wasWrite {
			verb = "wrote"
		}
		w.race(in, lane, o, "writes", old, verb)
	}
	return ok
}

func (w *warp) race(in *inst, lane, o int, does string, old accessRecord, did string) {
	t := uint32(old & recordThread)
	b := w.blk.run.block
	w.fail(in, lane, "shared-memory race: %s shared address %#x, which thread (%d,%d,%d) %s since the last barrier", does, o,
		t%b[0], t/b[0]%b[1], t/b[0]/b[1], did)
}

func (w *warp) checkGlobal(in *inst, lane int, a *allocation, o, n uint64, acc access) bool {
	addr := a.base + o
	stamp := w.blk.stamp
	if acc != accessWrite && !a.written(o, n) {
		whose := ""
		if i := slices.IndexFunc(a.init[o:o+n], func(mark byte) bool { return mark != a.mark && mark != 0 }); i >= 0 {
			whose = ", where something else was written"
		}
		w.fail(in, lane, "%s %d bytes of global memory at %#x that were never written: %s%s", acc.verb(), n, addr, a.describe(addr), whose)
		return false
	}
	switch acc {
	case accessWrite:
		fill(a.init[o:o+n], a.mark)
		if a.readOnly {
			return true
		}
		for at := o; n >= 4 && at < o+n; at += 4 {
			if other := a.noteWrite(at, stamp); other >= 0 {
				w.fail(in, lane, "global-memory race: writes %#x, which block %s of this launch has written: %s",
					addr, w.blk.run.blockName(other), a.describe(addr))
				return false
			}
		}
	case accessRead:
		for at := o &^ 3; at < o+n; at += 4 {
			other := a.writer(at, stamp)
			if other < 0 {
				continue
			}
			if in.readOnly {
				w.fail(in, lane, "reads through the read-only cache what this launch has written: %s", a.describe(addr))
				return false
			}
			if other != int(uint32(stamp))-1 && !w.blk.fenced {
				w.fail(in, lane, "global-memory race: reads %#x, which block %s of this launch has written: %s",
					addr, w.blk.run.blockName(other), a.describe(addr))
				return false
			}
		}
	}
	return true
}

// written reports whether n bytes were written: by way of a itself if it is a window, or else by anyone.
func (a *allocation) written(o, n uint64) bool {
	b := a.init[o : o+n]
	word := uint64(a.mark) * 0x01010101_01010101
	switch len(b) {
	case 4:
		if le.Uint32(b) == uint32(word) {
			return true
		}
	case 8:
		if le.Uint64(b) == word {
			return true
		}
	case 16:
		if le.Uint64(b) == word && le.Uint64(b[8:]) == word {
			return true
		}
	}
	return !slices.ContainsFunc(b, func(mark byte) bool { return mark == 0 || a.window && mark != a.mark })
}
