package cuda

import (
	"gangpu/engine/program"
	"gangpu/kernels"
)

var _ = runs(func(p *planner, op program.Gather) error {
	n := op.Rows * op.Columns
	return p.elementwise(n, "gather", p.args[0], p.args[1], p.args[2], n, op.Columns, op.Count)
})

// A block of scatter_add makes 1024 columns of a row of the table.
var _ = runs(func(p *planner, op program.ScatterAdd) error {
	grid := kernels.Grid{uint32(op.Count * ((op.Columns + 1023) / 1024)), 1, 1}
	return p.launch("scatter_add", grid, p.args[0], p.args[1], p.args[2], op.Rows, op.Columns)
})
