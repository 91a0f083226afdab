package ptxtest

import (
	"encoding/binary"
	"fmt"
)

// memoryType is an element type of ld and st.
type memoryType struct {
	name   string
	bytes  int
	signed bool
}

var memoryTypes = []memoryType{
	{"b8", 1, false}, {"b16", 2, false}, {"b32", 4, false}, {"b64", 8, false},
	{"u8", 1, false}, {"u16", 2, false}, {"u32", 4, false}, {"u64", 8, false},
	{"s8", 1, true}, {"s16", 2, true}, {"s32", 4, true}, {"s64", 8, true},
	{"f32", 4, false}, {"f64", 8, false},
}

// constTable is the .const array of ld.const.ptx.
func constTable() []byte {
	b := make([]byte, 16)
	for i := range b {
		b[i] = byte(0x81 + 7*i)
	}
	return b
}

func bytesOf(r record) []byte {
	var b []byte
	for _, v := range r {
		b = binary.LittleEndian.AppendUint64(b, v)
	}
	return b
}

// element reads an element, with its sign if it has one.
func (ty memoryType) element(b []byte) uint64 {
	var word [8]byte
	copy(word[:], b[:ty.bytes])
	return intType{width: uint(8 * ty.bytes), signed: ty.signed}.value(binary.LittleEndian.Uint64(word[:]))
}

func (t table) memory() {
	for _, ty := range memoryTypes {
		for n, vector := range map[int]string{1: "", 2: ".v2", 4: ".v4"} {
			if n*ty.bytes > 16 {
				continue
			}
			tail := vector + "." + ty.name
			for _, op := range []string{"ld", "ld.global", "ld.global.ca", "ld.global.cg", "ld.global.cs", "ld.global.nc", "ld.shared", "ld.local", "ld.param"} {
				t.loads(op+tail, ty, n)
			}
			for _, op := range []string{"st", "st.global", "st.global.wb", "st.global.cg", "st.global.cs", "st.shared", "st.local", "st.param"} {
				t.stores(op+tail, ty, n)
			}
			for i := range n {
				t.among(fmt.Sprintf("ld.const%s %d", tail, i), func([]record, int) uint64 { return ty.element(constTable()[i*ty.bytes:]) })
			}
			if n == 1 {
				for _, sp := range []string{"", ".global", ".shared"} {
					t.loads("ld.volatile"+sp+tail, ty, n)
					t.stores("st.volatile"+sp+tail, ty, n)
				}
			}
		}
	}
}

// loads: the memory holds the thread's record.
func (t table) loads(name string, ty memoryType, n int) {
	for i := range n {
		t.among(fmt.Sprintf("%s %d", name, i), func(in []record, thread int) uint64 { return ty.element(bytesOf(in[thread])[i*ty.bytes:]) })
	}
}

// stores: the low bits of a, b, ... over 16 bytes of 0xaa.
func (t table) stores(name string, ty memoryType, n int) {
	for half := range 2 {
		t.among(fmt.Sprintf("%s %d", name, half), func(in []record, thread int) uint64 {
			var b []byte
			for i := range n {
				b = append(b, bytesOf(record{in[thread][i]})[:ty.bytes]...)
			}
			for len(b) < 16 {
				b = append(b, 0xaa)
			}
			return binary.LittleEndian.Uint64(b[8*half:])
		})
	}
}

func (t table) atomics() {
	u32, s32, u64, s64 := intTypes[2], intTypes[3], intTypes[4], intTypes[5]
	b32, b64 := bitTypes[1], bitTypes[2]
	for _, sp := range []string{"", ".global", ".shared"} {
		op := func(name string, ty intType, f func(old, b, c uint64) uint64) {
			cut := func(a, b, c uint64) uint64 { return ty.low(f(ty.low(a), ty.low(b), ty.low(c))) }
			t.add("atom"+sp+"."+name+"."+ty.name+" old", func(a, _, _ uint64) uint64 { return ty.low(a) })
			t.add("atom"+sp+"."+name+"."+ty.name+" new", cut)
			if name != "exch" && name != "cas" {
				t.add("red"+sp+"."+name+"."+ty.name+" new", cut)
			}
		}
		for _, ty := range []intType{u32, s32, u64, s64} {
			if ty != s64 {
				op("add", ty, func(a, b, _ uint64) uint64 { return a + b })
			}
			op("min", ty, func(a, b, _ uint64) uint64 { return choose(ty.less(a, b), a, b) })
			op("max", ty, func(a, b, _ uint64) uint64 { return choose(ty.less(a, b), b, a) })
		}
		op("inc", u32, func(a, b, _ uint64) uint64 { return choose(a >= b, 0, a+1) })
		op("dec", u32, func(a, b, _ uint64) uint64 { return choose(a == 0 || a > b, b, a-1) })
		for _, ty := range []intType{b32, b64} {
			op("and", ty, func(a, b, _ uint64) uint64 { return a & b })
			op("or", ty, func(a, b, _ uint64) uint64 { return a | b })
			op("xor", ty, func(a, b, _ uint64) uint64 { return a ^ b })
			op("exch", ty, func(_, b, _ uint64) uint64 { return b })
			op("cas", ty, func(a, b, c uint64) uint64 { return choose(a == b, c, a) })
		}
	}
	t.among("atom.add contended", func(in []record, _ int) uint64 {
		var sum uint64
		for _, r := range in {
			sum += r[0] & 255
		}
		return sum
	})
}

// async: what thread 127-t has copied over 16 bytes of 0xaa.
func (t table) async() {
	copied := func(name string, f func(r record, thread int, cell []byte)) {
		for half := range 2 {
			t.among(fmt.Sprintf("%s %d", name, half), func(in []record, thread int) uint64 {
				cell := bytesOf(record{untouched, untouched})[:16]
				other := Threads - 1 - thread
				f(in[other], other, cell)
				return binary.LittleEndian.Uint64(cell[8*half:])
			})
		}
	}
	for _, n := range []int{4, 8, 16} {
		copied(fmt.Sprintf("cp.async.ca.shared.global %d", n), func(r record, _ int, cell []byte) { copy(cell[:n], bytesOf(r)) })
	}
	copied("cp.async.cg.shared.global 16", func(r record, _ int, cell []byte) { copy(cell, bytesOf(r)[16:]) })
	copied("cp.async.ca.shared.global 8 source size", func(r record, thread int, cell []byte) {
		clear(cell[8:])
		copy(cell[8:], bytesOf(r)[:thread&7])
	})
	copied("cp.async.cg.shared.global 16 source size", func(r record, thread int, cell []byte) {
		clear(cell)
		copy(cell, bytesOf(r)[:thread&15])
	})
	copied("cp.async.wait_group 1", func(r record, _ int, cell []byte) { copy(cell, bytesOf(r)) })
}
