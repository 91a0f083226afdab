package ptxemu

import (
	"encoding/binary"
	"math/bits"
)

var le = binary.LittleEndian

type access uint8

const (
	accessRead access = iota
	accessWrite
	accessAtomic
)

func (a access) verb() string { return [...]string{"reads", "writes", "updates"}[a] }

// bytes returns the n bytes at addr of a lane's space, checked for what acc does to them, or nil after a fault.
func (w *warp) bytes(in *inst, sp space, lane int, addr, n uint64, acc access) []byte {
	if addr&(n-1) != 0 {
		w.failCode(codeMisaligned, in, lane, "misaligned: %s %d bytes at %#x (%s)", acc.verb(), n, addr, w.where(sp, addr))
		return nil
	}
	if sp == spaceGeneric {
		switch addr >> 48 {
		case sharedWindow >> 48:
			sp, addr = spaceShared, addr-sharedWindow
		case localWindow >> 48:
			sp, addr = spaceLocal, addr-localWindow
		default:
			sp = spaceGlobal
		}
	}
	switch sp {
	case spaceShared:
		s := &w.blk.shared
		if size := uint64(len(s.data)); size < n || addr > size-n {
			w.failCode(codeIllegalAddress, in, lane, "%s %d bytes at shared address %#x, past the block's %d bytes of shared memory",
				acc.verb(), n, addr, size)
			return nil
		}
		if w.checks && !w.checkShared(in, lane, int(addr), int(n), acc) {
			return nil
		}
		return s.data[addr : addr+n]
	case spaceLocal:
		size := uint64(w.k.localBytes)
		if size < n || addr > size-n {
			w.failCode(codeIllegalAddress, in, lane, "%s %d bytes at local address %#x, past the thread's %d bytes of local memory",
				acc.verb(), n, addr, size)
			return nil
		}
		o := uint64(lane)*size + addr
		if w.checks {
			if acc == accessWrite {
				fill(w.localInit[o:o+n], 1)
			} else if !allSet(w.localInit[o : o+n]) {
				w.fail(in, lane, "%s %d bytes of local memory at %#x that the thread has never written", acc.verb(), n, addr)
				return nil
			}
		}
		return w.local[o : o+n]
	case spaceParam:
		p := w.blk.run.params
		if size := uint64(len(p)); size < n || addr > size-n {
			w.failCode(codeIllegalAddress, in, lane, "%s %d bytes at offset %d of %d bytes of parameters", acc.verb(), n, addr, size)
			return nil
		}
		return p[addr : addr+n]
	}
	return w.globalBytes(in, lane, addr, n, acc)
}

func (w *warp) globalBytes(in *inst, lane int, addr, n uint64, acc access) []byte {
	a := w.blk.hints[in.slot]
	if a == nil || a.size < n || addr-a.base > a.size-n {
		if a = w.blk.run.mem.find(addr); a == nil {
			w.failCode(codeIllegalAddress, in, lane, "%s %d bytes at global address %#x: %s", acc.verb(), n, addr, w.blk.run.mem.near(addr))
			return nil
		}
		if a.size < n || addr-a.base > a.size-n {
			w.failCode(codeIllegalAddress, in, lane, "%s %d bytes at global address %#x, past the end of %s", acc.verb(), n, addr, a.describe(addr))
			return nil
		}
		w.blk.hints[in.slot] = a
	}
	o := addr - a.base
	if w.checks && !w.checkGlobal(in, lane, a, o, n, acc) {
		return nil
	}
	if a.readOnly && acc != accessRead {
		w.failCode(codeIllegalAddress, in, lane, "%s constant memory: %s", acc.verb(), a.describe(addr))
		return nil
	}
	return a.data[o : o+n]
}

// where describes an address for a message.
func (w *warp) where(sp space, addr uint64) string {
	if sp == spaceGlobal || sp == spaceConst || sp == spaceGeneric && addr>>48 == 0 {
		if a := w.blk.run.mem.find(addr); a != nil {
			return a.describe(addr)
		}
		return w.blk.run.mem.near(addr)
	}
	return sp.String() + " memory"
}

func allSet(b []byte) bool {
	for _, v := range b {
		if v == 0 {
			return false
		}
	}
	return true
}

// execLd: regs = [a + offset].
func execLd(w *warp, in *inst) {
	if in.space == spaceShared && in.size == 4 && len(in.regs) == 1 && in.extend == 0 && w.loadShared32(in) {
		return
	}
	w.countAccess(in, false)
	base := w.src(in.a)
	size := uint64(in.size)
	n := size * uint64(len(in.regs))
	for m := w.act; m != 0; m &= m - 1 {
		i := bits.TrailingZeros32(m) & 31
		b := w.bytes(in, in.space, i, base[i]+in.offset, n, accessRead)
		if b == nil {
			return
		}
		for _, r := range in.regs {
			v := loadBytes(b, in.size)
			if in.extend != 0 {
				v = signExtend(v, in.size, in.extend)
			}
			w.regs[r][i] = v
			b = b[size:]
		}
	}
}

func loadBytes(b []byte, size uint8) uint64 {
	switch size {
	case 4:
		return uint64(le.Uint32(b))
	case 8:
		return le.Uint64(b)
	case 2:
		return uint64(le.Uint16(b))
	}
	return uint64(b[0])
}

