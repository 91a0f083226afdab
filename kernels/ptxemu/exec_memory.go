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
	a := w.allocation(in, addr, n)
	if a == nil {
		if a = w.blk.run.mem.find(addr); a == nil {
			w.failCode(codeIllegalAddress, in, lane, "%s %d bytes at global address %#x: %s", acc.verb(), n, addr, w.blk.run.mem.near(addr))
		} else {
			w.failCode(codeIllegalAddress, in, lane, "%s %d bytes at global address %#x, past the end of %s", acc.verb(), n, addr, a.describe(addr))
		}
		return nil
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

// allocation returns the one that holds n bytes at addr, or nil. Mostly it is that of the instruction's last access.
func (w *warp) allocation(in *inst, addr, n uint64) *allocation {
	a := w.blk.hints[in.slot]
	if a == nil || a.size < n || addr-a.base > a.size-n {
		if a = w.blk.run.mem.find(addr); a == nil || a.size < n || addr-a.base > a.size-n {
			return nil
		}
		w.blk.hints[in.slot] = a
	}
	return a
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
	if in.space == spaceShared && in.size == 4 && in.extend == 0 && w.loadSharedWords(in) {
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

// loadSharedWords is execLd for the loads of inner loops: one to four words from shared memory. It checks all
// lanes before it loads anything; false means that something is wrong, and that execLd shall find out what.
func (w *warp) loadSharedWords(in *inst) bool {
	s := &w.blk.shared
	n := 4 * len(in.regs)
	if len(s.data) < n || w.checks && s.granule != 2 {
		return false
	}
	base := w.src(in.a)
	limit, align := uint64(len(s.data)-n), uint64(n-1)
	first := base[bits.TrailingZeros32(w.act)&31]
	uniform := true
	for m := w.act; m != 0; m &= m - 1 {
		addr := base[bits.TrailingZeros32(m)&31]
		uniform = uniform && addr == first
		if addr += in.offset; addr&align != 0 || addr > limit {
			return false
		}
	}
	if w.checks && !w.checkSharedWords(in, base, n, uniform) {
		return false
	}
	w.counts.sharedBytes += uint64(n) * uint64(bits.OnesCount32(w.act))
	if w.blk.traffic != nil {
		w.countWavefronts(base, in.offset, uint64(n), w.act)
	}
	if uniform {
		for k, r := range in.regs {
			w.tmp.splat(uint64(le.Uint32(s.data[first+in.offset+4*uint64(k):])))
			if w.act == fullMask {
				w.regs[r] = w.tmp
			} else {
				w.blend(r, &w.tmp)
			}
		}
		return true
	}
	addrs := *base // which the load may overwrite
	for k, r := range in.regs {
		d, offset := &w.regs[r], in.offset+4*uint64(k)
		for m := w.act; m != 0; m &= m - 1 {
			i := bits.TrailingZeros32(m) & 31
			d[i] = uint64(le.Uint32(s.data[addrs[i]+offset:]))
		}
	}
	return true
}

// checkSharedWords finds what checkShared finds, and notes the reads.
func (w *warp) checkSharedWords(in *inst, base *lanes, n int, uniform bool) bool {
	s := &w.blk.shared
	left := w.act
	if uniform {
		// Of lanes that read the same words two stand for all: a writer of this warp is not ordered with one of
		// them, and the record after the second says that there are several.
		second := left & (left - 1)
		left = left&-left | second&-second
	}
	mine := s.record(w, 0)
	for m := left; m != 0; m &= m - 1 {
		i := bits.TrailingZeros32(m) & 31
		o := int(base[i] + in.offset)
		for at := o; at < o+n; at += 4 {
			if le.Uint32(s.written[at:]) != 0x01010101 {
				return false
			}
		}
		if _, ok := s.noteRead(mine+accessRecord(i), o, n); !ok {
			return false
		}
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
