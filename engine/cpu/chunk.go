package cpu

import (
	"strings"

	"gangpu/engine/expr"
)

// Expressions are computed by a small machine on chunks: runs of as many points as a unit's accumulator has. What is
// computed next from what was computed last stays in the accumulator; the rest lies in chunks of memory, which stay in
// the first-level cache.

// A chunkOp is an operation of the machine: one of expr with places for its operands. Its result is in the accumulator.
type chunkOp struct {
	op expr.Op
	// form has a letter for each operand: A in the accumulator, X in a second one, for the variable of polynomials,
	// M in a chunk of memory, S one float for all points.
	form string
}

// Operations of the machine alone.
const (
	opEnd      = expr.Op(100 + iota) // the next chunk; after the last one, return
	opExternal                       // return, for Go to do what the instruction says: see external
	opLoad                           // the operand
	opLoadX                          // X = M, from here to the end of the chunk or the next opLoadX
	opStore                          // the accumulator to M
	opStream                         // the same past the caches, for M aligned as vectors are
)

// chunkOps are all operations, in the order of the units' tables.
var chunkOps = func() (all []chunkOp) {
	for _, o := range []struct {
		op    expr.Op
		forms string
	}{
		{opEnd, "-"}, {opExternal, "-"}, {opLoad, "M S"}, {opLoadX, "M"}, {opStore, "M"}, {opStream, "M"},
		{expr.OpAdd, "AM AS MM MS"}, {expr.OpMul, "AM AS MM MS AA"}, {expr.OpEqual, "AM AS MM MS"},
		{expr.OpSub, "AM AS MA SA MM MS SM"}, {expr.OpDiv, "AM AS MA SA MM MS SM"},
		{expr.OpMin, "AM AS MA SA MM MS SM"}, {expr.OpMax, "AM AS MA SA MM MS SM"},
		{expr.OpLess, "AM AS MA SA MM MS SM"}, {expr.OpLessEqual, "AM AS MA SA MM MS SM"},
		{expr.OpFMA, "AMM AMS ASM ASS MMA MSA MMM MMS MSM MSS AXS XSS"},
		{expr.OpSelect, "AMM AMS ASM ASS MAM MAS MMA MSA MMM MMS MSM MSS"},
		{expr.OpNeg, "A M"}, {expr.OpAbs, "A M"}, {expr.OpFloor, "A M"}, {expr.OpCeil, "A M"}, {expr.OpRint, "A M"},
		{expr.OpSqrt, "A M"}, {expr.OpPow2, "A M"}, {expr.OpExponent, "A M"}, {expr.OpMantissa, "A M"},
	} {
		for _, form := range strings.Fields(o.forms) {
			all = append(all, chunkOp{o.op, form})
		}
	}
	return all
}()

// chunkOpCount is the length of chunkOps.
const chunkOpCount = 104

var numberOfChunkOp = func() map[chunkOp]int {
	m := map[chunkOp]int{}
	for i, o := range chunkOps {
		m[o] = i
	}
	return m
}()

// A chunkInstr is an instruction of the machine. a, b and c are the operands in memory: offsets of slots, in bytes.
type chunkInstr struct {
	op      uintptr // an index of chunkOps, or the address of a unit's code for it
	a, b, c uintptr
}

// chunkState is a code that runs.
type chunkState struct {
	code      *chunkInstr // the first instruction
	next      *chunkInstr // where to go on
	slots     *uintptr    // addresses of memory that others keep alive
	chunks    int         // left to compute; 0 when done
	advancing int         // of the slots, the first ones, which move on by a chunk after each
	reading   int         // of those, the first ones, which are worth asking memory for in advance
}

// chunkLoops are a unit's machine. All give the same bits.
type chunkLoops struct {
	chunk int // points, at most maxChunk
	// handlers are the addresses of code for each of chunkOps; nil if their numbers stand for themselves.
	handlers *[chunkOpCount]uintptr
	// run computes the chunks of s, up to an opExternal, which s.next is then.
	run func(s *chunkState)
}

// maxChunk is the longest chunk of all units.
const maxChunk = 128
