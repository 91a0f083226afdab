package cpu

import (
	"math"
	"slices"
	"unsafe"

	"gangpu/engine/expr"
	"gangpu/engine/program"
)

// A reduction computes its expression block by block, over dimensions in an order in which those come last that lie
// together in memory: kept ones before the reduced, the reduced ones, kept ones after them, the columns.
// Without columns, a block is rows of reduced points; with them, rows of columns. Sums and moments are
// accumulated in float64, in an order that follows from the shapes alone.
type reduction struct {
	*expression
	kind                  program.ReduceKind
	where                 []int // slots of the results
	outer, reduced, inner int   // points of each kind
	outerAt, innerAt      []int // number of the kept point (o, i): outerAt[o] + innerAt[i]; nil: o*inner, i
	chunks, chunk         int   // parts that the reduced points are cut to, and the points of one
	columns               int   // of a task
	width                 int   // numbers of a part, for each column: one a result, or sum and sum of squares
	parts                 region
	accumulators          region // of a worker: width times as many as a block has points
	out                   [][]float32
}

var _ = runs(newReduce)

// newReduce cuts a reduction to tasks, which leave parts, and merges the parts.
func newReduce(op program.Reduce, a arguments, ws *workspace) (kernel, error) {
	r := &reduction{kind: op.Kind, outer: 1, reduced: 1, inner: 1}
	shape, in := r.arrange(op)
	return r.kernel(shape, in, op.Code, a.floats(0, len(op.In)), nil, a.floats(len(op.In), len(a)), ws)
}

// kernel is that of the reduction of points that are in order: outer, reduced, inner ones. The first results of the code
// are written to the arrays of maps, the other ones are combined to those of out.
func (r *reduction) kernel(shape []int, in []program.Source, code expr.Code, sources, maps, out [][]float32, ws *workspace) (kernel, error) {
	l := &layout{workspace: ws}
	const line = alignment / 4
	inLine := r.inner%line == 0 || r.inner == 1 && r.reduced%line == 0
	var err error
	if r.expression, r.where, err = newExpression(shape, in, code, sources, maps, inLine, false, l); err != nil {
		return nil, err
	}
	r.where, r.out = r.where[len(maps):], out
	if r.width = len(r.where); r.kind == program.Moments {
		r.width = 2
	}
	if r.inner == 1 && r.reduced <= r.block {
		rows := r.block / r.reduced
		size := max(mapTask/r.reduced/rows, 1) * rows
		return kernel{blocks(r.outer, size, func(first, end, worker int) { r.wholeRows(first, end, rows, worker) })}, nil
	}
	r.columns = r.inner
	rows := r.block / r.inner // of columns, in a block
	if rows == 0 {
		r.columns, rows = r.block, 1
	}
	r.chunk = min(r.reduced, max(mapTask/(rows*r.columns), 1)*rows)
	r.chunks = ceilDiv(r.reduced, r.chunk)
	across := ceilDiv(r.inner, r.columns)
	r.parts = l.shared(2 * r.outer * r.chunks * r.inner * r.width)
	r.accumulators = l.perWorker(2 * r.width * max(rows*r.columns, 1))
	return kernel{
		{tasks: r.outer * r.chunks * across, run: func(task, worker int) {
			r.part(task/across/r.chunks, task/across%r.chunks, task%across*r.columns, rows, worker)
		}},
		blocks(r.outer*r.inner, mapTask, func(first, end, _ int) { r.merge(first, end) }),
	}, nil
}

// arrange orders the dimensions by how far apart their points lie in the largest operand.
func (r *reduction) arrange(op program.Reduce) (shape []int, in []program.Source) {
	all := op.Shape()
	distance := make([]int, len(all))
	largest := slices.MaxFunc(op.In, func(a, b program.Source) int { return a.Len - b.Len })
	for d, s := range largest.Walk(all).Stride {
		distance[d] = max(s, -s)
		if all[d] == 1 || s == 0 {
			distance[d] = math.MaxInt
		}
	}
	nearest := math.MaxInt // of the reduced dimensions
	for d := len(op.Kept); d < len(all); d++ {
		nearest = min(nearest, distance[d])
	}
	class := func(d int) int {
		switch {
		case d >= len(op.Kept):
			return 1
		case distance[d] < nearest:
			return 2
		}
		return 0
	}
	order := make([]int, len(all))
	for d := range order {
		order[d] = d
	}
	slices.SortStableFunc(order, func(a, b int) int {
		if c := class(a) - class(b); c != 0 {
			return c
		}
		switch {
		case distance[a] > distance[b]:
			return -1
		case distance[a] < distance[b]:
			return 1
		}
		return 0
	})
	strides, n := make([]int, len(op.Kept)), 1 // of the result
	for d := len(op.Kept) - 1; d >= 0; d-- {
		strides[d] = n
		n *= op.Kept[d]
	}
	var kept []int
	for _, d := range order {
		shape = append(shape, all[d])
		switch class(d) {
		case 0:
			r.outer *= all[d]
			kept = append(kept, d)
		case 1:
			r.reduced *= all[d]
		case 2:
			r.inner *= all[d]
			kept = append(kept, d)
		}
	}
	if !slices.IsSorted(kept) {
		r.outerAt, r.innerAt = []int{0}, []int{0}
		for _, d := range kept {
			at := &r.outerAt
			if class(d) == 2 {
				at = &r.innerAt
			}
			var next []int
			for _, base := range *at {
				for i := range all[d] {
					next = append(next, base+i*strides[d])
				}
			}
			*at = next
		}
	}
	in = slices.Clone(op.In)
	for i := range in {
		in[i].Index = in[i].Permute(order)
	}
	return shape, in
}

