package engine

import (
	"errors"
	"slices"

	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"gangpu/engine/program"
)

// Gather takes rows of a table [rows, ...] by their numbers, as an embedding does: index, of any shape, holds whole
// numbers from 0 on, and the result [index's shape, ...] has the row of each. A number that is no row's, because it is
// negative, too large or not whole, gives zeros, on every device; see [program.Gather].
//
// The gradient adds up, for each row of the table and in the order of index, those of the rows that were taken from it.
// There is none for index. It is an error if the table is a scalar, or has more than 2^24 rows.
func Gather(table, index *gorgonia.Node) (*gorgonia.Node, error) {
	const op = "gather"
	if err := checkInputs(op, input{"table", table, -1}, input{"index", index, -1}); err != nil {
		return nil, err
	}
	if table.Dims() == 0 {
		return nil, opError(op, errors.New("a scalar has no rows"), table, index)
	}
	return gather(label{layer: layerOf(table)}.orElse(index, op), table, index)
}

func gather(l label, table, index *gorgonia.Node) (*gorgonia.Node, error) {
	of := table.Shape()
	op := program.Gather{Rows: index.Shape().TotalSize(), Columns: of.TotalSize() / of[0], Count: of[0]}
	return apply(op, joined(index.Shape(), of[1:]), l, pullback{
		wrt: []bool{true, false},
		grad: func(in gorgonia.Nodes, _, dy *gorgonia.Node) (gorgonia.Nodes, error) {
			dtable, err := scatterAdd(l.grad("grad"), op.Count, dy, in[1])
			return gorgonia.Nodes{dtable, nil}, err
		}}, table, index)
}

// scatterAdd adds the rows of x [index's shape, ...] to the rows that index names of a table of so many, which starts as
// zeros.
func scatterAdd(l label, count int, x, index *gorgonia.Node) (*gorgonia.Node, error) {
	rows := index.Shape().TotalSize()
	op := program.ScatterAdd{Rows: rows, Columns: x.Shape().TotalSize() / rows, Count: count}
	return apply(op, joined([]int{count}, x.Shape()[index.Dims():]), l, pullback{
		wrt: []bool{true, false},
		grad: func(in gorgonia.Nodes, _, dy *gorgonia.Node) (gorgonia.Nodes, error) {
			dx, err := gather(l.grad("grad"), dy, in[1])
			return gorgonia.Nodes{dx, nil}, err
		}}, x, index)
}

// joined is a shape of the dimensions of two.
func joined(a, b []int) tensor.Shape { return slices.Concat(tensor.ScalarShape(), a, b) }
