package cpu

import (
	"fmt"
	"slices"
	"strings"

	"gangpu/engine/expr"
)

// A place is where the machine finds a value: a slot, of a chunk or of one float.
type place struct {
	slot   int
	scalar bool
}

// A codeWriter turns instructions to code of the machine. Values that are not used by the next instruction alone
// are stored to registers, chunks of memory that are used again when what they hold is no longer needed.
type codeWriter struct {
	instructions []expr.Instr
	code         []chunkInstr
	places       []place // of values, nowhere if a value is only in acc
	uses         []int   // of values, from here on
	acc, x       int     // the values in the accumulators, or -1
	newRegister  func() int
	free         []int // registers
	register     []bool
}

var nowhere = place{slot: -1}

// newCodeWriter begins a code of those instructions that are mine, with places for the inputs, the constants and
// what else they read. kept are values used once more, at the end.
func newCodeWriter(instructions []expr.Instr, mine func(i int) bool, kept []int, places []place,
	newRegister func() int) *codeWriter {
	w := &codeWriter{instructions: instructions, places: places, uses: make([]int, len(instructions)), acc: -1, x: -1,
		newRegister: newRegister, register: make([]bool, len(instructions))}
	for i, in := range instructions {
		if mine(i) {
			w.use(1, in.Args()...)
		}
	}
	w.use(1, kept...)
	return w
}

func (w *codeWriter) emit(op int, slots ...int) {
	in := chunkInstr{op: uintptr(op), a: noSlot, b: noSlot, c: noSlot}
	for i, p := range []*uintptr{&in.a, &in.b, &in.c}[:len(slots)] {
		if slots[i] >= 0 {
			*p = uintptr(8 * slots[i])
		}
	}
	w.code = append(w.code, in)
}

// keep stores what is in the accumulator, if it has no place and is used from here on.
func (w *codeWriter) keep() {
	if w.acc >= 0 && w.uses[w.acc] > 0 && w.places[w.acc] == nowhere {
		w.places[w.acc] = w.take(w.acc)
		w.emit(numberOfChunkOp[chunkOp{opStore, "M"}], w.places[w.acc].slot)
	}
}

// take is a register for a value.
func (w *codeWriter) take(value int) place {
	w.register[value] = true
	if n := len(w.free); n > 0 {
		slot := w.free[n-1]
		w.free = w.free[:n-1]
		return place{slot: slot}
	}
	return place{slot: w.newRegister()}
}

// use adds n to the uses that values have from here on; without one, a value's register is free.
func (w *codeWriter) use(n int, values ...int) {
	for _, v := range values {
		if w.uses[v] += n; w.uses[v] == 0 && w.register[v] {
			w.free = append(w.free, w.places[v].slot)
			w.register[v] = false
		}
	}
}

// store writes a value to a slot, where it is found from then on if it was in the accumulator alone.
func (w *codeWriter) store(v, slot int) {
	w.load(v)
	w.emit(numberOfChunkOp[chunkOp{opStore, "M"}], slot)
	if w.places[v] == nowhere {
		w.places[v] = place{slot: slot}
	}
}

// stream writes a value to a slot past the caches.
func (w *codeWriter) stream(v, slot int) {
	w.load(v)
	w.emit(numberOfChunkOp[chunkOp{opStream, "M"}], slot)
}

// toRegister copies a value to a register, where it is found from then on.
func (w *codeWriter) toRegister(v int) {
	w.load(v)
	w.places[v] = w.take(v)
	w.emit(numberOfChunkOp[chunkOp{opStore, "M"}], w.places[v].slot)
}

// end is the code.
func (w *codeWriter) end() []chunkInstr {
	w.emit(numberOfChunkOp[chunkOp{opEnd, "-"}])
	return w.code
}

// load brings a value into the accumulator.
func (w *codeWriter) load(v int) {
	if w.acc == v {
		return
	}
	w.keep()
	number, slots, _ := w.form(opLoad, []int{v}, -1)
	w.emit(number, slots...)
	w.acc = v
}

// swapped are operations whose first two operands can change places.
var swapped = map[expr.Op]bool{expr.OpAdd: true, expr.OpMul: true, expr.OpEqual: true, expr.OpFMA: true}

