package program

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
)

var _ = known(Gather{}, ScatterAdd{})

// Gather takes rows of a table by their numbers, where r is the whole number in [0, Count) that index[i] is:
//
//	y[i,:] = table[r,:], or 0 if index[i] is no such number: negative, too large, not whole, NaN
//
// It is the product of a matrix of ones and zeros, [index[i] = r], and the table. Arguments: table [Count*Columns],
// index [Rows], y [Rows*Columns] written.
type Gather struct{ Rows, Columns, Count int }

func (Gather) Name() string             { return "gather" }
func (Gather) Elementwise() bool        { return false }
func (Gather) Tolerance(string) float64 { return 0 }
func (o Gather) Validate() error        { return validateRows(o.Rows, o.Columns, o.Count) }

func (o Gather) Operands() []Operand {
	table := f32("table", o.Count*o.Columns, Read)
	table.Used = min(o.Rows, o.Count) * o.Columns
	return []Operand{table, rowNumbers(o.Rows, o.Count), f32("y", o.Rows*o.Columns, Write)}
}

func (Gather) Random(rng *rand.Rand, limit int) Op { return Gather(randomRows(rng, limit)) }

func (o Gather) Reference(a Arguments) error {
	return either(o, a, gatherLoops[float32], gatherLoops[float64])
}

func gatherLoops[E Float](o Gather, a arrays[E]) {
	table, y := a.float(0), a.float(2)
	for i, number := range a.float(1) {
		r, ok := RowOf(number, o.Count)
		for c := range o.Columns {
			y[i*o.Columns+c] = 0
			if ok {
				y[i*o.Columns+c] = table[r*o.Columns+c]
			}
		}
	}
}

// ScatterAdd is the adjoint of Gather: it adds rows to those of a table that starts as zeros,
//
//	y[r,:] = sum over the i with index[i] = r of x[i,:]
//
// in the order of i. Arguments: x [Rows*Columns], index [Rows], y [Count*Columns] written.
type ScatterAdd struct{ Rows, Columns, Count int }

func (ScatterAdd) Name() string                        { return "scatter_add" }
func (ScatterAdd) Elementwise() bool                   { return false }
func (ScatterAdd) Tolerance(string) float64            { return 1e-5 }
func (o ScatterAdd) Error(c Comparison) float64        { return c.sumError(o) }
func (o ScatterAdd) Validate() error                   { return validateRows(o.Rows, o.Columns, o.Count) }
func (ScatterAdd) Random(rng *rand.Rand, limit int) Op { return randomRows(rng, limit) }

func (o ScatterAdd) Operands() []Operand {
	return []Operand{f32("x", o.Rows*o.Columns, Read), rowNumbers(o.Rows, o.Count), f32("y", o.Count*o.Columns, Write)}
}

func (o ScatterAdd) Reference(a Arguments) error {
	return either(o, a, scatterAddLoops[float32], scatterAddLoops[float64])
}

func scatterAddLoops[E Float](o ScatterAdd, a arrays[E]) {
	x, y := a.float(0), a.float(2)
	clear(y)
	for i, number := range a.float(1) {
		if r, ok := RowOf(number, o.Count); ok {
			for c := range o.Columns {
				y[r*o.Columns+c] += x[i*o.Columns+c]
			}
		}
	}
}

// RowOf is the whole number in [0, count) that an index is, if it is one.
func RowOf[E Float](index E, count int) (row int, ok bool) {
	if !(index >= 0 && index < E(count)) {
		return 0, false
	}
	row = int(index)
	return row, E(row) == index
}

// maxRows is the most rows of a table whose numbers float32 tells apart.
const maxRows = 1 << 24

func validateRows(rows, columns, count int) error {
	if count > maxRows {
		return fmt.Errorf("a table of %d rows, float32 tells %d apart", count, maxRows)
	}
	return errors.Join(positive("rows", rows), positive("columns", columns), positive("rows of the table", count))
}

// rowNumbers is the operand index, which names rows and sometimes none.
func rowNumbers(rows, count int) Operand {
	return f32("index", rows, Read).drawn(func(rng *rand.Rand) float64 {
		if rng.IntN(8) == 0 {
			return pick(rng, -1, float64(count), 0.5, math.NaN(), math.Inf(1))
		}
		return float64(rng.IntN(count))
	})
}

func randomRows(rng *rand.Rand, limit int) ScatterAdd {
	op := ScatterAdd{Columns: pick(rng, 1, 3, 4, 64, 1+rng.IntN(40), size(rng, limit))}
	op.Rows = size(rng, max(limit/op.Columns, 1))
	op.Count = pick(rng, 1, 10, size(rng, max(limit/op.Columns, 1)))
	return op
}