// number is that of a kept point in the result.
func (r *reduction) number(outer, inner int) int {
	if r.outerAt == nil {
		return outer*r.inner + inner
	}
	return r.outerAt[outer] + r.innerAt[inner]
}

// wholeRows reduces outer points of which several fit a block.
func (r *reduction) wholeRows(first, end, rows, worker int) {
	r.prepare(worker)
	for ; first < end; first += rows {
		n := min(rows, end-first)
		r.run(first*r.reduced, n*r.reduced, worker)
		for k, w := range r.where {
			v := r.value(w, first*r.reduced, n*r.reduced, worker)
			for i := range n {
				row := v[i*r.reduced:][:r.reduced]
				at := r.number(first+i, 0)
				switch r.kind {
				case program.Sum:
					sum, _ := unit.sums(row)
					r.out[k][at] = float32(sum)
				case program.Maximum:
					r.out[0][at] = float32(unit.maximum(row))
				case program.Moments:
					sum, squares := unit.sums(row)
					r.out[0][at], r.out[1][at] = moments(sum, squares, r.reduced)
				}
			}
		}
	}
}

// part reduces a chunk of the reduced points of an outer point, for some columns.
func (r *reduction) part(outer, chunk, column, rows, worker int) {
	columns := min(r.columns, r.inner-column)
	size := rows * columns
	acc := float64s(r.accumulators.worker(worker))[:r.width*size]
	start := 0.
	if r.kind == program.Maximum {
		start = math.Inf(-1)
	}
	for i := range acc {
		acc[i] = start
	}
	r.prepare(worker)
	firstRow := outer*r.reduced + chunk*r.chunk
	endRow := outer*r.reduced + min((chunk+1)*r.chunk, r.reduced)
	for row := firstRow; row < endRow; row += rows {
		n := min(rows, endRow-row) * columns
		first := row*r.inner + column
		r.run(first, n, worker)
		for k, w := range r.where {
			v := r.value(w, first, n, worker)
			a := acc[k*size:][:n]
			switch r.kind {
			case program.Sum:
				unit.columnSums(a, nil, v)
			case program.Maximum:
				unit.columnMaxima(a, v)
			case program.Moments:
				unit.columnSums(a, acc[size:][:n], v)
			}
		}
	}
	// The rows of a block are parts of one column.
	to := float64s(r.parts.floats())[(outer*r.chunks+chunk)*r.width*r.inner:]
	for k := range r.width {
		for c := range columns {
			sum := start
			for row := range rows {
				sum = r.combine(sum, acc[k*size+row*columns+c])
			}
			to[k*r.inner+column+c] = sum
		}
	}
}

func (r *reduction) combine(a, b float64) float64 {
	if r.kind == program.Maximum {
		return larger(a, b)
	}
	return a + b
}

// larger is the larger number, NaN if one is, the first one of equals.
func larger(a, b float64) float64 {
	if b > a || b != b {
		return b
	}
	return a
}

// merge combines the parts of kept points.
func (r *reduction) merge(first, end int) {
	parts := float64s(r.parts.floats())
	for n := first; n < end; n++ {
		outer, inner := n/r.inner, n%r.inner
		at := r.number(outer, inner)
		total := func(k int) float64 {
			from := parts[(outer*r.chunks*r.width+k)*r.inner+inner:]
			sum := from[0]
			for c := 1; c < r.chunks; c++ {
				sum = r.combine(sum, from[c*r.width*r.inner])
			}
			return sum
		}
		if r.kind == program.Moments {
			r.out[0][at], r.out[1][at] = moments(total(0), total(1), r.reduced)
			continue
		}
		for k := range r.width {
			r.out[k][at] = float32(total(k))
		}
	}
}

// moments are the mean of n floats, and the sum of squared deviations from it. In float64 the difference loses no
// more than what rounding the values to float32 did.
func moments(sum, squares float64, n int) (mean, m2 float32) {
	return float32(sum / float64(n)), float32(max(squares-sum*sum/float64(n), 0))
}

func float64s(f []float32) []float64 {
	return unsafe.Slice((*float64)(unsafe.Pointer(unsafe.SliceData(f))), len(f)/2)
}
