package cpu

import "gangpu/engine/program"

var _ = runs(func(op program.Gather, a arguments, _ *workspace) (kernel, error) {
	table, index, y := a.f32(0), a.f32(1), a.f32(2)
	return kernel{blocks(op.Rows, max(1, elementBlock/op.Columns), func(first, end, _ int) {
		for i := first; i < end; i++ {
			to := y[i*op.Columns:][:op.Columns]
			if r, ok := program.RowOf(index[i], op.Count); ok {
				copy(to, table[r*op.Columns:])
			} else {
				clear(to)
			}
		}
	})}, nil
})

// scatterTasks is the most tasks of a ScatterAdd: each reads all of index.
const scatterTasks = 32

// A task of ScatterAdd makes some rows of the table.
var _ = runs(func(op program.ScatterAdd, a arguments, _ *workspace) (kernel, error) {
	x, index, y := a.f32(0), a.f32(1), a.f32(2)
	rows := max(ceilDiv(op.Count, scatterTasks), elementBlock/op.Columns, 1)
	return kernel{blocks(op.Count, rows, func(first, end, _ int) {
		clear(y[first*op.Columns : end*op.Columns])
		for i, number := range index {
			if r, ok := program.RowOf(number, op.Count); ok && r >= first && r < end {
				unit.axpy(1, x[i*op.Columns:][:op.Columns], y[r*op.Columns:][:op.Columns])
			}
		}
	})}, nil
})
