package ptxtest

import (
	"math"
)

// reference says what a result should be, computed from PTX's definition of the instruction.
type reference struct {
	want  func(in []record, thread int) uint64
	equal func(got, want uint64) bool
}

// references holds the reference of each result: an instruction, and what tells apart several results of one.
var references = func() map[string]reference {
	t := table{}
	t.arithmetic()
	t.bits()
	t.selections()
	t.floats()
	t.comparisons()
	t.conversions()
	t.moves()
	t.memory()
	t.atomics()
	t.control()
	t.warps()
	t.async()
	t.matrices()
	return t
}()

type table map[string]reference

func exact(got, want uint64) bool { return got == want }

// number32 lets one NaN stand for another.
func number32(got, want uint64) bool {
	g, w := f32(got), f32(want)
	return got == want || g != g && w != w && got>>32 == 0
}

func number64(got, want uint64) bool {
	g, w := math.Float64frombits(got), math.Float64frombits(want)
	return got == want || g != g && w != w
}

// close32 allows an error relative to the result, or an absolute one.
func close32(relative, absolute float64) func(got, want uint64) bool {
	return func(got, want uint64) bool {
		g, w := float64(f32(got)), float64(f32(want))
		return number32(got, want) || math.Abs(g-w) <= relative*math.Abs(w)+absolute
	}
}

func f32(v uint64) float32 { return math.Float32frombits(uint32(v)) }

func f64(v uint64) float64 { return math.Float64frombits(v) }

func bits64(v float64) uint64 { return math.Float64bits(v) }

func boolean(v bool) uint64 {
	if v {
		return 1
	}
	return 0
}

// add adds the reference of a result that depends on a, b and c of the thread's own record.
func (t table) add(name string, f func(a, b, c uint64) uint64) { t.compared(name, exact, f) }

func (t table) compared(name string, equal func(got, want uint64) bool, f func(a, b, c uint64) uint64) {
	t.set(name, reference{func(in []record, i int) uint64 { return f(in[i][0], in[i][1], in[i][2]) }, equal})
}

// among adds the reference of a result that depends on other threads' records.
func (t table) among(name string, f func(in []record, thread int) uint64) {
	t.set(name, reference{f, exact})
}

func (t table) set(name string, r reference) {
	if _, ok := t[name]; ok {
		panic("ptxtest: two references of " + name)
	}
	t[name] = r
}

// intType is a PTX integer type; value reads one from the low bits of a word, with its sign if it has one, and low
// cuts a word to its width.
type intType struct {
	name   string
	width  uint
	signed bool
}

var (
	intTypes = []intType{{"u16", 16, false}, {"s16", 16, true}, {"u32", 32, false}, {"s32", 32, true}, {"u64", 64, false}, {"s64", 64, true}}
	allTypes = append([]intType{{"u8", 8, false}, {"s8", 8, true}}, intTypes...)
	bitTypes = []intType{{"b16", 16, false}, {"b32", 32, false}, {"b64", 64, false}}
)

func (ty intType) low(v uint64) uint64 { return v << (64 - ty.width) >> (64 - ty.width) }

func (ty intType) value(v uint64) uint64 {
	if ty.signed {
		return uint64(int64(v<<(64-ty.width)) >> (64 - ty.width))
	}
	return ty.low(v)
}

func (ty intType) less(a, b uint64) bool {
	if a, b = ty.value(a), ty.value(b); ty.signed {
		return int64(a) < int64(b)
	}
	return a < b
}