func storeBytes(b []byte, size uint8, v uint64) {
	switch size {
	case 4:
		le.PutUint32(b, uint32(v))
	case 8:
		le.PutUint64(b, v)
	case 2:
		le.PutUint16(b, uint16(v))
	default:
		b[0] = byte(v)
	}
}

// signExtend widens a value of size bytes to a register of width bytes.
func signExtend(v uint64, size, width uint8) uint64 {
	s := 64 - 8*uint(size)
	v = uint64(int64(v<<s) >> s)
	if width < 8 {
		v &= 1<<(8*width) - 1
	}
	return v
}

// execSt: [a + offset] = regs.
func execSt(w *warp, in *inst) {
	w.countAccess(in, true)
	base := w.src(in.a)
	size := uint64(in.size)
	n := size * uint64(len(in.regs))
	for m := w.act; m != 0; m &= m - 1 {
		i := bits.TrailingZeros32(m) & 31
		b := w.bytes(in, in.space, i, base[i]+in.offset, n, accessWrite)
		if b == nil {
			return
		}
		for _, r := range in.regs {
			storeBytes(b, in.size, w.src(r)[i])
			b = b[size:]
		}
	}
}

// loadShared32 is execLd for the loads of inner loops; false means that it did nothing.
func (w *warp) loadShared32(in *inst) bool {
	s := &w.blk.shared
	if len(s.data) < 4 {
		return false
	}
	base, d := w.src(in.a), &w.regs[in.regs[0]]
	limit := uint64(len(s.data) - 4)
	first := bits.TrailingZeros32(w.act) & 31
	addr := base[first] + in.offset
	uniform := w.act == fullMask
	for i := 0; i < warpSize && uniform; i++ {
		uniform = base[i] == base[first]
	}
	if uniform && addr&3 == 0 && addr <= limit && !w.checks {
		w.counts.sharedBytes += 4 * warpSize
		v := uint64(le.Uint32(s.data[addr:]))
		for i := range d {
			d[i] = v
		}
		return true
	}
	if w.checks {
		return w.loadShared32Checked(in, uniform)
	}
	for m := w.act; m != 0; m &= m - 1 {
		i := bits.TrailingZeros32(m) & 31
		addr := base[i] + in.offset
		if addr&3 != 0 || addr > limit {
			return false
		}
	}
	w.counts.sharedBytes += 4 * uint64(bits.OnesCount32(w.act))
	if w.act == fullMask {
		for i := range d {
			d[i] = uint64(le.Uint32(s.data[base[i]+in.offset:]))
		}
		return true
	}
	for m := w.act; m != 0; m &= m - 1 {
		i := bits.TrailingZeros32(m) & 31
		d[i] = uint64(le.Uint32(s.data[base[i]+in.offset:]))
	}
	return true
}

// loadShared32Checked checks as bytes does; on a finding it gives up and lets bytes word it.
func (w *warp) loadShared32Checked(in *inst, uniform bool) bool {
	s := &w.blk.shared
	if s.granule != 2 {
		return false
	}
	base, d := w.src(in.a), &w.regs[in.regs[0]]
	limit := uint64(len(s.data) - 4)
	if uniform {
		// One word, read by all lanes: the record of one lane, then of several.
		addr := base[0] + in.offset
		if addr&3 != 0 || addr > limit || le.Uint32(s.written[addr:]) != 0x01010101 {
			return false
		}
		for lane := range 2 {
			if _, ok := s.noteRead(s.record(w, lane), int(addr), 4); !ok {
				return false
			}
		}
		w.counts.sharedBytes += 4 * warpSize
		v := uint64(le.Uint32(s.data[addr:]))
		for i := range d {
			d[i] = v
		}
		return true
	}
	mine := s.record(w, 0)
	readers := s.readers
	for m := w.act; m != 0; m &= m - 1 {
		i := bits.TrailingZeros32(m) & 31
		addr := base[i] + in.offset
		if addr&3 != 0 || addr > limit || le.Uint32(s.written[addr:]) != 0x01010101 {
			return false
		}
		g := addr >> 2
		mine := mine + accessRecord(i)
		if rd := readers[g]; rd == mine || rd&recordWarps != 0 && rd>>recordEpochShift == accessRecord(s.now) {
			if s.writers[g]>>recordEpochShift != accessRecord(s.now) {
				continue
			}
		}
		if _, ok := s.noteRead(mine, int(addr), 4); !ok {
			return false
		}
	}
	w.counts.sharedBytes += 4 * uint64(bits.OnesCount32(w.act))
	if base == d {
		w.tmp = *base
		base = &w.tmp
	}
	for m := w.act; m != 0; m &= m - 1 {
		i := bits.TrailingZeros32(m) & 31
		d[i] = uint64(le.Uint32(s.data[base[i]+in.offset:]))
	}
	return true
}

// copyLocal copies bytes between frames for the active lanes, with their shadow.
func (w *warp) copyLocal(c frameCopy) {
	for m := w.act; m != 0; m &= m - 1 {
		base := (bits.TrailingZeros32(m) & 31) * w.k.localBytes
		copy(w.local[base+c.to:][:c.bytes], w.local[base+c.from:])
		if w.checks {
			copy(w.localInit[base+c.to:][:c.bytes], w.localInit[base+c.from:])
		}
	}
}