// form finds the number of the operation op for operands where they are. The accumulator is used for the operand
// at acc, for none if that is -1, or for all if it is -2. It returns the slots of those in memory.
func (w *codeWriter) form(op expr.Op, args []int, acc int) (number int, slots []int, ok bool) {
	letters := make([]byte, len(args))
	for i, a := range args {
		switch p := w.places[a]; {
		case i == acc || acc == -2:
			letters[i] = 'A'
			continue
		case p.scalar:
			letters[i] = 'S'
		default:
			letters[i] = 'M'
		}
		slots = append(slots, w.places[a].slot)
	}
	if i := slices.Index(args, w.x); i >= 0 && letters[i] == 'M' {
		withX := slices.Clone(letters)
		withX[i] = 'X'
		if number, ok := numberOfChunkOp[chunkOp{op, string(withX)}]; ok {
			k := strings.Count(string(letters[:i]), "M") + strings.Count(string(letters[:i]), "S")
			return number, slices.Delete(slots, k, k+1), true
		}
	}
	number, ok = numberOfChunkOp[chunkOp{op, string(letters)}]
	return number, slots, ok
}

// operation emits op on values, from the accumulator where it can.
func (w *codeWriter) operation(op expr.Op, args []int) {
	orders := [][]int{args}
	if swapped[op] {
		orders = append(orders, append([]int{args[1], args[0]}, args[2:]...))
	}
	inAcc := 0 // operands that are in the accumulator
	for _, a := range args {
		if a == w.acc {
			inAcc++
		}
	}
	again := w.acc >= 0 && w.uses[w.acc] > inAcc
	if inAcc == len(args) {
		if number, _, ok := w.form(op, args, -2); ok { // all of them
			if again {
				w.keep()
			}
			w.emit(number)
			return
		}
	}
	if inAcc > 1 || again {
		w.keep()
	}
	for _, order := range orders {
		for i, a := range order {
			if a != w.acc {
				continue
			}
			if number, slots, ok := w.form(op, order, i); ok {
				w.emit(number, slots...)
				return
			}
		}
	}
	w.keep()
	for _, order := range orders {
		if number, slots, ok := w.form(op, order, -1); ok {
			w.emit(number, slots...)
			return
		}
	}
	w.load(args[0])
	number, slots, _ := w.form(op, args, 0)
	w.emit(number, slots...)
}

// write emits instruction i. Its value is in the accumulator then, or in a register.
func (w *codeWriter) write(i int) error {
	in := w.instructions[i]
	if in.Op == expr.OpQuadrant || in.Op == expr.OpRemainder {
		w.quarterTurns(i)
		return nil
	}
	args := in.Args()
	if in.Op == expr.OpFMA {
		w.loadX(i)
	}
	if _, ok := numberOfChunkOp[chunkOp{in.Op, "AMM"[:len(args)]}]; !ok {
		return fmt.Errorf("the expression has the operation %v, which is none for processors", in.Op)
	}
	w.operation(in.Op, args)
	w.use(-1, args...)
	w.acc = i
	return nil
}

// loadX brings the variable of a polynomial that begins with instruction i to the second accumulator.
func (w *codeWriter) loadX(i int) {
	terms := 0
	v := w.instructions[i].B // as Horner's rule is written: p*x + constant
	for _, in := range w.instructions[i:] {
		if in.Op != expr.OpFMA && in.Op != expr.OpConst {
			break
		}
		if in.Op == expr.OpFMA && in.B == v && w.places[in.C].scalar {
			terms++
		}
	}
	if terms < 3 || w.x == v || w.places[v].scalar {
		return
	}
	if w.acc == v {
		w.keep()
	}
	w.emit(numberOfChunkOp[chunkOp{opLoadX, "M"}], w.places[v].slot)
	w.x = v
}

// quarterTurns leaves a quadrant or a remainder to Go, both at once if both are wanted of one value.
func (w *codeWriter) quarterTurns(i int) {
	if w.places[i] != nowhere {
		return // done with the other one
	}
	x := w.instructions[i].A
	if w.places[x].scalar {
		w.load(x)
		w.places[x] = nowhere
	}
	w.keep()
	slots := []int{w.places[x].slot, -1, -1}
	for j := i; j < len(w.instructions); j++ {
		if in := w.instructions[j]; in.A == x && (in.Op == expr.OpQuadrant || in.Op == expr.OpRemainder) {
			w.places[j] = w.take(j)
			slots[1+int(in.Op-expr.OpQuadrant)] = w.places[j].slot
			w.use(-1, x)
		}
	}
	w.emit(numberOfChunkOp[chunkOp{opExternal, "-"}], slots...)
	w.acc, w.x = -1, -1
}
