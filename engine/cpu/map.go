package cpu

import "gangpu/engine/program"

// mapTask is the number of points of a task of a map or a reduction.
const mapTask = 1 << 14

// newMap computes blocks of points.
func newMap(op program.Map, a arguments, ws *workspace) (kernel, error) {
	l := &layout{workspace: ws}
	e, _, err := newExpression(op.Shape, op.In, op.Code, a.floats(0, len(op.In)), a.floats(len(op.In), len(a)), l)
	if err != nil {
		return nil, err
	}
	size := max(mapTask/e.block, 1) * e.block
	return kernel{blocks(e.points, size, func(first, end, worker int) {
		e.prepare(worker)
		for ; first < end; first += e.block {
			e.run(first, min(e.block, end-first), worker)
		}
	})}, nil
}
